"""The forms of a contract: draft, sign, renew, end before its time."""

from collections.abc import Sequence
from datetime import date

import streamlit as st
from pydantic import BaseModel

from crm_core.base.money import naira
from crm_core.base.words import Reason
from crm_core.hospitals.schemas import HospitalRead
from crm_core.owners import contracts
from crm_core.owners.schemas import ContractCreate, ContractRead, ContractStatus, OwnerRead
from crm_core.people.schemas import Actor
from crm_core.ui import facts
from crm_core.ui.formatting import percent, period
from crm_core.ui.forms import Form
from crm_core.ui.page import act, form_token
from crm_core.ui.plain import plain

_OVER = (ContractStatus.TERMINATED, ContractStatus.EXPIRED)


class _Renewal(BaseModel):
    end_date: date


class _Ending(BaseModel):
    reason: Reason


def change(contract: ContractRead, actor: Actor) -> None:
    """The chosen contract in words, with what may be done with it now."""
    guarantee = f", at least {naira(contract.minimum_guarantee)} a month"
    with st.container(border=True):
        st.subheader(plain(contract.contract_code), anchor=False)
        facts.show(
            {
                "Pays": f"{percent(contract.revenue_share_percent / 100)} of the revenue of "
                f"{contract.hospital_name}" + (guarantee if contract.minimum_guarantee else ""),
                "Holds": period(contract.start_date, contract.end_date),
                "Notes": contract.notes,
            }
        )
        if contract.status is ContractStatus.DRAFT:
            _sign(contract, actor)
        elif contract.status is not ContractStatus.TERMINATED:
            _renew(contract, actor)
        if contract.status not in _OVER:
            _terminate(contract, actor)


def draft(owner: OwnerRead, actor: Actor, places: Sequence[HospitalRead]) -> None:
    """A new contract, which pays nothing until it is signed."""
    hospitals = {place.id: place.name for place in places}
    with st.expander("Draft a contract"), Form(f"contract-{owner.id}", border=False) as form:
        left, right = st.columns(2)
        with left:
            form.choice("hospital_id", "Hospital", hospitals, owner.hospital_id)
            form.day("start_date", "First day")
            form.money("minimum_guarantee", "Minimum guarantee a month, optional")
        with right:
            form.number("revenue_share_percent", "Share of the revenue, %", help="Such as 12.5")
            form.day("end_date", "Last day")
        form.prose("notes", "Notes")
        sent = form.submit("Draft the contract")
    if not sent:
        return
    flash = "The contract was drafted: sign it to put it into force"
    with act(flash, once=form.token) as session:
        data = ContractCreate.model_validate({**form.given(), "owner_id": owner.id})
        contracts.draft_contract(session, data, actor=actor)


def _sign(contract: ContractRead, actor: Actor) -> None:
    once = form_token(f"sign-{contract.id}")
    if st.button("Sign: put it into force", type="primary", key=f"sign-{once}"):
        with act("The contract is in force", once=once) as session:
            contracts.sign_contract(session, contract.id, actor=actor)


def _renew(contract: ContractRead, actor: Actor) -> None:
    with st.expander("Renew"), Form(f"renew-{contract.id}", border=False) as form:
        st.text("On the same terms, from the day after this one ends.")
        form.day("end_date", "New last day")
        sent = form.submit("Renew it", primary=False)
    if not sent:
        return
    with act("The contract was renewed", once=form.token) as session:
        asked = _Renewal.model_validate(form.given())
        contracts.renew_contract(session, contract.id, end_date=asked.end_date, actor=actor)


def _terminate(contract: ContractRead, actor: Actor) -> None:
    with st.expander("End before its time"), Form(f"terminate-{contract.id}", border=False) as form:
        st.text("Payouts already made of it stay as they are. This cannot be taken back.")
        form.reason()
        sent = form.submit("End it", primary=False)
    if not sent:
        return
    why = str(form.values["reason"])
    with act("The contract was ended", why=why, once=form.token) as session:
        _Ending.model_validate(form.values)
        contracts.terminate_contract(session, contract.id, actor=actor)

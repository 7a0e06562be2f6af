"""Contracts: an owner's own with what they pay, and all of them as a list."""

from collections.abc import Mapping, Sequence

import streamlit as st

from crm_core.hospitals import queries as hospitals
from crm_core.hospitals.schemas import HospitalRead
from crm_core.insights import queries as insights
from crm_core.insights.schemas import ContractPay
from crm_core.owners import contracts
from crm_core.owners.schemas import ContractFilter, ContractRead, ContractStatus, OwnerRead
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, tables
from crm_core.ui.formatting import percent
from crm_core.ui.owners import contract_forms
from crm_core.ui.page import load
from crm_core.ui.tables import Table

_TERMS = {
    "Hospital": tables.text(width=160),
    "Share": tables.text(width=70),
    "Guarantee a month": tables.naira(width=130),
    "Status": tables.state(ContractStatus, width=95),
}
_DATES = {"From": tables.on_day(width=105), "To": tables.on_day(width=105)}
_ALL_COLUMNS = {
    "Owner": tables.text(width=155),
    **_TERMS,
    **_DATES,
    "Contract": tables.text(width=105),
}
_OWN_COLUMNS = {
    "Contract": tables.text(width=105),
    **_TERMS,
    "Latest payout": tables.naira(width=125),
    "Paid so far": tables.naira(width=130),
    **_DATES,
}


def of_owner(owner: OwnerRead, actor: Actor, places: Sequence[HospitalRead]) -> None:
    """The owner's contracts with what each pays; the chosen one can be signed, renewed, ended."""
    with load() as session:
        wanted = ContractFilter(owner_id=owner.id, limit=100)
        found = contracts.list_contracts(wanted).page(session).rows
        paid = insights.pay_of_contracts(session, owner.id)
    tables.pick_one(
        Table(
            rows=[_own_row(contract, paid.get(contract.id)) for contract in found],
            columns=_OWN_COLUMNS,
            ids=[contract.id for contract in found],
            alt="Contracts of the owner, newest first",
            empty="No contract yet: nothing is paid without one.",
            name="owner-contracts",
        ),
        opens=lambda contract_id: {"contract": str(contract_id)},
    )
    if not actor.may(Permission.OWNERS_WRITE):
        return
    chosen = address_bar.number("contract")
    contract = next((each for each in found if each.id == chosen), None)
    if contract is not None:
        contract_forms.change(contract, actor)
    elif found:
        st.text("Choose a contract to sign, renew or end it.")
    contract_forms.draft(owner, actor, places)


def show_all() -> None:
    """Every contract by status and hospital; a row opens its owner."""
    with load() as session:
        places = hospitals.all_hospitals(session)
    options = {str(place.id): place.name for place in places}
    with st.grid(2, min_column_width=150):
        status = address_bar.state("contract_status", "Status", ContractStatus)
        hospital = address_bar.choice("hospital", "Hospital", options, any_label="All hospitals")
    wanted = ContractFilter(
        status=status,
        hospital_id=int(hospital) if hospital else None,
        page=address_bar.page_of(),
        limit=tables.PAGE,
    )
    with load() as session:
        found = tables.page_of(session, contracts.list_contracts, wanted)
    owner_of = {contract.id: contract.owner_id for contract in found.rows}
    tables.pick_one(
        Table(
            rows=[{"Owner": contract.owner_name, **_row(contract)} for contract in found.rows],
            columns=_ALL_COLUMNS,
            ids=[contract.id for contract in found.rows],
            alt="Contracts, newest first",
            empty="No contract fits: draft one on its owner's page.",
            name="contracts",
        ),
        opens=lambda contract_id: _open(owner_of, contract_id),
    )
    tables.pages(found, "contract")


def _open(owner_of: Mapping[int, int], contract_id: int) -> dict[str, str | None]:
    return {
        "owner": str(owner_of[contract_id]),
        "tab": "contracts",
        "contract": str(contract_id),
    }


def _row(contract: ContractRead) -> dict[str, object]:
    return {
        "Contract": contract.contract_code,
        "Hospital": contract.hospital_name,
        "Share": percent(contract.revenue_share_percent / 100),
        "Guarantee a month": contract.minimum_guarantee,
        "From": contract.start_date,
        "To": contract.end_date,
        "Status": contract.status,
    }


def _own_row(contract: ContractRead, paid: ContractPay | None) -> dict[str, object]:
    return {
        **_row(contract),
        "Latest payout": paid and paid.last_net,
        "Paid so far": paid and paid.paid,
    }

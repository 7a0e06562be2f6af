"""An owner's own page: who, what they are paid, how content they are, what waits."""

from functools import partial

import streamlit as st

from crm_core.base.money import naira, naira_short
from crm_core.hospitals import queries as hospitals
from crm_core.messaging.schemas import RecipientType
from crm_core.owners import queries
from crm_core.owners.schemas import OwnerRead, PaymentStatus
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, asking, beside, facts, histories, past
from crm_core.ui.formatting import counted, day
from crm_core.ui.messages import person as messages
from crm_core.ui.messages.log import PARAMS_OF_PERSON
from crm_core.ui.owners import (
    account,
    contacts,
    contracts,
    directory,
    forms,
    identity,
    payments,
    revenue,
    satisfaction,
)
from crm_core.ui.page import load
from crm_core.ui.plain import plain
from crm_core.ui.states import chips, tone_of

_PAYMENT = {
    PaymentStatus.CURRENT: "Payments up to date",
    PaymentStatus.PENDING: "A payout awaits approval",
    PaymentStatus.OVERDUE: "A payout is overdue",
}
_PARAMS = (
    "owner",
    "tab",
    "edit",
    "month",
    "state",
    "page",
    "contract",
    *past.PARAMS,
    *PARAMS_OF_PERSON,
)


def show(owner_id: int, actor: Actor) -> None:
    """The record that the address names."""
    beside.way_back(
        "All owners",
        queries.OWNERS,
        directory.filters_of_address(),
        record=("owner", owner_id),
        without=_PARAMS,
    )
    with load() as session:
        owner = queries.get_owner(session, owner_id)
        places = hospitals.all_hospitals(session)
    _heading(owner, actor)
    if asking.step(actor, Permission.OWNERS_WRITE, asked=st.query_params.get("edit") == "yes"):
        forms.edit_owner(owner, actor, places)
    hospital = next((place.name for place in places if place.id == owner.hospital_id), None)
    _who(owner, hospital, actor)
    address_bar.tabs(
        {
            "Overview": partial(payments.overview, owner),
            "Contracts": partial(contracts.of_owner, owner, actor, places),
            "Payouts": partial(payments.history, owner),
            "Satisfaction": partial(satisfaction.show, owner, actor),
            "Bank account": partial(account.show, owner, actor),
            "Messages": partial(messages.show, RecipientType.OWNER, owner.id, actor),
            "Conversations": partial(contacts.show, owner, actor),
            "Hospital revenue": partial(revenue.of_owner, owner, actor, places),
            "History": partial(
                histories.show, "crm_owners", owner.id, actor, noun="owner", made="Entered"
            ),
        }
    )


def _heading(owner: OwnerRead, actor: Actor) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(plain(owner.name), anchor=False)
        if actor.may(Permission.OWNERS_WRITE):
            st.button(
                "Edit", icon=":material/edit:", on_click=forms.start_editing, args=(owner.id,)
            )
    payment = (_PAYMENT[owner.payment_status], tone_of(owner.payment_status))
    chips([owner.status.value, payment])


def _who(owner: OwnerRead, hospital: str | None, actor: Actor) -> None:
    score = owner.satisfaction_score
    known = {
        "Code": owner.owner_code,
        "Hospital": hospital,
        "Phone": owner.phone,
        "Email": owner.email,
        "NIN": owner.nin,
        "Onboarded": day(owner.onboarding_date),
        "Last contact": day(owner.last_contact_date),
        "Satisfaction": None if score is None else f"{score:.2f} of 5",
        "Lifetime value": naira(owner.lifetime_value),
        "Payouts": _payouts_of(owner),
    }
    with st.container(border=True):
        facts.show(known | ({"Notes": owner.notes} if owner.notes else {}))
        identity.reveal(owner.id, actor)


def _payouts_of(owner: OwnerRead) -> str:
    made = counted(int(owner.payout_count), "payout")
    return f"{made}, {naira_short(owner.total_payouts)} net" if owner.total_payouts else made

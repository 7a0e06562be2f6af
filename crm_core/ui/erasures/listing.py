"""Requests to be erased, those to be answered soonest in sight, and writing one down."""

from collections.abc import Sequence

import streamlit as st

from crm_core.base.clock import lagos_today
from crm_core.people.schemas import Actor, Permission
from crm_core.privacy import erasures
from crm_core.privacy.schemas import (
    AskedBy,
    ErasureCreate,
    ErasureFilter,
    ErasureRead,
    ErasureState,
)
from crm_core.ui import address_bar, tables
from crm_core.ui.formatting import counted
from crm_core.ui.forms import Form
from crm_core.ui.page import act, load
from crm_core.ui.states import label_of

OVERDUE = "overdue"
_COLUMNS = {
    "Patient": tables.text(width=110),
    "Asked by": tables.text(width=120),
    "Asked on": tables.on_day(width=110),
    "Answer by": tables.on_day(width=110),
    "Written down by": tables.text(),
    "State": tables.state([*ErasureState, OVERDUE], width=110),
}


def show(actor: Actor) -> None:
    """The list with its filters; below it the form, for whoever may write one down."""
    st.text(
        "A person may ask to be erased (Nigeria Data Protection Act 2023). Their name, numbers, "
        "health and words go, from the history too; money and the fact of care stay, without them."
    )
    wanted = ErasureFilter(
        state=address_bar.state("state", "State", ErasureState),
        page=address_bar.page_of(),
        limit=tables.PAGE,
    )
    with load() as session:
        late = erasures.list_erasures(ErasureFilter(overdue=True, limit=1), actor=actor)
        overdue = late.page(session).total
        found = erasures.list_erasures(wanted, actor=actor).page(session)
    if overdue:
        st.error(f"{counted(overdue, 'request')} should have been answered by now.")
    _table(found.rows)
    tables.pages(found, "request")
    if actor.may(Permission.PRIVACY_MANAGE):
        _ask(actor)


def state_of(erasure: ErasureRead) -> str:
    """Its state, or that its day has passed."""
    return OVERDUE if erasure.overdue else erasure.state.value


def _table(rows: Sequence[ErasureRead]) -> None:
    tables.pick_one(
        tables.Table(
            rows=[
                {
                    "Patient": each.patient_code,
                    "Asked by": label_of(each.asked_by.value),
                    "Asked on": each.asked_on,
                    "Answer by": each.due_on,
                    "Written down by": each.requested_by_name,
                    "State": state_of(each),
                }
                for each in rows
            ],
            columns=_COLUMNS,
            ids=[each.id for each in rows],
            alt="Requests to be erased, the latest first",
            empty="Nobody has asked to be erased.",
            name="erasures",
        ),
        opens=lambda erasure_id: {"erasure": str(erasure_id)},
    )


def _ask(actor: Actor) -> None:
    st.subheader("Somebody asks to be erased", anchor=False)
    form = Form("erasure")
    with form:
        form.text("patient_code", "Patient's code")
        form.choice("asked_by", "Who asks", {each.value: label_of(each.value) for each in AskedBy})
        form.day("asked_on", "Asked on", lagos_today())
        form.reason("How they asked, and how you know that it was them")
        sent = form.submit("Write it down")
    if sent:
        with act("Written down: somebody else decides", once=form.token) as session:
            data = ErasureCreate.model_validate(form.given())
            erasures.request_erasure(session, data, actor=actor)

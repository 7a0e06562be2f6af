"""Conversations with an owner: the log, and a new entry."""

import streamlit as st

from crm_core.owners import queries, service
from crm_core.owners.schemas import ContactChannel, ContactCreate, ContactRead, OwnerRead
from crm_core.people.schemas import Actor
from crm_core.ui import tables
from crm_core.ui.forms import Form
from crm_core.ui.page import act, load
from crm_core.ui.states import label_of
from crm_core.ui.tables import Table

_CHANNELS: dict[str, str] = {each.value: label_of(each.value) for each in ContactChannel}
_COLUMNS = {
    "Day": tables.on_day(width=105),
    "By": tables.text(width="small"),
    "What was said": tables.text(width="large"),
    "Recorded by": tables.text(width=150),
}


def show(owner: OwnerRead, actor: Actor) -> None:
    """The latest conversations; whoever sees owners may add one."""
    _new_contact(owner, actor)
    with load() as session:
        spoken = queries.contacts_of(session, owner.id)
    tables.show(
        Table(
            rows=[_row(contact) for contact in spoken],
            columns=_COLUMNS,
            alt="Conversations with the owner, newest first",
            empty="No conversation is noted yet.",
        )
    )


def _new_contact(owner: OwnerRead, actor: Actor) -> None:
    with st.expander("Note a conversation"), Form(f"contact-{owner.id}", border=False) as form:
        left, right = st.columns(2)
        with left:
            form.choice("channel", "By", _CHANNELS, "call")
        with right:
            form.day("contacted_on", "Day (today if empty)")
        form.prose("summary", "What was said")
        sent = form.submit("Note it")
    if not sent:
        return
    with act("The conversation was noted", once=form.token) as session:
        data = ContactCreate.model_validate(form.given())
        service.log_contact(session, owner.id, data, actor=actor)


def _row(contact: ContactRead) -> dict[str, object]:
    return {
        "Day": contact.contacted_on,
        "By": label_of(contact.channel),
        "What was said": contact.summary,
        "Recorded by": contact.recorded_by,
    }

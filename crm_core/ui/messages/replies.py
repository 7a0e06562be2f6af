"""Replies that wait for a person, and dealing with one."""

import streamlit as st

from crm_core.messaging import replies
from crm_core.messaging.replies import Handling, ReplyFilter, ReplyRead
from crm_core.messaging.schemas import RecipientType
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, keyset, tables
from crm_core.ui.formatting import words
from crm_core.ui.forms import Form
from crm_core.ui.messages import person
from crm_core.ui.messages.words import ALL_CHANNELS
from crm_core.ui.page import act, load
from crm_core.ui.plain import plain

_COLUMNS = {
    "From": tables.text(width=140),
    "By": tables.text(width=75),
    "Text": tables.text(width=310),
    "Came": tables.at(width=145),
    "What became of it": tables.text(width=170),
}


def show(actor: Actor) -> None:
    """The tab Replies; one at ``?reply=``."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        everything = address_bar.switch("all", "Also those that were dealt with")
        address_bar.choice("by", "By", ALL_CHANNELS, any_label="All")
    fields = {"by": "channel", "after": "cursor"}
    wanted = address_bar.filters(
        ReplyFilter, fields, open=None if everything else True, limit=tables.PAGE
    )
    with load() as session:
        found = replies.list_replies(wanted).page(session)
    tables.pick_one(
        tables.Table(
            rows=[_row(reply) for reply in found.rows],
            columns=_COLUMNS,
            ids=[reply.id for reply in found.rows],
            alt="Replies, the latest first",
            empty="No reply waits for a person.",
            name="replies",
        ),
        opens=lambda reply_id: {"reply": str(reply_id)},
    )
    keyset.ways(found, "reply", "replies")
    chosen = address_bar.number("reply")
    if chosen is not None:
        _reply(chosen, actor)


def _row(reply: ReplyRead) -> dict[str, object]:
    return {
        "From": reply.patient_name or reply.sender,
        "By": ALL_CHANNELS[reply.channel],
        "Text": " ".join(reply.text.split())[:160],
        "Came": reply.received_at,
        "What became of it": _OUTCOMES.get(reply.outcome or "", words(reply.outcome or "")),
    }


def _reply(reply_id: int, actor: Actor) -> None:
    with load() as session:
        reply = replies.get_reply(session, reply_id)
    with st.container(border=True):
        st.subheader(plain(reply.patient_name or reply.sender), anchor=False)
        st.text(reply.text)
        if reply.patient_id is not None:
            person.thread(RecipientType.PATIENT, reply.patient_id)
            st.page_link(
                "pages/patients.py",
                label="Answer on the patient's page",
                icon=":material/forum:",
                query_params={"patient": str(reply.patient_id), "tab": "messages"},
            )
        if reply.handled_at is None and actor.may(Permission.MESSAGES_SEND):
            _handle(reply, actor)


def _handle(reply: ReplyRead, actor: Actor) -> None:
    with Form(f"reply-{reply.id}", border=False) as form:
        form.text("note", "What was done about it")
        sent = form.submit("It is dealt with", primary=False)
    if not sent:
        return
    note = str(form.values["note"] or "")
    with act("The reply is dealt with", why=note, once=form.token) as session:
        data = Handling.model_validate(form.given())
        replies.handle_reply(session, reply.id, data, actor=actor)


_OUTCOMES = {"person": "Waits for a person", "handled": "Dealt with", "": "Not looked at yet"}

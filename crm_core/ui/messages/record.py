"""One message's own page: whom it goes to, what it says, and every step of its way."""

import streamlit as st

from crm_core.insights.communications import LOG, CommunicationRow, get_logged
from crm_core.messaging import threads
from crm_core.messaging.schemas import MessageStatus
from crm_core.messaging.threads import Step
from crm_core.people.schemas import Actor
from crm_core.ui import beside, facts, tables
from crm_core.ui.formatting import words
from crm_core.ui.messages import answering, bubbles, log, resending
from crm_core.ui.messages.words import ALL_CHANNELS, PURPOSES, called, page_of
from crm_core.ui.page import load
from crm_core.ui.plain import plain
from crm_core.ui.states import chips

EVERY_SECONDS = 1.5
_STEPS = {
    "Step": tables.state(MessageStatus, width=110),
    "When": tables.at(width=150),
    "What": tables.text(width="large"),
}
_NOT_YET = "The text is made when it is sent."


def show(actor: Actor, message_id: int) -> None:
    """The message at ``?message=``; while it is on its way the page looks again by itself."""
    beside.way_back(
        "All messages",
        LOG,
        log.filters_of_address(),
        record=("message", message_id),
        without=["message"],
    )
    with load() as session:
        message = get_logged(session, message_id)
    if threads.on_its_way(message.status, message.created_at):
        _following(message_id)
    else:
        _message(message)
        resending.one(actor, message)
    answering.show(actor, message)


@st.fragment(run_every=EVERY_SECONDS)
def _following(message_id: int) -> None:
    with load() as session:
        message = get_logged(session, message_id)
    if not threads.on_its_way(message.status, message.created_at):
        st.rerun()
    _message(message)


def _message(message: CommunicationRow) -> None:
    with load() as session:
        steps = threads.way_of(session, message)
    st.subheader(plain(f"To {called(message)}"), anchor=False)
    chips([message.status.value])
    left, right = st.columns([3, 2])
    with left:
        with st.container(border=True):
            bubbles.example(message.content or _NOT_YET, message.subject)
        with st.container(border=True):
            st.subheader("Its way", anchor=False)
            _way(steps)
    with right.container(border=True):
        _facts(message)
        _to(message)


def _way(steps: list[Step]) -> None:
    shown = [{"Step": step.status, "When": step.at, "What": step.detail} for step in steps]
    version = tuple((step.status, step.at) for step in steps)
    alt = "What happened to the message, the oldest first"
    tables.show(tables.Table(shown, _STEPS, alt=alt, empty="", version=version))


def _facts(message: CommunicationRow) -> None:
    facts.show(
        {
            "By": ALL_CHANNELS[message.channel],
            "What for": words(message.message_type),
            "Purpose": PURPOSES[message.purpose],
            "Campaign": message.campaign_name,
            "Provider": message.provider,
            "SMS parts": None if message.parts is None else str(message.parts),
            "Attempts": str(message.attempts),
            "About": _about(message),
        }
    )


def _about(message: CommunicationRow) -> str | None:
    if message.reference_type is None:
        return None
    return f"{words(message.reference_type)} {message.reference_id}"


def _to(message: CommunicationRow) -> None:
    place = page_of(message.recipient_type, message.recipient_id)
    if place is not None:
        page, address = place
        st.page_link(
            page,
            label=plain(f"{called(message)}: everything said"),
            icon=":material/forum:",
            query_params=dict(address),
        )

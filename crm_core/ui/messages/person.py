"""The tab Messages of a patient or an owner: what was said, writing, choices, and the log."""

import streamlit as st

from crm_core.messaging import threads
from crm_core.messaging.schemas import RecipientType
from crm_core.messaging.threads import Turn
from crm_core.people.schemas import Actor, Permission
from crm_core.ui.messages import bubbles, compose, log, standing
from crm_core.ui.messages.record import EVERY_SECONDS
from crm_core.ui.page import load

_HIGH = 460
_EMPTY = "Nothing was said yet: write the first message beside this."


def show(kind: RecipientType, recipient_id: int, actor: Actor) -> None:
    """The tab, for those who may see messages."""
    if not actor.may(Permission.MESSAGES_READ):
        st.text("You may not see messages: ask an administrator for a role that may.")
        return
    left, right = st.columns([3, 2])
    with left:
        with st.container(border=True):
            st.subheader("What was said", anchor=False)
            thread(kind, recipient_id)
        with st.container(border=True):
            st.subheader("Choices", anchor=False)
            standing.show(kind, recipient_id, actor)
    if actor.may(Permission.MESSAGES_SEND):
        with right.container(border=True):
            st.subheader("Send a message", anchor=False)
            compose.show(kind, recipient_id, actor)
    with st.container(border=True):
        st.subheader("All messages", anchor=False)
        log.of_person(kind, recipient_id, actor)


def thread(kind: RecipientType, recipient_id: int) -> None:
    """The conversation; while something is on its way it looks again by itself."""
    with load() as session:
        turns = threads.thread_of(session, kind, recipient_id)
    if _moving(turns):
        _following(kind, recipient_id)
    else:
        _turns(turns)


@st.fragment(run_every=EVERY_SECONDS)
def _following(kind: RecipientType, recipient_id: int) -> None:
    with load() as session:
        turns = threads.thread_of(session, kind, recipient_id)
    if not _moving(turns):
        st.rerun()
    _turns(turns)


def _turns(turns: list[Turn]) -> None:
    with st.container(height=_HIGH if len(turns) > 4 else "content", border=False, autoscroll=True):
        bubbles.show(turns, empty=_EMPTY)


def _moving(turns: list[Turn]) -> bool:
    return any(threads.on_its_way(turn.status, turn.at) for turn in turns)

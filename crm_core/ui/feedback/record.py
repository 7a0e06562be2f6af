"""One case's own page: its clock, its thread, and what a person may do with it."""

from collections.abc import Mapping

import streamlit as st

from crm_core.feedback import lists, queries
from crm_core.feedback.schemas import OPEN, FeedbackFilter, FeedbackRead, SourceType
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, asking, beside, facts, past, states
from crm_core.ui.feedback import actions, listing, queue, thread, words
from crm_core.ui.formatting import day, moment
from crm_core.ui.formatting import words as said
from crm_core.ui.page import load
from crm_core.ui.plain import plain
from crm_core.ui.states import Tone

NEXT = "_feedback_next"
_PAGES = {
    SourceType.PATIENT: ("pages/patients.py", "patient", ":material/groups:"),
    SourceType.OWNER: ("pages/owners.py", "owner", ":material/handshake:"),
}
_HIGH = 560


def open_next() -> None:
    """After “resolve and next”: the case that was next, or the queue where none was."""
    if NEXT in st.session_state:
        address_bar.go({"feedback": st.session_state.pop(NEXT) or None, "do": None})


def filters_of_address(actor: Actor) -> FeedbackFilter:
    """The list that the case was opened from."""
    from_list = st.query_params.get("tab") in ("all-feedback", "satisfaction", "owner-scores")
    return listing.filters_of_address() if from_list else queue.filters_of_address(actor)


def show(actor: Actor, feedback_id: int) -> None:
    """The case at ``?feedback=``; the list behind it is one click away, as it was."""
    behind = filters_of_address(actor)
    beside.way_back(
        "Back to the list",
        lists.QUEUE,
        behind,
        record=("feedback", feedback_id),
        without=["feedback", "do", *past.PARAMS],
    )
    with load() as session:
        piece = queries.get_feedback(session, feedback_id)
        entries = queries.thread_of(session, feedback_id)
        merged = queries.merged_into(session, feedback_id)
    _head(piece)
    left, right = st.columns([3, 2])
    with left.container(border=True):
        st.subheader("What was said and done", anchor=False)
        with st.container(
            height=_HIGH if len(entries) > 6 else "content", border=False, autoscroll=True
        ):
            thread.show(piece, merged, entries)
        past.show("crm_feedback", piece.id, actor)
    with right:
        asked = "do" in st.query_params
        asking.step(actor, Permission.FEEDBACK_WRITE, asked=asked)
        if actor.may(Permission.FEEDBACK_WRITE):
            actions.show(actor, piece, behind)
        with st.container(border=True):
            st.subheader("About", anchor=False)
            facts.show(_facts(piece))
            _giver(piece)


def _head(piece: FeedbackRead) -> None:
    st.subheader(plain(f"{piece.feedback_code} · {piece.source_name}"), anchor=False)
    late = ["overdue"] if piece.overdue and piece.status in OPEN else []
    shown: list[str | tuple[str, Tone]] = [*late, piece.status.value]
    shown += [piece.priority.value, piece.type.value]
    shown += [(f"Speaks of “{word}”", Tone.ROSE) for word in piece.alarm_words]
    if piece.escalated_at and piece.status in OPEN:
        shown.append("escalated")
    if piece.suggestion_state:
        shown.append((f"Suggestion {piece.suggestion_state}", Tone.TEAL))
    states.chips(shown)
    if piece.merged_into_id is not None:
        st.button(
            "It goes on in another case: open that",
            icon=":material/merge:",
            on_click=address_bar.go,
            args=({"feedback": str(piece.merged_into_id), "do": None},),
        )
    with st.grid(4, min_column_width=170):
        st.metric(*words.clock_of(piece), border=True)
        st.metric("Due", words.due(piece), border=True)
        st.metric("First answer after", _measured(piece.response_minutes, piece.response_late),
                  border=True)  # fmt: skip
        st.metric("Resolved after", _measured(piece.resolution_minutes, piece.resolution_late),
                  border=True)  # fmt: skip


def _measured(minutes: int | None, late: bool | None) -> str:
    return words.hours(minutes) + (" (late)" if late else "")


def _facts(piece: FeedbackRead) -> Mapping[str, str | None]:
    return {
        "With": piece.assigned_name or "nobody",
        "Came in": moment(piece.created_at),
        "Hospital": piece.hospital_name,
        "Department": piece.department_name,
        "Category": piece.category,
        "Stars given": words.stars(piece.rating),
        "Would recommend us": None if piece.nps is None else f"{piece.nps} of 10",
        "Stars for how it was resolved": words.stars(piece.satisfaction_rating),
        "Resolved": moment(piece.resolved_at),
        "Reopened": f"{piece.reopenings} times" if piece.reopenings else None,
        "Escalated": day(piece.escalated_at.date()) if piece.escalated_at else None,
        "Source": said(piece.source_type),
    }


def _giver(piece: FeedbackRead) -> None:
    if piece.source_type in _PAGES:
        page, param, icon = _PAGES[piece.source_type]
        params = {param: str(piece.source_id)}
        st.page_link(page, label=plain(piece.source_name), icon=icon, query_params=params)

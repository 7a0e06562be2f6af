"""What a person may do with one case in its present state; each behind a form."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from crm_core.feedback import queries, service
from crm_core.feedback.schemas import (
    OPEN,
    FeedbackAssignment,
    FeedbackFilter,
    FeedbackMerge,
    FeedbackNote,
    FeedbackRead,
    FeedbackReason,
    FeedbackReply,
    FeedbackType,
    Resolution,
    SuggestionOutcome,
)
from crm_core.feedback.schemas import FeedbackStatus as Status
from crm_core.messaging.schemas import Channel
from crm_core.people.directory import staff_who_may
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar
from crm_core.ui.feedback import filing, rows
from crm_core.ui.formatting import moment
from crm_core.ui.forms import Form
from crm_core.ui.page import act, load

NEXT = "_feedback_next"
_BEST = "best"
_WAYS = {
    _BEST: "The best way there is",
    Channel.SMS.value: "SMS",
    Channel.WHATSAPP.value: "WhatsApp",
    Channel.EMAIL.value: "Email",
    Channel.CALL.value: "I called: write it down",
}


@dataclass(frozen=True)
class _Case:
    """A case with whoever works on it, and the list that it is in."""

    actor: Actor
    piece: FeedbackRead
    behind: FeedbackFilter


@dataclass(frozen=True)
class _Action:
    """A thing to do: what it is called, from which states, and its form."""

    label: str
    states: tuple[Status, ...]
    draw: Callable[[_Case], None]


def show(actor: Actor, piece: FeedbackRead, behind: FeedbackFilter) -> None:
    """The actions that are open, and the form of the one that is chosen."""
    case = _Case(actor, piece, behind)
    allowed = {
        name: action
        for name, action in _ACTIONS.items()
        if piece.status in action.states and (name != "suggestion" or _is_idea(piece))
    }
    if not allowed:
        return
    with st.container(border=True, key="actions"):
        st.subheader("What to do", anchor=False)
        chosen = address_bar.doing({name: action.label for name, action in allowed.items()})
        if chosen:
            allowed[chosen].draw(case)


def _is_idea(piece: FeedbackRead) -> bool:
    return piece.type is FeedbackType.SUGGESTION and piece.suggestion_state != "done"


def _answer(case: _Case) -> None:
    form = Form(f"answer-{case.piece.id}", border=False)
    with form:
        form.prose("content", "Your answer")
        form.choice("channel", "By", _WAYS, _BEST)
        sent = form.submit("Send the answer")
    if sent:
        given = form.given()
        if given.get("channel") == _BEST:
            del given["channel"]
        with act("The answer is on its way", once=form.token) as session:
            data = FeedbackReply.model_validate(given)
            service.reply_to_source(session, case.piece.id, data, actor=case.actor)


def _assign(case: _Case) -> None:
    with load() as session:
        staff = {s.id: s.name for s in staff_who_may(session, Permission.FEEDBACK_WRITE)}
    form = Form(f"assign-{case.piece.id}", border=False)
    with form:
        form.choice("staff_id", "To", staff, case.piece.assigned_to or _own_id(case.actor))
        sent = form.submit("Give it to them")
    if sent:
        with act("The case has somebody", once=form.token) as session:
            data = FeedbackAssignment.model_validate(form.given())
            service.assign_feedback(session, case.piece.id, data, actor=case.actor)


def _own_id(actor: Actor) -> int | None:
    number = actor.person.removeprefix("staff:")
    return int(number) if number.isdecimal() else None


def _resolve(case: _Case) -> None:
    form = Form(f"resolve-{case.piece.id}", border=False)
    with form:
        form.prose("resolution", "What was done about it; the giver reads this")
        with st.container(horizontal=True):
            plain = form.submit("Resolve")
            further = form.submit("Resolve and next", primary=False)
    if not plain and not further:
        return
    kept: dict[str, str] = {}
    with act("Resolved: the giver is told", once=form.token, keep=kept) as session:
        if further:
            following = queries.next_in_queue(session, case.behind, after=case.piece.id)
            kept[NEXT] = str(following or "")
        data = Resolution.model_validate(form.given())
        service.resolve_feedback(session, case.piece.id, data, actor=case.actor)


def _note(case: _Case) -> None:
    form = Form(f"note-{case.piece.id}", border=False)
    with form:
        form.prose("content", "For colleagues; the giver does not see it")
        sent = form.submit("Add the note")
    if sent:
        with act("Noted", once=form.token) as session:
            data = FeedbackNote.model_validate(form.given())
            service.note_feedback(session, case.piece.id, data, actor=case.actor)


def _because(name: str, button: str, done: str, write: str) -> Callable[[_Case], None]:
    """A form with a reason in front of a command that takes one."""

    def draw(case: _Case) -> None:
        form = Form(f"{name}-{case.piece.id}", border=False)
        with form:
            form.reason()
            sent = form.submit(button)
        if sent:
            command: Callable[..., object] = getattr(service, write)
            with act(done, why=str(form.values["reason"]), once=form.token) as session:
                data = FeedbackReason.model_validate(form.values)
                command(session, case.piece.id, data, actor=case.actor)

    return draw


def _at_once(button: str, told: str, done: str, write: str) -> Callable[[_Case], None]:
    """A button in front of a command that takes nothing."""

    def draw(case: _Case) -> None:
        st.text(told)
        if st.button(button, type="primary", key=f"{write}-{case.piece.id}"):
            command: Callable[..., object] = getattr(service, write)
            with act(done) as session:
                command(session, case.piece.id, actor=case.actor)

    return draw


def _merge(case: _Case) -> None:
    with load() as session:
        others = queries.possible_duplicates(session, case.piece)
    # The older one stays, whose clock counts from the first time it was said.
    newer = [each for each in others if (each.created_at, each.id) > _age(case.piece)]
    if not newer:
        st.text("There is no newer open feedback of the same giver.")
        return
    form = Form(f"merge-{case.piece.id}", border=False)
    with form:
        labels = {
            each.id: f"{each.feedback_code}, {moment(each.created_at)}: {rows.what(each)[:80]}"
            for each in newer
        }
        form.choice("duplicate_id", "Says the same as this", labels, newer[0].id)
        sent = form.submit("Merge it into this one")
    if sent:
        with act("They are one case now", once=form.token) as session:
            data = FeedbackMerge.model_validate(form.given())
            service.merge_feedback(session, case.piece.id, data, actor=case.actor)


def _age(piece: FeedbackRead) -> tuple[object, int]:
    return piece.created_at, piece.id


def _decide(case: _Case) -> None:
    form = Form(f"suggestion-{case.piece.id}", border=False)
    with form:
        left = {"planned": "Planned", "done": "Done"}
        if case.piece.suggestion_state:
            del left["planned"]
        form.choice("state", "The suggestion is", left, next(iter(left)))
        form.prose("note", "A word for the giver (optional)")
        sent = form.submit("Tell the giver")
    if sent:
        with act("The giver is told", once=form.token) as session:
            data = SuggestionOutcome.model_validate(form.given())
            service.decide_suggestion(session, case.piece.id, data, actor=case.actor)


def _edit(case: _Case) -> None:
    filing.edit(case.actor, case.piece)


_ENDED = (Status.RESOLVED, Status.CLOSED)
_ACTIONS = {
    "answer": _Action("Answer", (*OPEN, *_ENDED), _answer),
    "assign": _Action("Assign", OPEN, _assign),
    "start": _Action(
        "Go on",
        (Status.WAITING,),
        _at_once("Go on", "The clock runs again.", "Work goes on", "start_feedback"),
    ),
    "wait": _Action(
        "Wait for the giver",
        tuple(status for status in OPEN if status is not Status.WAITING),
        _because("wait", "Stop the clock", "The clock stands still", "wait_for_source"),
    ),
    "resolve": _Action("Resolve", OPEN, _resolve),
    "close": _Action(
        "Close",
        (Status.RESOLVED,),
        _at_once("Close it", "Nothing more is expected.", "Closed", "close_feedback"),
    ),
    "reopen": _Action(
        "Reopen",
        _ENDED,
        _because("reopen", "Reopen it", "Reopened: an answer is due again", "reopen_feedback"),
    ),
    "note": _Action("Note", (*OPEN, *_ENDED), _note),
    "suggestion": _Action("Planned or done", (*OPEN, *_ENDED), _decide),
    "merge": _Action("Merge a duplicate", OPEN, _merge),
    "edit": _Action("File it", (*OPEN, *_ENDED), _edit),
}

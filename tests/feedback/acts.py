"""The acts of a case by their names, and where each leads from which state."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.feedback import queries, service
from crm_core.feedback.schemas import (
    FeedbackAssignment,
    FeedbackMerge,
    FeedbackRead,
    FeedbackReason,
    FeedbackReply,
    LinkAnswer,
    Resolution,
)
from crm_core.messaging.schemas import Channel, InboundRead
from crm_core.people.schemas import Actor
from tests import make_feedback as make
from tests.observe import history_of, sql

Act = Callable[..., FeedbackRead]


def get(session: Session, feedback_id: int) -> FeedbackRead:
    return queries.get_feedback(session, feedback_id)


def _wait(session: Session, feedback_id: int, actor: Actor) -> FeedbackRead:
    why = FeedbackReason(reason="We asked for the date")
    return service.wait_for_source(session, feedback_id, why, actor=actor)


def _assign(session: Session, feedback_id: int, actor: Actor) -> FeedbackRead:
    to = FeedbackAssignment(staff_id=make.worker(session).id)
    return service.assign_feedback(session, feedback_id, to, actor=actor)


def _reply(session: Session, feedback_id: int, actor: Actor) -> FeedbackRead:
    return service.reply_to_source(
        session, feedback_id, FeedbackReply(content="Sorry."), actor=actor
    )


def _resolve(session: Session, feedback_id: int, actor: Actor) -> FeedbackRead:
    done = Resolution(resolution="We called back.")
    return service.resolve_feedback(session, feedback_id, done, actor=actor)


def _reopen(session: Session, feedback_id: int, actor: Actor) -> FeedbackRead:
    why = FeedbackReason(reason="It happened again")
    return service.reopen_feedback(session, feedback_id, why, actor=actor)


_KNOWN: dict[str, Any] = {
    "acknowledge": lambda s, i, a: service.acknowledge_feedback(s, i, actor=a),
    "start": lambda s, i, a: service.start_feedback(s, i, actor=a),
    "assign": _assign,
    "wait": _wait,
    "reply": _reply,
    "resolve": _resolve,
    "close": lambda s, i, a: service.close_feedback(s, i, actor=a),
    "reopen": _reopen,
}
ACTS: dict[str, Act] = {
    name: lambda session, feedback_id, actor=make.VIEWER, act=act: act(session, feedback_id, actor)
    for name, act in _KNOWN.items()
}

_OPEN = ("new", "acknowledged", "in_progress", "waiting", "reopened")
LEADS: dict[str, dict[str, str]] = {
    "acknowledge": {"new": "acknowledged"},
    "start": {state: "in_progress" for state in _OPEN if state != "in_progress"},
    "assign": {state: state for state in _OPEN} | {"new": "acknowledged"},
    "wait": {state: "waiting" for state in _OPEN if state != "waiting"},
    "reply": {
        "new": "in_progress",
        "acknowledged": "in_progress",
        "in_progress": "in_progress",
        "waiting": "waiting",
        "reopened": "in_progress",
        "resolved": "resolved",
        "closed": "closed",
    },
    "resolve": dict.fromkeys(_OPEN, "resolved"),
    "close": {"resolved": "closed"},
    "reopen": {"resolved": "reopened", "closed": "reopened"},
}
"""Act → state before → state after; from any other state it is refused."""

_PATHS: dict[str, tuple[str, ...]] = {
    "new": (),
    "acknowledged": ("acknowledge",),
    "in_progress": ("start",),
    "waiting": ("start", "wait"),
    "resolved": ("resolve",),
    "closed": ("resolve", "close"),
    "reopened": ("resolve", "reopen"),
}


def feedback_in(session: Session, state: str, **more: Any) -> FeedbackRead:
    """A complaint led to a state by what people do."""
    if state == "merged":
        first = make.make_feedback(session, **more)
        giver = {"source_type": first.source_type.value, "source_id": first.source_id}
        second = make.make_feedback(session, **more | giver)
        merge(session, first.id, second.id)
        return get(session, second.id)
    piece = make.make_feedback(session, **more)
    for act in _PATHS[state]:
        ACTS[act](session, piece.id)
    return get(session, piece.id)


def steps_of(session: Session, feedback_id: int) -> list[str]:
    """The states it went through, oldest first."""
    lines = history_of(session, "crm_feedback", feedback_id)
    return [line["after"]["status"] for line in lines if "status" in (line["after"] or {})]


def rate(session: Session, feedback_id: int, stars: int) -> FeedbackRead:
    """The giver's stars, through the newest link about the case."""
    invitation = sql(
        session,
        "SELECT max(id) FROM crm_feedback_invitations WHERE feedback_id = :id",
        id=feedback_id,
    ).scalar()
    answer = LinkAnswer(stars=stars)
    return service.answer_invitation(session, invitation, answer, actor=make.VIEWER)


def merge(session: Session, feedback_id: int, duplicate_id: int) -> FeedbackRead:
    """The duplicate taken into the first."""
    data = FeedbackMerge(duplicate_id=duplicate_id)
    return service.merge_feedback(session, feedback_id, data, actor=make.VIEWER)


def inbound(*, patient_id: int | None, answers: int | None = None,
            text: str = "It was Monday.") -> InboundRead:  # fmt: skip
    """What somebody wrote to us by SMS."""
    return InboundRead(
        id=1,
        channel=Channel.SMS,
        provider="sandbox",
        sender="+2348030000000",
        text=text,
        answers_id=answers,
        patient_id=patient_id,
        received_at=utc_now(),
    )

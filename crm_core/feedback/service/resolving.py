"""Ending a case, telling the giver, and what happens when it was not the end."""

from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.base.errors import Conflict
from crm_core.base.parameters import value_of
from crm_core.feedback import clocks, queries
from crm_core.feedback.models import Feedback
from crm_core.feedback.schemas import (
    EntryKind,
    EscalationReason,
    FeedbackRead,
    FeedbackReason,
    FeedbackStatus,
    FeedbackType,
    Resolution,
    StopKind,
    SuggestionOutcome,
)
from crm_core.feedback.service import common, escalating, inviting
from crm_core.feedback.service.common import Line
from crm_core.people.schemas import Actor, Permission

_TOLD = 600
"""Characters of a note that a message carries; the rest is told by people."""


def resolve_feedback(
    session: Session, feedback_id: int, data: Resolution, *, actor: Actor
) -> FeedbackRead:
    """Ends the work with a note; the giver is told in these words and asked for stars.

    An answer that was never given is given by this.
    """
    actor.require(Permission.FEEDBACK_WRITE)
    case = common.lock_case(session, feedback_id)
    now, basis = utc_now(), clocks.read_basis(session)
    clocks.note_response(session, case, basis, now)
    clocks.note_resolution(session, case, basis, now)
    case.resolution, case.resolved_at = data.resolution, now
    case.satisfaction_rating, case.minutes_left = None, None
    line = Line(EntryKind.STATE, body=data.resolution)
    common.move(session, case, FeedbackStatus.RESOLVED, line, actor)
    common.stop_clock(session, case, StopKind.RESOLVED, now)
    link = inviting.ask_about_resolution(session, case)
    fields = {"resolution": data.resolution[:_TOLD], "link": link}
    sent = common.tell_source(session, case, "feedback_resolved", fields, actor)
    common.write(session, feedback_id, Line(EntryKind.TOLD, message=sent), actor)
    return queries.get_feedback(session, feedback_id)


def close_feedback(session: Session, feedback_id: int, *, actor: Actor) -> FeedbackRead:
    """Nothing more is expected; a bad rating would still reopen it."""
    actor.require(Permission.FEEDBACK_WRITE)
    case = common.lock_case(session, feedback_id)
    common.move(session, case, FeedbackStatus.CLOSED, Line(EntryKind.STATE), actor)
    return queries.get_feedback(session, feedback_id)


def reopen_feedback(
    session: Session, feedback_id: int, data: FeedbackReason, *, actor: Actor
) -> FeedbackRead:
    """It was not the end: the clock goes on, and an answer is due again."""
    actor.require(Permission.FEEDBACK_WRITE)
    case = common.lock_case(session, feedback_id)
    reopen(session, case, data.reason, actor)
    return queries.get_feedback(session, feedback_id)


def reopen(session: Session, case: Feedback, reason: str, actor: Actor) -> None:
    """Also for a bad rating; so many reopenings go to the supervisors."""
    line = Line(EntryKind.STATE, body=reason)
    common.move(session, case, FeedbackStatus.REOPENED, line, actor)
    now = utc_now()
    common.resume_clock(session, case, now)
    case.reopenings += 1
    case.response_from, case.responded_at = now, None
    common.refresh_clock(session, case, now=now)
    if case.reopenings >= value_of(session, "feedback.escalate_after_reopenings"):
        occasion = str(case.reopenings)
        escalating.escalate(session, case, EscalationReason.REOPENED, occasion, actor=actor)
    session.flush()


def take_rating(session: Session, case: Feedback, stars: int, comment: str, actor: Actor) -> None:
    """How content the giver is with how it was resolved; few stars reopen it."""
    case.satisfaction_rating = stars
    common.write(session, case.id, Line(EntryKind.RATED, body=comment, new=str(stars)), actor)
    common.count_owner_rating(session, case, stars, f"resolution-{case.reopenings}")
    few = stars <= value_of(session, "feedback.reopen_stars")
    if few and case.status in (FeedbackStatus.RESOLVED, FeedbackStatus.CLOSED):
        reopen(session, case, f"{stars} of 5 stars for how it was resolved", actor)


def decide_suggestion(
    session: Session, feedback_id: int, data: SuggestionOutcome, *, actor: Actor
) -> FeedbackRead:
    """A suggestion is planned or done, and its giver is told; what is done stays done."""
    actor.require(Permission.FEEDBACK_WRITE)
    case = common.lock_case(session, feedback_id)
    if case.type != FeedbackType.SUGGESTION:
        raise Conflict(f"{case.feedback_code} is no suggestion: only those are planned or done.")
    if case.suggestion_state in (data.state, "done"):
        raise Conflict(f"{case.feedback_code} is {case.suggestion_state} already.")
    old, case.suggestion_state = case.suggestion_state, data.state.value
    fields = {"state": data.state.value, "note": data.note[:_TOLD]}
    sent = common.tell_source(session, case, "feedback_suggestion", fields, actor)
    line = Line(EntryKind.TOLD, body=data.note, old=old, new=data.state.value, message=sent)
    common.write(session, feedback_id, line, actor)
    return queries.get_feedback(session, feedback_id)

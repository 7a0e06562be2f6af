"""Two pieces that say the same become one case with one thread."""

from sqlalchemy import update
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.base.errors import Conflict, Invalid, NotFound
from crm_core.feedback import givers, queries
from crm_core.feedback.models import Feedback
from crm_core.feedback.schemas import (
    EntryKind,
    FeedbackMerge,
    FeedbackRead,
    FeedbackStatus,
    Priority,
    SourceType,
)
from crm_core.feedback.service import common
from crm_core.feedback.service.common import Line
from crm_core.feedback.service.triage import require_open
from crm_core.owners import service as owners
from crm_core.people.schemas import Actor, Permission


def merge_feedback(
    session: Session, feedback_id: int, data: FeedbackMerge, *, actor: Actor
) -> FeedbackRead:
    """Takes a newer piece of the same giver into this one, whose clock counts from the first.

    The more urgent of the two priorities holds; stars that were given twice count once.
    """
    actor.require(Permission.FEEDBACK_WRITE)
    if data.duplicate_id == feedback_id:
        raise Invalid.field("duplicate_id", "Choose another piece than this one.")
    found = common.lock_cases(session, [feedback_id, data.duplicate_id])
    if len(found) < 2:
        raise NotFound("Feedback not found")
    case, duplicate = require_open(found[feedback_id]), require_open(found[data.duplicate_id])
    _refuse_unlike(session, case, duplicate)
    taken = [duplicate.id, *_take_over(session, case, duplicate)]
    duplicate.merged_into_id = case.id
    line = Line(EntryKind.MERGED, body=f"Goes on in {case.feedback_code}")
    common.move(session, duplicate, FeedbackStatus.MERGED, line, actor)
    common.resume_clock(session, duplicate, utc_now())
    told = Line(EntryKind.MERGED, body=f"{duplicate.feedback_code} was merged into this")
    common.write(session, case.id, told, actor)
    _take_urgency(session, case, duplicate, actor)
    if duplicate.source_type == SourceType.OWNER and case.rating is not None:
        twice = [common.rating_source(piece_id, "given") for piece_id in taken]
        owners.withdraw_ratings(session, duplicate.source_id, twice)
    return queries.get_feedback(session, case.id)


def _refuse_unlike(session: Session, case: Feedback, duplicate: Feedback) -> None:
    unlike = case.source_type != duplicate.source_type
    if unlike or givers.giver_of(session, case) != givers.giver_of(session, duplicate):
        raise Conflict("These come from different people: each of them gets an answer.")
    if (duplicate.created_at, duplicate.id) < (case.created_at, case.id):
        raise Conflict(f"{duplicate.feedback_code} is the older one: merge this one into it.")


def _take_over(session: Session, case: Feedback, duplicate: Feedback) -> list[int]:
    """What was merged into the duplicate goes on in the case, too; gives the ids of that."""
    moved = session.scalars(
        update(Feedback)
        .where(Feedback.merged_into_id == duplicate.id)
        .values(merged_into_id=case.id)
        .returning(Feedback.id),
        execution_options={"synchronize_session": False},
    )
    return list(moved)


def _take_urgency(session: Session, case: Feedback, duplicate: Feedback, actor: Actor) -> None:
    if Priority(duplicate.priority).severity > Priority(case.priority).severity:
        line = Line(EntryKind.PRIORITY, old=case.priority, new=duplicate.priority)
        case.priority = duplicate.priority
        common.write(session, case.id, line, actor)
        common.refresh_clock(session, case)
    # Where a person has looked at the words of either, that stands.
    case.priority_held = case.priority_held or duplicate.priority_held
    case.alarm_words = sorted({*case.alarm_words, *duplicate.alarm_words})
    session.flush()

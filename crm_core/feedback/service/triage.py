"""Working on a case: taking it on, correcting it, waiting, remarks."""

from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.base.errors import Conflict, Invalid
from crm_core.feedback import queries
from crm_core.feedback.models import Feedback
from crm_core.feedback.schemas import (
    OPEN,
    EntryKind,
    FeedbackAssignment,
    FeedbackNote,
    FeedbackRead,
    FeedbackReason,
    FeedbackStatus,
    FeedbackUpdate,
    StopKind,
)
from crm_core.feedback.service import common
from crm_core.feedback.service.common import Line
from crm_core.feedback.service.intake import praise
from crm_core.people.directory import staff_who_may
from crm_core.people.schemas import Actor, Permission


def acknowledge_feedback(session: Session, feedback_id: int, *, actor: Actor) -> FeedbackRead:
    """Somebody has read it; the clock of the answer goes on."""
    actor.require(Permission.FEEDBACK_WRITE)
    case = common.lock_case(session, feedback_id)
    common.move(session, case, FeedbackStatus.ACKNOWLEDGED, Line(EntryKind.STATE), actor)
    return queries.get_feedback(session, feedback_id)


def assign_feedback(
    session: Session, feedback_id: int, data: FeedbackAssignment, *, actor: Actor
) -> FeedbackRead:
    """Gives a case to a colleague who works on feedback; what was new is read by that."""
    actor.require(Permission.FEEDBACK_WRITE)
    case = require_open(common.lock_case(session, feedback_id))
    names = {one.id: one.name for one in staff_who_may(session, Permission.FEEDBACK_WRITE)}
    if data.staff_id not in names:
        raise Invalid.field("staff_id", "Choose a colleague who may work on feedback.")
    if case.assigned_to == data.staff_id:
        return queries.get_feedback(session, feedback_id)
    before = queries.names_of_staff(session, [case.assigned_to or 0]).get(case.assigned_to or 0)
    case.assigned_to = data.staff_id
    line = Line(EntryKind.ASSIGNED, old=before, new=names[data.staff_id])
    common.write(session, feedback_id, line, actor)
    if case.status == FeedbackStatus.NEW:
        common.move(session, case, FeedbackStatus.ACKNOWLEDGED, Line(EntryKind.STATE), actor)
    return queries.get_feedback(session, feedback_id)


def start_feedback(session: Session, feedback_id: int, *, actor: Actor) -> FeedbackRead:
    """Work begins, or goes on after waiting."""
    actor.require(Permission.FEEDBACK_WRITE)
    case = common.lock_case(session, feedback_id)
    go_on(session, case, Line(EntryKind.STATE), actor)
    return queries.get_feedback(session, feedback_id)


def wait_for_source(
    session: Session, feedback_id: int, data: FeedbackReason, *, actor: Actor
) -> FeedbackRead:
    """We wait for the giver: the clock stands still until work goes on."""
    actor.require(Permission.FEEDBACK_WRITE)
    case = common.lock_case(session, feedback_id)
    if case.status in (FeedbackStatus.NEW, FeedbackStatus.ACKNOWLEDGED, FeedbackStatus.REOPENED):
        common.move(session, case, FeedbackStatus.IN_PROGRESS, Line(EntryKind.STATE), actor)
    line = Line(EntryKind.STATE, body=data.reason)
    common.move(session, case, FeedbackStatus.WAITING, line, actor)
    now = utc_now()
    common.stop_clock(session, case, StopKind.WAITING, now)
    common.refresh_clock(session, case, now=now)
    return queries.get_feedback(session, feedback_id)


def note_feedback(
    session: Session, feedback_id: int, data: FeedbackNote, *, actor: Actor
) -> FeedbackRead:
    """A remark for colleagues; the giver does not see it."""
    actor.require(Permission.FEEDBACK_WRITE)
    common.lock_case(session, feedback_id)
    common.write(session, feedback_id, Line(EntryKind.NOTE, body=data.content), actor)
    return queries.get_feedback(session, feedback_id)


def update_feedback(
    session: Session, feedback_id: int, data: FeedbackUpdate, *, actor: Actor
) -> FeedbackRead:
    """Corrects how a piece is filed; a priority that a person sets stands against the words."""
    actor.require(Permission.FEEDBACK_WRITE)
    case = common.lock_case(session, feedback_id)
    _refuse_other_ways(case, data)
    values = data.model_dump(
        mode="json", exclude_unset=True, exclude={"version", "status", "assigned_to"}
    )
    changed = {name: new for name, new in values.items() if getattr(case, name) != new}
    lines = [_correction(case, name, new) for name, new in changed.items()]
    for name, new in changed.items():
        setattr(case, name, new)
    if "priority" in changed:
        case.priority_held = True
    session.add_all(common.entry(feedback_id, line, actor) for line in lines)
    # All at once: a department goes with its hospital, and on the way between two places neither.
    with common.refusing():
        session.flush()
    if {"priority", "type"} & changed.keys() and case.status in OPEN:
        common.refresh_clock(session, case)
    if {"about_staff_id", "type"} & changed.keys():
        praise(session, case, actor)
    return queries.get_feedback(session, feedback_id)


def go_on(session: Session, case: Feedback, line: Line, actor: Actor) -> None:
    """Work begins or goes on; a clock that stood runs again."""
    waited = case.status == FeedbackStatus.WAITING
    common.move(session, case, FeedbackStatus.IN_PROGRESS, line, actor)
    if waited:
        now = utc_now()
        common.resume_clock(session, case, now)
        common.refresh_clock(session, case, now=now)


def require_open(case: Feedback) -> Feedback:
    """The case, where somebody still has to do something; else ``Conflict``."""
    if case.status not in OPEN:
        raise Conflict(f"{case.feedback_code} is {case.status}: reopen it first.")
    return case


def _refuse_other_ways(case: Feedback, data: FeedbackUpdate) -> None:
    if data.version is not None and data.version != case.version:
        raise Conflict("Somebody changed this since you opened it: look at it again, then edit.")
    if data.status is not None and data.status != case.status:
        raise Invalid.field(
            "status", f"A state changes by its own call, such as POST /feedback/{case.id}/resolve."
        )
    if data.assigned_to is not None and data.assigned_to != case.assigned_to:
        raise Invalid.field(
            "assigned_to", f"Give a case to somebody by POST /feedback/{case.id}/assign."
        )


def _correction(case: Feedback, name: str, new: object) -> Line:
    """What the thread tells of a field that is about to change."""
    old = getattr(case, name)
    if name == "priority":
        return Line(EntryKind.PRIORITY, old=_told(old), new=_told(new))
    return Line(EntryKind.CHANGED, body=name, old=_told(old), new=_told(new))


def _told(value: object) -> str | None:
    return None if value is None else str(value)

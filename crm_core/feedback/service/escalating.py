"""Cases that supervisors should know of, reminders, clocks after a changed setting, old cases."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.base.parameters import value_of
from crm_core.feedback import clocks
from crm_core.feedback.models import Feedback, FeedbackEscalation
from crm_core.feedback.schemas import OPEN, EntryKind, EscalationReason, FeedbackStatus
from crm_core.feedback.service import common
from crm_core.feedback.service.common import Line
from crm_core.messaging import service as messaging
from crm_core.messaging.schemas import Outgoing, Purpose, RecipientType
from crm_core.people.directory import staff_with
from crm_core.people.schemas import Actor, Role, machine

AT_ONCE = 500
"""Cases a transaction: nobody waits long for a lock."""

_NAMED = 10
_SENTENCES = {
    EscalationReason.CRITICAL: "it speaks of harm or of a breach",
    EscalationReason.LATE: "its time has passed",
    EscalationReason.REOPENED: "it was reopened again",
}
_STATES = [status.value for status in OPEN]


def escalate(
    session: Session, case: Feedback, reason: EscalationReason, occasion: str, *, actor: Actor
) -> None:
    """Tells the supervisors of one case, once an occasion."""
    if _mark(session, [(case.id, occasion)], reason):
        case.escalated_at = case.escalated_at or utc_now()
        common.write(session, case.id, _line(reason), actor)
        _tell_supervisors(session, [case.feedback_code], f"{case.id}:{reason}:{occasion}", actor)


def escalate_late(session: Session) -> int:
    """Escalates open cases past their time, once for each due time; gives how many were looked at.

    Supervisors get one message a run, however many cases there are.
    """
    actor = machine("job:escalate_feedback")
    grace = timedelta(hours=float(value_of(session, "feedback.escalate_hours_late")))
    late = session.scalars(
        select(Feedback)
        .where(
            Feedback.status.in_(_STATES),
            Feedback.due_at < utc_now() - grace,
            Feedback.escalated_for.is_distinct_from(Feedback.due_at),
        )
        .order_by(Feedback.due_at, Feedback.id)
        .limit(AT_ONCE)
        .with_for_update(key_share=True, skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    _mark(session, [(case.id, _due(case)) for case in late], EscalationReason.LATE)
    for case in late:
        case.escalated_at = case.escalated_at or utc_now()
        case.escalated_for = case.due_at
    line = _line(EscalationReason.LATE)
    session.add_all(common.entry(case.id, line, actor) for case in late)
    session.flush()
    if late:
        key = f"{late[0].id}:{len(late)}:{_due(late[0])}"
        _tell_supervisors(session, [case.feedback_code for case in late], key, actor)
    return len(late)


def remind_assignees(session: Session) -> int:
    """Reminds people once of each of their cases that is due soon; gives how many cases."""
    actor = machine("job:remind_feedback")
    ahead = timedelta(hours=float(value_of(session, "feedback.remind_hours_before")))
    soon = session.execute(
        update(Feedback)
        .where(
            Feedback.status.in_(_STATES),
            Feedback.assigned_to.is_not(None),
            Feedback.due_at.between(utc_now(), utc_now() + ahead),
            Feedback.reminded_for.is_distinct_from(Feedback.due_at),
        )
        .values(reminded_for=Feedback.due_at)
        .returning(Feedback.id, Feedback.assigned_to, Feedback.feedback_code),
        execution_options={"synchronize_session": False},
    ).all()
    codes: dict[int, list[str]] = defaultdict(list)
    for _, staff_id, code in soon:
        if staff_id is not None:
            codes[staff_id].append(code)
    messages = [_to_staff(one, "feedback_reminder", theirs) for one, theirs in codes.items()]
    messaging.queue_all(session, messages, actor=actor)
    return len(soon)


def refresh_clocks(session: Session) -> int:
    """Moves due times to where changed settings put them; gives how many cases were looked at."""
    basis = clocks.read_basis(session)
    stale = session.scalars(
        select(Feedback)
        .where(Feedback.status.in_(_STATES), Feedback.clock_basis != basis.name)
        .order_by(Feedback.id)
        .limit(AT_ONCE)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    clocks.set_clocks(session, stale, basis, utc_now())
    session.flush()
    return len(stale)


def close_old(session: Session) -> int:
    """Closes what was resolved long ago and reopened by nobody; gives how many."""
    actor = machine("job:close_feedback")
    days = timedelta(days=float(value_of(session, "feedback.close_after_days")))
    old = session.scalars(
        select(Feedback)
        .where(
            Feedback.status == FeedbackStatus.RESOLVED.value,
            Feedback.resolved_at < utc_now() - days,
        )
        .order_by(Feedback.id)
        .limit(AT_ONCE)
        .with_for_update(key_share=True, skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    line = Line(EntryKind.STATE, body="Nobody reopened it")
    told = [(case.id, common.step(case, FeedbackStatus.CLOSED, line)) for case in old]
    session.add_all(common.entry(case_id, step, actor) for case_id, step in told)
    session.flush()
    return len(old)


def fold_sums(session: Session) -> int:
    """Adds what changes appended to the sums that the charts show; gives how many lines."""
    return int(session.execute(text("SELECT crm_feedback_fold_sums()")).scalar_one())


def _mark(
    session: Session, occasions: Sequence[tuple[int, str]], reason: EscalationReason
) -> list[int]:
    """Notes the escalations; gives the ids of those that were not noted before."""
    if not occasions:
        return []
    values = [
        {"feedback_id": feedback_id, "reason": reason.value, "occasion": occasion}
        for feedback_id, occasion in occasions
    ]
    noted = insert(FeedbackEscalation).values(values).on_conflict_do_nothing()
    return list(session.scalars(noted.returning(FeedbackEscalation.feedback_id)))


def _line(reason: EscalationReason) -> Line:
    return Line(EntryKind.ESCALATED, body=_SENTENCES[reason], new=reason.value)


def _due(case: Feedback) -> str:
    return case.due_at.isoformat()


def _tell_supervisors(session: Session, codes: Sequence[str], occasion: str, actor: Actor) -> None:
    messages = [
        _to_staff(one.id, "feedback_escalation", codes, key=f"escalation:{occasion}:{one.id}")
        for one in staff_with(session, Role.APPROVER)
    ]
    messaging.queue_all(session, messages, actor=actor)


def _to_staff(
    staff_id: int, template: str, codes: Sequence[str], *, key: str | None = None
) -> Outgoing:
    named = ", ".join(codes[:_NAMED]) + (" …" if len(codes) > _NAMED else "")
    return Outgoing(
        recipient_type=RecipientType.STAFF,
        recipient_id=staff_id,
        purpose=Purpose.FOLLOW_UP,
        message_type=template,
        template=template,
        fields={"codes": named, "count": str(len(codes))},
        dedupe_key=key,
    )

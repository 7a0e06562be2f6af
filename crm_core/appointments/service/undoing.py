"""Taking the last step back: the state before, on the same day, by a supervisor."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from crm_core.appointments.models import Appointment
from crm_core.appointments.queries import APPOINTMENTS, get_appointment
from crm_core.appointments.schemas import (
    AHEAD,
    FREE,
    AppointmentRead,
    AppointmentStatus,
    NoticeKind,
    StepBack,
)
from crm_core.appointments.service import common, completing, notices, offering
from crm_core.appointments.service.moving import KIND
from crm_core.base import history
from crm_core.base.acts import Act
from crm_core.base.clock import lagos_today, to_lagos
from crm_core.base.errors import Conflict
from crm_core.base.preflight import (
    Plan,
    Receipt,
    Verdict,
    check_ids,
    get_receipt,
    make_plan,
    mark_undone,
)
from crm_core.people.schemas import Actor, Permission

_S = AppointmentStatus
_CLEARED = {
    _S.CONFIRMED: {"confirmed_at": None},
    _S.ARRIVED: {"checked_in_at": None},
    _S.IN_PROGRESS: {"started_at": None},
    _S.COMPLETED: {"completed_at": None, "visit_before": None},
    _S.CANCELLED: {"cancelled_at": None, "cancellation_reason": None},
    _S.NO_SHOW: {},
}


def undo(session: Session, appointment_id: int, data: StepBack, *, actor: Actor) -> AppointmentRead:
    """The state before; a completion's points go back, a cancelled visit needs its time free."""
    actor.require(Permission.APPOINTMENTS_SUPERVISE)
    _lock(session, [appointment_id])
    plan = _plan(session, [appointment_id])
    common.refuse(plan.verdicts[0])
    visit = APPOINTMENTS.one(session, appointment_id)
    _undo(session, visit, data.reason)
    _tell(session, [visit], actor)
    return get_appointment(session, appointment_id)


def plan_undo(session: Session, ids: Sequence[int], *, actor: Actor) -> Plan:
    """What taking the last step of these visits back would do; writes nothing."""
    actor.require(Permission.APPOINTMENTS_SUPERVISE)
    return _plan(session, check_ids(ids))


def commit_undo(
    session: Session,
    fingerprint: str,
    ids: Sequence[int],
    *,
    actor: Actor,
    receipt_id: int | None = None,
) -> Receipt:
    """Takes back what was shown and has not changed since.

    Args:
        receipt_id: the receipt of the change of state, which is marked as undone.
    """
    actor.require(Permission.APPOINTMENTS_SUPERVISE)
    _lock(session, wanted := check_ids(ids))
    act = Act("appointment_undo", "Changes of visits undone", fingerprint, actor)
    accepted, refused = act.accepted_now(_plan(session, wanted))
    before = APPOINTMENTS.some(session, accepted)
    if receipt_id is not None and accepted:
        _mark_undone(session, receipt_id, accepted, actor)
    for visit in before:
        _undo(session, visit, "bulk undo")
    _tell(session, before, actor)
    changed = [common.change_of(visit, common.words_of(_before(visit))) for visit in before]
    undone = {"undone": str(len(changed))}
    return act.conclude(session, changed=changed, refused=refused, totals=undone)


def _lock(session: Session, ids: Sequence[int]) -> None:
    visits = APPOINTMENTS.some(session, ids)
    freed = [visit for visit in visits if visit.status in FREE]
    common.lock_to_book(
        session, [visit.hospital_id for visit in freed], [visit.doctor_id for visit in freed]
    )
    completed = [visit.id for visit in visits if visit.status is _S.COMPLETED]
    completing.lock_members(session, completed)
    common.lock_appointments(session, ids)
    before = {visit.id: visit.status for visit in visits}
    if any(before.get(now.id) is not now.status for now in APPOINTMENTS.some(session, ids)):
        # What was locked before the visits was chosen by their states.
        raise Conflict("One of these visits changed a moment ago: look again.")


def _undo(session: Session, visit: AppointmentRead, reason: str) -> None:
    if visit.status is _S.COMPLETED:
        completing.take_back(session, visit)
    values: dict[str, Any] = {"status": _before(visit).value, **_CLEARED.get(visit.status, {})}
    with common.refusing():
        session.execute(
            update(Appointment).where(Appointment.id == visit.id).values(**values),
            execution_options=common.VALUES,
        )
    if visit.status in FREE and visit.doctor_id is not None:
        offering.close_offers(
            session,
            doctor_id=visit.doctor_id,
            starts_at=visit.starts_at,
            minutes=visit.duration_minutes,
        )
    history.note(session, "undo", "crm_appointments", visit.id, {"reason": reason})


def _tell(session: Session, undone: Sequence[AppointmentRead], actor: Actor) -> None:
    """Who was told that the visit was cancelled must hear that it will be."""
    ids = [visit.id for visit in undone if visit.status is _S.CANCELLED and _before(visit) in AHEAD]
    notices.tell(session, NoticeKind.BOOKED, ids, actor=actor)


def _plan(session: Session, ids: Sequence[int]) -> Plan:
    visits = APPOINTMENTS.some(session, ids)
    verdicts = [*common.missing(ids, visits), *map(_verdict, visits)]
    return make_plan(verdicts, {"count": sum(verdict.ok for verdict in verdicts)})


def _verdict(visit: AppointmentRead) -> Verdict:
    code, reason = _judge(visit)
    return Verdict(
        id=visit.id,
        label=common.label_of(visit),
        ok=code == "undo",
        code=code,
        reason=reason,
        state=str(visit.version),
    )


def _judge(visit: AppointmentRead) -> tuple[str, str]:
    if visit.previous_status is None:
        return "state", f"{visit.appointment_code}: there is no step to take back."
    if to_lagos(visit.status_changed_at).date() != lagos_today():
        return "day", f"{visit.appointment_code}: a step is taken back on the same day only."
    return "undo", f"Will be {common.words_of(visit.previous_status)} again."


def _before(visit: AppointmentRead) -> AppointmentStatus:
    return visit.previous_status or visit.status


def _mark_undone(session: Session, receipt_id: int, ids: Sequence[int], actor: Actor) -> None:
    receipt = get_receipt(session, receipt_id)
    if receipt.kind != KIND or not {c.id for c in receipt.changed}.issuperset(ids):
        raise Conflict("This receipt is not of these changes: open it again.")
    mark_undone(session, receipt_id, who=actor.key)

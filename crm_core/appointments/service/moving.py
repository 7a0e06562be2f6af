"""A visit's states, one or many: the single act is the bulk act of one."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from crm_core.appointments.models import Appointment
from crm_core.appointments.queries import APPOINTMENTS, get_appointment
from crm_core.appointments.schemas import (
    AHEAD,
    AppointmentRead,
    AppointmentStatus,
    Cancellation,
    NoticeKind,
    StatusCommit,
    StatusSelection,
)
from crm_core.appointments.service import common, completing, notices, offering
from crm_core.base.acts import Act
from crm_core.base.clock import utc_now
from crm_core.base.preflight import Plan, Receipt, Verdict, check_ids, make_plan
from crm_core.people.schemas import Actor, Permission

KIND = "appointment_move"
DEFAULT_REASON = "hospital"
_S = AppointmentStatus
_STAMPS = {
    _S.CONFIRMED: "confirmed_at",
    _S.ARRIVED: "checked_in_at",
    _S.IN_PROGRESS: "started_at",
    _S.COMPLETED: "completed_at",
    _S.CANCELLED: "cancelled_at",
}


def plan_move(session: Session, data: StatusSelection, *, actor: Actor) -> Plan:
    """What changing the state of these visits would do; writes nothing."""
    actor.require(Permission.APPOINTMENTS_WRITE)
    return _plan(session, check_ids(data.ids), data.status)


def commit_move(session: Session, data: StatusCommit, *, actor: Actor) -> Receipt:
    """Changes what was shown and has not changed since; the rest is refused with its reason."""
    actor.require(Permission.APPOINTMENTS_WRITE)
    wanted = check_ids(data.ids)
    lock(session, wanted, data.status)
    now = _plan(session, wanted, data.status)
    title = f"Visits made {common.words_of(data.status)}"
    act = Act(KIND, title, data.fingerprint, actor)
    accepted, refused = act.accepted_now(now)
    before = APPOINTMENTS.some(session, accepted)
    move(session, before, data.status, actor=actor, reason=data.reason)
    return act.conclude(
        session,
        changed=[common.change_of(visit, common.words_of(data.status)) for visit in before],
        refused=refused,
        totals={"changed": str(len(before)), "status": data.status.value},
    )


def confirm_appointment(session: Session, appointment_id: int, *, actor: Actor) -> AppointmentRead:
    """The patient will come."""
    return _one(session, appointment_id, _S.CONFIRMED, actor)


def arrive(session: Session, appointment_id: int, *, actor: Actor) -> AppointmentRead:
    """The patient is here."""
    return _one(session, appointment_id, _S.ARRIVED, actor)


def start(session: Session, appointment_id: int, *, actor: Actor) -> AppointmentRead:
    """The patient is with the doctor."""
    return _one(session, appointment_id, _S.IN_PROGRESS, actor)


def complete(session: Session, appointment_id: int, *, actor: Actor) -> AppointmentRead:
    """The visit is over: points, the patient's count of visits, and the question how it was."""
    return _one(session, appointment_id, _S.COMPLETED, actor)


def mark_no_show(session: Session, appointment_id: int, *, actor: Actor) -> AppointmentRead:
    """The patient did not come."""
    return _one(session, appointment_id, _S.NO_SHOW, actor)


def cancel_appointment(
    session: Session, appointment_id: int, data: Cancellation, *, actor: Actor
) -> AppointmentRead:
    """The visit will not be; its time is offered to those who wait."""
    return _one(session, appointment_id, _S.CANCELLED, actor, reason=data.reason)


def lock(session: Session, ids: Sequence[int], status: AppointmentStatus) -> None:
    """Locks what changing to this state writes, in the order of ``common``."""
    if status is _S.CANCELLED:
        common.lock_waitlists_of(session, ids)
    if status is _S.COMPLETED:
        completing.lock_members(session, ids)
    common.lock_appointments(session, ids)


def move(
    session: Session,
    visits: Sequence[AppointmentRead],
    status: AppointmentStatus,
    *,
    actor: Actor,
    reason: str | None = None,
) -> None:
    """Changes the state of locked visits that may change, with all that follows from it."""
    ids = [visit.id for visit in visits]
    if not ids:
        return
    if status is _S.COMPLETED:
        completing.award(session, visits)
    values = _values(status, reason)
    with common.refusing():
        session.execute(
            update(Appointment).where(Appointment.id.in_(ids)).values(**values),
            execution_options=common.VALUES,
        )
    if status is _S.CANCELLED:
        ahead = [visit for visit in visits if visit.status in AHEAD]
        offering.offer_freed(session, ahead)
        notices.tell(session, NoticeKind.CANCELLED, [visit.id for visit in ahead], actor=actor)


def _values(status: AppointmentStatus, reason: str | None) -> dict[str, Any]:
    values: dict[str, Any] = {"status": status.value}
    if status in _STAMPS:
        values[_STAMPS[status]] = utc_now()
    if status is _S.CANCELLED:
        values["cancellation_reason"] = reason or DEFAULT_REASON
    return values


def _one(
    session: Session,
    appointment_id: int,
    status: AppointmentStatus,
    actor: Actor,
    *,
    reason: str | None = None,
) -> AppointmentRead:
    actor.require(Permission.APPOINTMENTS_WRITE)
    lock(session, [appointment_id], status)
    plan = _plan(session, [appointment_id], status)
    common.refuse(plan.verdicts[0])
    visits = APPOINTMENTS.some(session, plan.accepted)
    move(session, visits, status, actor=actor, reason=reason)
    return get_appointment(session, appointment_id)


def _plan(session: Session, ids: Sequence[int], status: AppointmentStatus) -> Plan:
    visits = APPOINTMENTS.some(session, ids)
    verdicts = [*common.missing(ids, visits), *(_verdict(visit, status) for visit in visits)]
    accepted = sum(verdict.ok for verdict in verdicts)
    totals: Mapping[str, int] = {"count": accepted, "refused": len(verdicts) - accepted}
    return make_plan(verdicts, totals)


def _verdict(visit: AppointmentRead, status: AppointmentStatus) -> Verdict:
    code, reason = _judge(visit, status)
    return Verdict(
        id=visit.id,
        label=common.label_of(visit),
        ok=code == status.value,
        code=code,
        reason=reason,
        state=str(visit.version),
    )


def _judge(visit: AppointmentRead, status: AppointmentStatus) -> tuple[str, str]:
    now, then = common.words_of(visit.status), common.words_of(status)
    if not visit.status.can_become(status):
        return "state", f"{visit.appointment_code} is {now}: it cannot become {then}."
    if status is _S.NO_SHOW and visit.starts_at > utc_now():
        return "early", f"{visit.appointment_code} has not begun: nobody has missed it yet."
    return status.value, f"Will be {then}."

"""Booking, moving and correcting visits: never two at once for a doctor or a patient."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from crm_core.appointments.models import Appointment
from crm_core.appointments.queries import get_appointment
from crm_core.appointments.schemas import (
    AHEAD,
    AppointmentCreate,
    AppointmentRead,
    AppointmentStatus,
    AppointmentUpdate,
    NoticeKind,
    Reschedule,
    SlotFilter,
    WalkIn,
)
from crm_core.appointments.service import common, notices, offering
from crm_core.appointments.service.claiming import Wanted, check_day, claim, clash_of
from crm_core.appointments.slots import free_slots, is_open, minutes_of
from crm_core.base.clock import from_lagos, lagos_today, utc_now
from crm_core.base.errors import Conflict
from crm_core.patients.queries import surviving_id
from crm_core.people.schemas import Actor, Permission


def create_appointment(
    session: Session, data: AppointmentCreate, *, actor: Actor
) -> AppointmentRead:
    """Books a visit and tells the patient."""
    actor.require(Permission.APPOINTMENTS_WRITE)
    wanted = Wanted(
        patient_id=surviving_id(session, data.patient_id),
        hospital_id=data.hospital_id,
        department_id=data.department_id,
        doctor_id=data.doctor_id,
        starts_at=data.starts_at,
        minutes=data.duration_minutes or minutes_of(session, data.type),
        type=data.type,
        override_reason=data.override_reason,
    )
    check_day(wanted.starts_at)
    wanted = claim(session, wanted, actor=actor)
    made = book(session, wanted, actor=actor, reason=data.reason, notes=data.notes)
    notices.tell(session, NoticeKind.BOOKED, [made], actor=actor)
    return get_appointment(session, made)


def walk_in(session: Session, data: WalkIn, *, actor: Actor) -> AppointmentRead:
    """Takes somebody in who is standing there; with a doctor, at the doctor's next free time."""
    actor.require(Permission.APPOINTMENTS_WRITE)
    wanted = Wanted(
        patient_id=surviving_id(session, data.patient_id),
        hospital_id=data.hospital_id,
        department_id=data.department_id,
        doctor_id=data.doctor_id,
        starts_at=utc_now().replace(second=0, microsecond=0),
        minutes=data.duration_minutes or minutes_of(session, data.type),
        type=data.type,
    )
    common.lock_to_book(session, [wanted.hospital_id], [wanted.doctor_id])
    if wanted.doctor_id is not None:
        wanted = replace(wanted, starts_at=_next_free(session, wanted))
    wanted = claim(session, wanted, actor=actor)
    here = {"status": AppointmentStatus.ARRIVED.value, "checked_in_at": utc_now()}
    made = book(session, wanted, actor=actor, reason=data.reason, walk_in=True, **here)
    return get_appointment(session, made)


def reschedule_appointment(
    session: Session, appointment_id: int, data: Reschedule, *, actor: Actor
) -> AppointmentRead:
    """Another time: scheduled again, reminders anew; the time that becomes free is offered."""
    actor.require(Permission.APPOINTMENTS_WRITE)
    visit = get_appointment(session, appointment_id)
    check_day(data.starts_at)
    wanted = Wanted(
        patient_id=visit.patient_id,
        hospital_id=visit.hospital_id,
        department_id=visit.department_id,
        doctor_id=data.doctor_id or visit.doctor_id,
        starts_at=data.starts_at,
        minutes=data.duration_minutes or visit.duration_minutes,
        type=visit.type,
        override_reason=data.override_reason,
        itself=appointment_id,
    )
    return _move(session, visit, wanted, {}, actor=actor)


def update_appointment(
    session: Session, appointment_id: int, data: AppointmentUpdate, *, actor: Actor
) -> AppointmentRead:
    """Corrects what is given; a new time, length or doctor moves the visit."""
    actor.require(Permission.APPOINTMENTS_WRITE)
    visit = get_appointment(session, appointment_id)
    if data.version is not None and data.version != visit.version:
        raise Conflict(_CHANGED)
    given = data.model_dump(exclude_unset=True, exclude={"version"})
    wanted = _corrected(visit, given)
    plain: dict[str, Any] = {name: given[name] for name in ("reason", "notes") if name in given}
    plain |= {"type": wanted.type.value, "department_id": wanted.department_id}
    if _is_moved(visit, wanted):
        check_day(wanted.starts_at)
        return _move(session, visit, wanted, plain, actor=actor)
    _check_same(visit, common.lock_appointment(session, appointment_id))
    _write(session, appointment_id, plain)
    return get_appointment(session, appointment_id)


def book(session: Session, wanted: Wanted, *, actor: Actor, **more: Any) -> int:
    """Writes a visit for a time that was claimed; gives its id."""
    values = {
        "patient_id": wanted.patient_id,
        "hospital_id": wanted.hospital_id,
        "department_id": wanted.department_id,
        "doctor_id": wanted.doctor_id,
        "starts_at": wanted.starts_at,
        "duration_minutes": wanted.minutes,
        "type": wanted.type.value,
        "override_reason": wanted.override_reason,
        "created_by": actor.person,
    }
    with common.refusing():
        made: int = session.execute(
            insert(Appointment).values(**values, **more).returning(Appointment.id)
        ).scalar_one()
    _close_offers(session, wanted)
    return made


def _move(
    session: Session,
    before: AppointmentRead,
    wanted: Wanted,
    plain: dict[str, Any],
    *,
    actor: Actor,
) -> AppointmentRead:
    common.lock_waitlists(session, [before.hospital_id])
    common.lock_doctors(session, [before.doctor_id, wanted.doctor_id])
    wanted = claim(session, wanted, actor=actor)
    visit = common.lock_appointment(session, before.id)
    _check_same(before, visit)
    if visit.status not in AHEAD:
        state = common.words_of(visit.status)
        raise Conflict(f"{visit.appointment_code} is {state}: only a visit ahead can be moved.")
    retimed = wanted.starts_at != visit.starts_at
    values = plain | _placed(wanted, retimed=retimed)
    _write(session, visit.id, values)
    _close_offers(session, wanted)
    if retimed or wanted.doctor_id != visit.doctor_id:
        offering.offer_freed(session, [visit])
        notices.tell(session, NoticeKind.MOVED, [visit.id], actor=actor)
    return get_appointment(session, visit.id)


def _placed(wanted: Wanted, *, retimed: bool) -> dict[str, Any]:
    """What a visit that is moved has; with another time it is to be confirmed anew."""
    values: dict[str, Any] = {
        "doctor_id": wanted.doctor_id,
        "starts_at": wanted.starts_at,
        "duration_minutes": wanted.minutes,
        "override_reason": wanted.override_reason,
        "overlap_accepted": False,
    }
    if retimed:
        again = {"status": AppointmentStatus.SCHEDULED.value, "confirmed_at": None}
        values |= again | {"booked_at": utc_now()}
    return values


def _check_same(before: AppointmentRead, now: AppointmentRead) -> None:
    """What was judged before the lock was taken must still be so."""
    if before.version != now.version:
        raise Conflict(_CHANGED)


def _close_offers(session: Session, wanted: Wanted) -> None:
    if wanted.doctor_id is not None:
        offering.close_offers(
            session,
            doctor_id=wanted.doctor_id,
            starts_at=wanted.starts_at,
            minutes=wanted.minutes,
        )


def _write(session: Session, appointment_id: int, values: dict[str, Any]) -> None:
    with common.refusing():
        session.execute(
            update(Appointment).where(Appointment.id == appointment_id).values(**values),
            execution_options=common.VALUES,
        )


def _corrected(visit: AppointmentRead, given: dict[str, Any]) -> Wanted:
    """The visit as it would be, with what is given in place of what was."""
    day = given.get("appointment_date") or visit.appointment_date
    moment = given.get("appointment_time") or visit.appointment_time
    return Wanted(
        patient_id=visit.patient_id,
        hospital_id=visit.hospital_id,
        department_id=given.get("department_id", visit.department_id),
        doctor_id=given.get("doctor_id", visit.doctor_id),
        starts_at=from_lagos(day, moment),
        minutes=given.get("duration_minutes") or visit.duration_minutes,
        type=given.get("type") or visit.type,
        override_reason=given.get("override_reason", visit.override_reason),
        itself=visit.id,
    )


def _is_moved(visit: AppointmentRead, wanted: Wanted) -> bool:
    before = (visit.starts_at, visit.duration_minutes, visit.doctor_id)
    return before != (wanted.starts_at, wanted.minutes, wanted.doctor_id)


def _next_free(session: Session, wanted: Wanted) -> datetime:
    """Now where the doctor is free, otherwise the doctor's next free time today."""
    doctor_id = wanted.doctor_id or 0
    if is_open(session, doctor_id, wanted.starts_at, wanted.minutes):
        clash = clash_of(session, wanted)
        if clash is None or not clash.of_doctor:
            return wanted.starts_at
    found = free_slots(
        session,
        SlotFilter(
            hospital_id=wanted.hospital_id,
            date=lagos_today(),
            doctor_id=doctor_id,
            duration_minutes=wanted.minutes,
            limit=1,
        ),
    )
    if not found:
        raise Conflict("The doctor has no free time left today: choose another, or none.")
    return found[0].starts_at


_CHANGED = "Somebody changed this appointment since you opened the form: look again, then edit."

"""Commands on departments and doctors: their week, their leave, their calendar's secret link."""

import hashlib
import secrets
from contextlib import AbstractContextManager

from sqlalchemy import delete, insert, update
from sqlalchemy.orm import Session

from crm_core.base import history
from crm_core.base.db import refusing_violations
from crm_core.base.errors import NotFound
from crm_core.base.links import public_address
from crm_core.hospitals import queries
from crm_core.hospitals.models import Department, Doctor, DoctorHours, DoctorLeave
from crm_core.hospitals.schemas import (
    DepartmentCreate,
    DepartmentRead,
    DoctorCreate,
    DoctorRead,
    DoctorUpdate,
    LeaveCreate,
    LeaveRead,
    Shift,
    WeekChange,
)
from crm_core.people.schemas import Actor, Permission


def create_department(session: Session, data: DepartmentCreate, *, actor: Actor) -> DepartmentRead:
    """Adds a department to a hospital."""
    actor.require(Permission.APPOINTMENTS_SUPERVISE)
    department = Department(**data.model_dump(), active=True)
    session.add(department)
    with _refusing():
        session.flush()
    return DepartmentRead.model_validate(department)


def create_doctor(session: Session, data: DoctorCreate, *, actor: Actor) -> DoctorRead:
    """Adds a doctor to a hospital."""
    actor.require(Permission.APPOINTMENTS_SUPERVISE)
    doctor = Doctor(**data.model_dump(exclude={"specialty"}), specialty=data.specialty or "")
    session.add(doctor)
    with _refusing():
        session.flush()
    return queries.get_doctor(session, doctor.id)


def update_doctor(
    session: Session, doctor_id: int, data: DoctorUpdate, *, actor: Actor
) -> DoctorRead:
    """Changes what is given; who is no longer active gets no new visits."""
    actor.require(Permission.APPOINTMENTS_SUPERVISE)
    doctor = _lock(session, doctor_id)
    for name in data.model_fields_set:
        value = getattr(data, name)
        setattr(doctor, name, "" if name == "specialty" and value is None else value)
    with _refusing():
        session.flush()
    return queries.get_doctor(session, doctor_id)


def set_hours(session: Session, doctor_id: int, data: WeekChange, *, actor: Actor) -> list[Shift]:
    """The doctor's week from now on; visits that are booked already stay."""
    actor.require(Permission.APPOINTMENTS_SUPERVISE)
    _lock(session, doctor_id)
    session.execute(delete(DoctorHours).where(DoctorHours.doctor_id == doctor_id))
    rows = [{"doctor_id": doctor_id, **shift.model_dump()} for shift in data.shifts]
    if rows:
        with _refusing():
            session.execute(insert(DoctorHours), rows)
    return queries.hours_of(session, doctor_id)


def add_leave(session: Session, doctor_id: int, data: LeaveCreate, *, actor: Actor) -> LeaveRead:
    """The doctor is away; visits that are booked already stay until somebody moves them."""
    actor.require(Permission.APPOINTMENTS_SUPERVISE)
    _lock(session, doctor_id)
    leave = DoctorLeave(doctor_id=doctor_id, created_by=actor.person, **data.model_dump())
    session.add(leave)
    session.flush()
    return LeaveRead.model_validate(leave)


def remove_leave(session: Session, doctor_id: int, leave_id: int, *, actor: Actor) -> None:
    """The doctor is not away after all."""
    actor.require(Permission.APPOINTMENTS_SUPERVISE)
    gone = session.scalars(
        delete(DoctorLeave)
        .where(DoctorLeave.id == leave_id, DoctorLeave.doctor_id == doctor_id)
        .returning(DoctorLeave.id)
    ).first()
    if gone is None:
        raise NotFound("Leave not found")


def renew_calendar(session: Session, doctor_id: int, *, actor: Actor) -> str:
    """A new secret for the doctor's calendar, shown once; the one before ends."""
    actor.require(Permission.APPOINTMENTS_SUPERVISE)
    _lock(session, doctor_id)
    secret = secrets.token_urlsafe(24)
    session.execute(
        update(Doctor).where(Doctor.id == doctor_id).values(calendar_hash=calendar_hash(secret))
    )
    history.note(session, "calendar_link", "crm_doctors", doctor_id, {})
    return secret


def calendar_address(secret: str) -> str:
    """Where a calendar program subscribes."""
    return f"{public_address()}/calendars/{secret}.ics"


def calendar_hash(secret: str) -> bytes:
    """What is kept of a calendar's secret."""
    return hashlib.sha256(secret.encode()).digest()


def _lock(session: Session, doctor_id: int) -> Doctor:
    doctor = session.get(Doctor, doctor_id, with_for_update={"key_share": True})
    if doctor is None:
        raise NotFound("Doctor not found")
    return doctor


def _refusing() -> AbstractContextManager[None]:
    return refusing_violations(
        fk_crm_departments_hospital_id="There is no such hospital.",
        fk_crm_doctors_hospital_id="There is no such hospital.",
        fk_crm_doctors_department_id="This hospital has no such department.",
        uq_crm_departments_name="This hospital has a department of that name.",
        uq_crm_doctor_hours_doctor_id_weekday_opens="Two shifts of a day begin at the same time.",
    )

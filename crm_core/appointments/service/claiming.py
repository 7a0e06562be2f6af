"""Whether a time may be had: of the doctor, of the patient, within the doctor's hours."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from crm_core.appointments.schemas import AppointmentType
from crm_core.appointments.service import common
from crm_core.appointments.slots import away_during, is_open
from crm_core.base.clock import lagos_today, to_lagos, utc_now
from crm_core.base.errors import Conflict, Invalid
from crm_core.hospitals.models import Department, Doctor
from crm_core.patients import service as patients
from crm_core.patients.schemas import PatientStatus
from crm_core.people.schemas import Actor, Permission

FARTHEST = timedelta(days=730)
"""Nobody books further ahead; a year more is a slip of the keyboard."""


@dataclass(frozen=True)
class Wanted:
    """A time that somebody wants, of whom and where; ``itself`` is the visit that is moved."""

    patient_id: int
    hospital_id: int
    department_id: int | None
    doctor_id: int | None
    starts_at: datetime
    minutes: int
    type: AppointmentType
    override_reason: str | None = None
    itself: int | None = None

    @property
    def ends_at(self) -> datetime:
        """When it is over."""
        return self.starts_at + timedelta(minutes=self.minutes)


def claim(session: Session, wanted: Wanted, *, actor: Actor) -> Wanted:
    """Locks doctor and patient, and refuses what is not possible, in a sentence that says why.

    Gives what is wanted with an override that was not needed taken out.
    """
    common.lock_to_book(session, [wanted.hospital_id], [wanted.doctor_id])
    patient = patients.lock_patient(session, wanted.patient_id)
    if patient.status == PatientStatus.DECEASED:
        raise Conflict(f"{patient.first_name} {patient.last_name} has died: nothing is booked.")
    _check_place(session, wanted)
    _check_overlap(session, wanted)
    return _check_hours(session, wanted, actor)


def check_day(starts_at: datetime) -> None:
    """Refuses a day that is over, or so far ahead that it must be a slip."""
    if to_lagos(starts_at).date() < lagos_today():
        raise Invalid.field("appointment_date", "Give a day that is not over.")
    if starts_at > utc_now() + FARTHEST:
        raise Invalid.field("appointment_date", "Give a day within the next two years.")


def clash_of(session: Session, wanted: Wanted) -> Row[*tuple[Any, ...]] | None:
    """A visit at the same time: the doctor's first, then the patient's."""
    values = {
        "doctor_id": wanted.doctor_id,
        "patient_id": wanted.patient_id,
        **_times(wanted),
        "itself": wanted.itself or 0,
    }
    return session.execute(_OVERLAP, values).one_or_none()


def is_had_still(session: Session, wanted: Wanted) -> bool:
    """Whether a time that was freed and offered may be booked: nobody has it, the doctor is here.

    The hours are not asked: a supervisor may have given that time outside of them.
    """
    here = session.execute(_IS_HERE, {"doctor_id": wanted.doctor_id, **_times(wanted)}).scalar()
    return bool(here) and clash_of(session, wanted) is None


def _times(wanted: Wanted) -> dict[str, datetime]:
    return {"starts_at": wanted.starts_at, "ends_at": wanted.ends_at}


def _check_place(session: Session, wanted: Wanted) -> None:
    if wanted.doctor_id is not None:
        doctor = session.execute(
            select(Doctor.hospital_id, Doctor.active).where(Doctor.id == wanted.doctor_id)
        ).one_or_none()
        if doctor is None or doctor.hospital_id != wanted.hospital_id:
            raise Invalid.field("doctor_id", "This hospital has no such doctor.")
        if not doctor.active:
            raise Conflict("This doctor takes no visits any more: choose another.")
    if wanted.department_id is not None:
        at = session.scalar(
            select(Department.hospital_id).where(Department.id == wanted.department_id)
        )
        if at != wanted.hospital_id:
            raise Invalid.field("department_id", "This hospital has no such department.")


def _check_overlap(session: Session, wanted: Wanted) -> None:
    found = clash_of(session, wanted)
    if found is None:
        return
    whose = "The doctor" if found.of_doctor else "The patient"
    begins, ends = (f"{to_lagos(at):%H:%M}" for at in (found.starts_at, found.ends_at))
    raise Conflict(
        f"{whose} has {found.appointment_code} from {begins} to {ends}: choose a free time."
    )


def _check_hours(session: Session, wanted: Wanted, actor: Actor) -> Wanted:
    """Outside the doctor's hours only with a supervisor's reason; an emergency does not ask."""
    if wanted.doctor_id is None or wanted.type is AppointmentType.EMERGENCY:
        return replace(wanted, override_reason=None)
    if is_open(session, wanted.doctor_id, wanted.starts_at, wanted.minutes):
        return replace(wanted, override_reason=None)
    if wanted.override_reason is None:
        raise Conflict(
            "The doctor does not work at that time: choose a free one, or ask a supervisor"
            " to book it with a reason."
        )
    actor.require(Permission.APPOINTMENTS_SUPERVISE)
    return wanted


_OVERLAP = text(
    """
    SELECT appointment_code, starts_at, ends_at,
           coalesce(doctor_id = CAST(:doctor_id AS bigint), false) AS of_doctor
    FROM crm_appointments
    WHERE (doctor_id = CAST(:doctor_id AS bigint) OR patient_id = :patient_id)
      AND starts_at > CAST(:starts_at AS timestamptz) - interval '12 hours'
      AND starts_at < :ends_at AND ends_at > :starts_at
      AND status NOT IN ('cancelled', 'no_show') AND id <> :itself
    ORDER BY of_doctor DESC, starts_at LIMIT 1
    """
)
_IS_HERE = text(
    f"""
    SELECT d.active AND NOT {away_during("d.id", ":starts_at", ":ends_at")}
    FROM crm_doctors d WHERE d.id = :doctor_id
    """  # noqa: S608 # constants of ours
)

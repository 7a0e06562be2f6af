"""Departments, doctors and visits to arrange a test with, made by the services."""

from datetime import date, datetime, time, timedelta
from itertools import count

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.appointments import service
from crm_core.appointments.schemas import AppointmentCreate, AppointmentRead
from crm_core.base.clock import lagos_today
from crm_core.hospitals import doctors
from crm_core.hospitals.schemas import (
    DepartmentCreate,
    DepartmentRead,
    DoctorCreate,
    DoctorRead,
    LeaveCreate,
    LeaveRead,
    Shift,
    WeekChange,
)
from crm_core.people.schemas import Role
from tests.make import make_actor
from tests.make_business import make_hospital
from tests.make_patients import DESK, make_patient

SUPERVISOR = make_actor(Role.APPROVER)

_numbers = count(1)


def in_days(days: int) -> date:
    """So many days from today, in Lagos."""
    return lagos_today() + timedelta(days=days)


def next_weekday(weekday: int) -> date:
    """The first such day (1 is Monday) that lies at least two days ahead."""
    day = in_days(2)
    return day + timedelta(days=(weekday - day.isoweekday()) % 7)


def make_department(session: Session, hospital_id: int) -> DepartmentRead:
    """A department with a name of its own."""
    wanted = DepartmentCreate(hospital_id=hospital_id, name=f"Department {next(_numbers)}")
    return doctors.create_department(session, wanted, actor=SUPERVISOR)


def make_doctor(session: Session, hospital_id: int = 0, **more: object) -> DoctorRead:
    """A doctor without hours, who is booked at any time; at a new hospital unless one is given."""
    hospital_id = hospital_id or make_hospital(session).id
    wanted = {"hospital_id": hospital_id, "name": f"Dr {next(_numbers)}"} | more
    return doctors.create_doctor(session, DoctorCreate.model_validate(wanted), actor=SUPERVISOR)


def make_hours(
    session: Session,
    doctor_id: int,
    opens: str = "09:00",
    closes: str = "17:00",
    days: str = "12345",
) -> None:
    """The same shift on each of these weekdays."""
    shifts = [
        Shift(weekday=int(day), opens=time.fromisoformat(opens), closes=time.fromisoformat(closes))
        for day in days
    ]
    doctors.set_hours(session, doctor_id, WeekChange(shifts=shifts), actor=SUPERVISOR)


def make_leave(
    session: Session, doctor_id: int, starts_at: datetime, ends_at: datetime
) -> LeaveRead:
    """The doctor is away."""
    wanted = LeaveCreate(starts_at=starts_at, ends_at=ends_at, reason="Conference")
    return doctors.add_leave(session, doctor_id, wanted, actor=SUPERVISOR)


def asked_for(
    patient_id: int, hospital_id: int, day: date | None = None, at: str = "10:00", **more: object
) -> AppointmentCreate:
    """What a booking form holds: a consultation the day after tomorrow unless told otherwise."""
    wanted = {
        "patient_id": patient_id,
        "hospital_id": hospital_id,
        "appointment_date": day or in_days(2),
        "appointment_time": at,
        "type": "consultation",
    } | more
    return AppointmentCreate.model_validate(wanted)


def make_visit(
    session: Session,
    patient_id: int = 0,
    hospital_id: int = 0,
    day: date | None = None,
    at: str = "10:00",
    **more: object,
) -> AppointmentRead:
    """A scheduled visit; of a new patient and at a new hospital unless they are given."""
    wanted = asked_for(
        patient_id or make_patient(session).id,
        hospital_id or make_hospital(session).id,
        day,
        at,
        **more,
    )
    return service.create_appointment(session, wanted, actor=DESK)


def begin_ago(session: Session, appointment_id: int, **ago: int) -> None:
    """Lets a visit have begun so long ago, as if it had been booked before then."""
    session.execute(
        text(
            "UPDATE crm_appointments SET starts_at = date_trunc('minute', now() - :ago),"
            " booked_at = now() - :ago - interval '7 days' WHERE id = :id"
        ),
        {"ago": timedelta(**ago), "id": appointment_id},
    )

"""The sample hospitals' departments and doctors, and visits in the days after the loading."""

from datetime import date, time, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.appointments import service
from crm_core.appointments.schemas import AppointmentCreate
from crm_core.base.clock import lagos_today
from crm_core.hospitals import doctors
from crm_core.hospitals.schemas import DepartmentCreate, DoctorCreate, Shift, WeekChange
from crm_core.people.schemas import Actor
from seeds.files import read_document

_WEEK = WeekChange(
    shifts=[Shift(weekday=day, opens=time(8), closes=time(16)) for day in range(1, 6)]
    + [Shift(weekday=6, opens=time(9), closes=time(13))]
)


def load_appointments(session: Session, *, actor: Actor) -> None:
    """Everything by the services; who is booked is told so by a message in the outbox."""
    document = read_document("appointments.json")
    for entry in document["hospitals"]:
        _staff(session, entry, actor)
    for entry in document["appointments"]:
        _book(session, entry, actor)


def _staff(session: Session, entry: dict[str, Any], actor: Actor) -> None:
    hospital_id = session.execute(_HOSPITAL, {"code": entry["code"]}).scalar_one()
    departments = {
        name: doctors.create_department(
            session, DepartmentCreate(hospital_id=hospital_id, name=name), actor=actor
        ).id
        for name in entry["departments"]
    }
    for person in entry["doctors"]:
        doctor = DoctorCreate(
            hospital_id=hospital_id,
            department_id=departments[person["department"]],
            name=person["name"],
            specialty=person["specialty"],
        )
        made = doctors.create_doctor(session, doctor, actor=actor)
        doctors.set_hours(session, made.id, _WEEK, actor=actor)


def _book(session: Session, entry: dict[str, Any], actor: Actor) -> None:
    doctor = session.execute(_DOCTOR, {"name": entry["doctor"]}).one()
    wanted = AppointmentCreate(
        patient_id=session.execute(_PATIENT, {"code": entry["patient"]}).scalar_one(),
        hospital_id=doctor.hospital_id,
        department_id=doctor.department_id,
        doctor_id=doctor.id,
        appointment_date=_open_day(entry["open_day"]),
        appointment_time=entry["time"],
        duration_minutes=entry.get("duration_minutes"),
        type=entry["type"],
        reason=entry["reason"],
    )
    made = service.create_appointment(session, wanted, actor=actor)
    if entry.get("confirmed"):
        service.confirm_appointment(session, made.id, actor=actor)


def _open_day(number: int) -> date:
    """The first, second … day after today on which the doctors work all day."""
    ahead = [lagos_today() + timedelta(days=n) for n in range(1, 14)]
    return [day for day in ahead if day.isoweekday() < 6][number - 1]


_HOSPITAL = text("SELECT id FROM crm_hospitals WHERE hospital_code = :code")
_PATIENT = text("SELECT id FROM crm_patients WHERE patient_code = :code")
_DOCTOR = text("SELECT id, hospital_id, department_id FROM crm_doctors WHERE name = :name")

"""The day as a board and the week as cells, by hospital and doctor."""

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.appointments.models import Appointment
from crm_core.appointments.queries import APPOINTMENTS
from crm_core.appointments.schemas import (
    AppointmentRead,
    DayBoard,
    DoctorDay,
    Span,
    WeekCell,
)
from crm_core.appointments.slots import OPEN
from crm_core.base.clock import from_lagos
from crm_core.hospitals.queries import get_hospital

MOST_A_DAY = 2000
"""So many visits of one hospital are shown of a day; no hospital of the group comes near."""


def day_board(session: Session, hospital_id: int, day: date) -> DayBoard:
    """A day of a hospital: a column for each doctor who works there or has a visit that day."""
    get_hospital(session, hospital_id)
    visits: dict[int | None, list[AppointmentRead]] = defaultdict(list)
    for visit in _visits_on(session, hospital_id, day):
        visits[visit.doctor_id].append(visit)
    values = {"hospital_id": hospital_id, "first": day, "days": 1}
    found = session.execute(_DOCTORS, values).mappings()
    columns = [_column(row, visits.get(row["doctor_id"], [])) for row in found]
    if visits[None]:
        columns.append(_without_doctor(visits[None]))
    return DayBoard(hospital_id=hospital_id, day=day, doctors=columns)


def week(session: Session, hospital_id: int, first: date, *, days: int = 7) -> list[WeekCell]:
    """So many days of a hospital from ``first`` on: a cell a doctor and day, by name and day."""
    get_hospital(session, hospital_id)
    values = {"hospital_id": hospital_id, "first": first, "days": days}
    found = session.execute(_WEEK, values).mappings()
    return [WeekCell.model_validate(dict(row)) for row in found]


def _visits_on(session: Session, hospital_id: int, day: date) -> list[AppointmentRead]:
    begins = from_lagos(day, _MIDNIGHT)
    ends = from_lagos(day + timedelta(days=1), _MIDNIGHT)
    found = session.execute(
        APPOINTMENTS.statement.where(
            Appointment.hospital_id == hospital_id,
            Appointment.starts_at >= begins,
            Appointment.starts_at < ends,
        )
        .order_by(Appointment.starts_at, Appointment.id)
        .limit(MOST_A_DAY)
    )
    return [AppointmentRead.model_validate(dict(row)) for row in found.mappings()]


def _column(row: Any, visits: list[AppointmentRead]) -> DoctorDay:
    spans = [Span(starts_at=begins, ends_at=ends) for begins, ends in row["spans"] or []]
    return DoctorDay(
        doctor_id=row["doctor_id"],
        doctor_name=row["doctor_name"],
        department_name=row["department_name"],
        always=row["always"],
        open=spans,
        appointments=visits,
    )


def _without_doctor(visits: list[AppointmentRead]) -> DoctorDay:
    return DoctorDay(
        doctor_id=None,
        doctor_name="No doctor yet",
        department_name=None,
        always=True,
        open=[],
        appointments=visits,
    )

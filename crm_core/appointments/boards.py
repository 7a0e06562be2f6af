"""The day as a board and the week as cells, by hospital and doctor."""

from collections import defaultdict
from datetime import date, time, timedelta
from typing import Any

from sqlalchemy import BigInteger, and_, any_, bindparam, literal, or_, text
from sqlalchemy.dialects.postgresql import ARRAY
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


def day_board(
    session: Session, hospital_id: int, day: date, *, page: int = 1, most: int | None = None
) -> DayBoard:
    """A day of a hospital: a column for each doctor who works there or has a visit that day.

    Args:
        most: so many doctors a page, by name; all where it is None. Visits that have no doctor yet
            stand on the first page.
    """
    get_hospital(session, hospital_id)
    values = {"hospital_id": hospital_id, "first": day, "days": 1}
    found = session.execute(_DOCTORS, values).mappings().all()
    shown = found if most is None else found[(page - 1) * most : page * most]
    visits: dict[int | None, list[AppointmentRead]] = defaultdict(list)
    doctors = [row["doctor_id"] for row in shown]
    for visit in _visits_on(session, hospital_id, day, doctors, unassigned=page == 1):
        visits[visit.doctor_id].append(visit)
    columns = [_column(row, visits.get(row["doctor_id"], [])) for row in shown]
    if visits[None]:
        columns.append(_without_doctor(visits[None]))
    return DayBoard(hospital_id=hospital_id, day=day, doctors=columns, doctors_in_all=len(found))


def week(session: Session, hospital_id: int, first: date, *, days: int = 7) -> list[WeekCell]:
    """So many days of a hospital from ``first`` on: a cell a doctor and day, by name and day."""
    get_hospital(session, hospital_id)
    values = {"hospital_id": hospital_id, "first": first, "days": days}
    found = session.execute(_WEEK, values).mappings()
    return [WeekCell.model_validate(dict(row)) for row in found]


def _visits_on(
    session: Session, hospital_id: int, day: date, doctors: list[int], *, unassigned: bool
) -> list[AppointmentRead]:
    begins = from_lagos(day, _MIDNIGHT)
    ends = from_lagos(day + timedelta(days=1), _MIDNIGHT)
    found = session.execute(
        APPOINTMENTS.statement.where(
            Appointment.hospital_id == hospital_id,
            Appointment.starts_at >= begins,
            Appointment.starts_at < ends,
            or_(
                Appointment.doctor_id == any_(bindparam("doctors", doctors, ARRAY(BigInteger))),
                and_(Appointment.doctor_id.is_(None), literal(unassigned)),
            ),
        )
        .order_by(Appointment.starts_at, Appointment.id)
        .limit(MOST_A_DAY)
    )
    return [AppointmentRead.model_validate(dict(row)) for row in found.mappings()]


def _column(row: Any, visits: list[AppointmentRead]) -> DoctorDay:
    spans = zip(row["begins"], row["ends"], strict=True)
    return DoctorDay(
        doctor_id=row["doctor_id"],
        doctor_name=row["doctor_name"],
        department_name=row["department_name"],
        always=row["always"],
        open=[Span(starts_at=begins, ends_at=ends) for begins, ends in spans],
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


_MIDNIGHT = time(0)
_DOCTORS = text(
    f"""
    WITH doctors AS (
        SELECT d.id, d.name, p.name AS department_name FROM crm_doctors d
        LEFT JOIN crm_departments p ON p.id = d.department_id
        WHERE d.hospital_id = :hospital_id AND (d.active OR EXISTS (
            SELECT FROM crm_appointments a WHERE a.doctor_id = d.id
              AND a.starts_at >= crm_lagos_day(:first, 0)
              AND a.starts_at < crm_lagos_day(:first, 1)))
    ), {OPEN}, day AS (
        SELECT tstzmultirange(tstzrange(crm_lagos_day(:first, 0), crm_lagos_day(:first, 1)))
            AS during
    ), spans AS (
        SELECT open.doctor_id,
               open.during * day.during - coalesce(away.during, '{{}}') AS during
        FROM open CROSS JOIN day LEFT JOIN away ON away.doctor_id = open.doctor_id
    )
    SELECT d.id AS doctor_id, d.name AS doctor_name, d.department_name,
           NOT EXISTS (SELECT FROM crm_doctor_hours h WHERE h.doctor_id = d.id) AS always,
           ARRAY(SELECT lower(s) FROM unnest(spans.during) AS s ORDER BY 1) AS begins,
           ARRAY(SELECT upper(s) FROM unnest(spans.during) AS s ORDER BY 1) AS ends
    FROM doctors d LEFT JOIN spans ON spans.doctor_id = d.id
    ORDER BY d.name, d.id
    """  # noqa: S608
)
_WEEK = text(
    f"""
    WITH doctors AS (
        SELECT id, name FROM crm_doctors WHERE hospital_id = :hospital_id
    ), {OPEN}, days AS (
        SELECT day::date AS day, tstzrange(crm_lagos_day(day::date, 0), crm_lagos_day(day::date, 1))
            AS during
        FROM generate_series(CAST(:first AS date), CAST(:first AS date) + :days - 1,
                             interval '1 day') AS day
    ), hours AS (
        SELECT open.doctor_id, days.day, coalesce((
                   SELECT sum(extract(epoch FROM upper(s) - lower(s)) / 60)::int
                   FROM unnest(open.during * tstzmultirange(days.during)
                               - coalesce(away.during, '{{}}')) AS s), 0) AS minutes
        FROM open CROSS JOIN days LEFT JOIN away ON away.doctor_id = open.doctor_id
    ), visits AS (
        SELECT nullif(doctor_id, 0) AS doctor_id, day, sum(ahead) AS ahead, sum(here) AS here,
               sum(completed) AS completed, sum(missed) AS missed, sum(cancelled) AS cancelled,
               sum(minutes) AS minutes
        FROM crm_appointment_totals
        WHERE hospital_id = :hospital_id AND day >= :first AND day < CAST(:first AS date) + :days
        GROUP BY 1, 2 HAVING sum(visits) > 0
    ), cells AS (
        SELECT doctor_id, day FROM hours WHERE minutes > 0
        UNION SELECT doctor_id, day FROM visits
    )
    SELECT c.doctor_id, coalesce(d.name, 'No doctor yet') AS doctor_name, c.day,
           coalesce(v.ahead, 0) AS ahead, coalesce(v.here, 0) AS here,
           coalesce(v.completed, 0) AS completed, coalesce(v.missed, 0) AS missed,
           coalesce(v.cancelled, 0) AS cancelled, coalesce(v.minutes, 0) AS booked_minutes,
           h.minutes AS open_minutes
    FROM cells c
    LEFT JOIN doctors d ON d.id = c.doctor_id
    LEFT JOIN visits v ON v.doctor_id IS NOT DISTINCT FROM c.doctor_id AND v.day = c.day
    LEFT JOIN hours h ON h.doctor_id = c.doctor_id AND h.day = c.day
    ORDER BY doctor_name, c.doctor_id, c.day
    """  # noqa: S608
)

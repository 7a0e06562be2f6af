"""Figures of visits, from sums that triggers keep by day: missed, lead time, how full it is."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.appointments.schemas import (
    AppointmentFigures,
    AppointmentStats,
    StatsBy,
    StatsFilter,
)
from crm_core.base.clock import lagos_today
from crm_core.base.errors import Invalid
from crm_core.hospitals.where import within

LONGEST = 366
"""So many days at once."""
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
"""From the first of ISO's week."""


def appointment_stats(session: Session, filters: StatsFilter) -> AppointmentStats:
    """What was kept, missed and cancelled, how long ahead it was booked, how full doctors were."""
    first, last = days_of(filters)
    values = {
        "first": first,
        "last": last,
        "hospital_id": filters.hospital_id,
        "state": filters.state,
        "doctor_id": filters.doctor_id,
        "limit": filters.limit,
    }
    rows = session.execute(_STATEMENTS[filters.by], values).mappings().all()
    total = session.execute(_TOTAL, values).mappings().one()
    return AppointmentStats(
        date_from=first,
        date_to=last,
        total=_figures(total, filters.by),
        rows=[_figures(row, filters.by) for row in rows],
    )


def days_of(filters: StatsFilter) -> tuple[date, date]:
    """The days that are asked for; without any the last thirty, today the last."""
    last = filters.date_to or max(lagos_today(), filters.date_from or date.min)
    first = filters.date_from or last - timedelta(days=29)
    if last < first:
        raise Invalid.field("date_to", "Give a last day that is not before the first.")
    if (last - first).days >= LONGEST:
        raise Invalid.field("date_from", f"Choose at most {LONGEST} days.")
    return first, last


def _figures(row: Mapping[Any, Any], by: StatsBy) -> AppointmentFigures:
    kept, missed = int(row["completed"]), int(row["missed"])
    open_minutes, booked_minutes = int(row["open_minutes"]), int(row["booked_minutes"])
    name = row["name"]
    if by is StatsBy.WEEKDAY and row["key"].isdecimal():
        name = WEEKDAYS[int(row["key"]) - 1]
    return AppointmentFigures(
        key=row["key"],
        name=name,
        total=int(row["total"]),
        completed=kept,
        missed=missed,
        cancelled=int(row["cancelled"]),
        ahead=int(row["ahead"]),
        no_show_rate=_share(missed, kept + missed),
        lead_days=_share(int(row["lead_minutes"]), int(row["booked"]) * 1440),
        booked_minutes=booked_minutes,
        open_minutes=open_minutes,
        utilisation=_share(int(row["used_minutes"]), open_minutes),
    )


def _share(part: int, whole: int) -> Decimal | None:
    return (Decimal(part) / whole).quantize(Decimal("0.0001")) if whole else None


# Open minutes follow from the hours of the week and how often each weekday comes, less what leave
# takes of them: no day of no doctor is looked at one by one. Only doctors with known hours count.
_BASE = f"""
    WITH doctors AS (
        SELECT id, hospital_id, name FROM crm_doctors
        WHERE {within("hospital_id")}
          AND (CAST(:doctor_id AS bigint) IS NULL OR id = :doctor_id)
    ), days AS (
        SELECT day::date AS day, extract(isodow FROM day)::int AS weekday
        FROM generate_series(CAST(:first AS date), CAST(:last AS date), interval '1 day') AS day
    ), shifts AS (
        SELECT d.id AS doctor_id, d.hospital_id, h.weekday, h.opens, h.closes,
               (extract(epoch FROM h.closes - h.opens)::int / 60 + 1440) % 1440 AS minutes
        FROM doctors d JOIN crm_doctor_hours h ON h.doctor_id = d.id
    ), leave AS (
        SELECT s.doctor_id, s.hospital_id, days.day, days.weekday,
               -sum(extract(epoch FROM upper(lost) - lower(lost)) / 60) AS minutes
        FROM shifts s JOIN crm_doctor_leave l ON l.doctor_id = s.doctor_id
            AND l.ends_at > crm_lagos_day(:first, 0) AND l.starts_at < crm_lagos_day(:last, 2)
        JOIN days ON days.weekday = s.weekday
        CROSS JOIN LATERAL (SELECT crm_shift(days.day, s.opens, s.closes)
            * tstzrange(l.starts_at, l.ends_at) AS lost) AS x
        WHERE NOT isempty(lost) GROUP BY 1, 2, 3, 4
    ), visits AS (
        SELECT hospital_id, day, doctor_id, visits, ahead, completed, missed, cancelled, minutes,
               booked, lead_minutes, CASE WHEN known THEN minutes ELSE 0 END AS used
        FROM crm_appointment_totals
        LEFT JOIN (SELECT DISTINCT doctor_id, true AS known FROM shifts) w USING (doctor_id)
        WHERE day BETWEEN :first AND :last
          AND {within("hospital_id")}
          AND (CAST(:doctor_id AS bigint) IS NULL OR doctor_id = :doctor_id)
    )
"""  # noqa: S608  (conditions of ours)
_COUNTED = """
    sum(v.visits) AS total, sum(v.completed) AS completed, sum(v.missed) AS missed,
    sum(v.cancelled) AS cancelled, sum(v.ahead) AS ahead, sum(v.minutes) AS booked_minutes,
    sum(v.used) AS used_minutes, sum(v.booked) AS booked, sum(v.lead_minutes) AS lead_minutes
"""
_SHOWN = """
    coalesce(c.total, 0) AS total, coalesce(c.completed, 0) AS completed,
    coalesce(c.missed, 0) AS missed, coalesce(c.cancelled, 0) AS cancelled,
    coalesce(c.ahead, 0) AS ahead, coalesce(c.booked_minutes, 0) AS booked_minutes,
    coalesce(c.used_minutes, 0) AS used_minutes, coalesce(c.booked, 0) AS booked,
    coalesce(c.lead_minutes, 0) AS lead_minutes, greatest(0, coalesce(o.minutes, 0)) AS open_minutes
"""


def _open(of_shift: str, of_leave: str) -> str:
    """Open minutes by a column of shifts and the same of leave."""
    return f"""
        SELECT key, sum(minutes) AS minutes FROM (
            SELECT {of_shift} AS key, s.minutes * n.times AS minutes
            FROM shifts s JOIN (SELECT weekday, count(*) AS times FROM days GROUP BY 1) n
                USING (weekday)
            UNION ALL SELECT {of_leave}, l.minutes FROM leave l) x
        GROUP BY key
    """  # noqa: S608  (columns of ours)


def _by(visits_key: str, shift_key: str, leave_key: str, name: str, order: str) -> Any:
    return text(
        f"""
        {_BASE}, counted AS (SELECT {visits_key} AS key, {_COUNTED} FROM visits v GROUP BY 1),
        opened AS ({_open(shift_key, leave_key)})
        SELECT key::text, {name} AS name, {_SHOWN}
        FROM counted c FULL JOIN opened o USING (key)
        ORDER BY {order} LIMIT :limit
        """  # noqa: S608  (as above)
    )


_HOSPITAL_NAME = "(SELECT h.name FROM crm_hospitals h WHERE h.id = key)"
_DOCTOR_NAME = "coalesce((SELECT d.name FROM crm_doctors d WHERE d.id = key), 'No doctor')"
_BUSIEST = "total DESC, key"
_STATEMENTS: dict[StatsBy, Any] = {
    StatsBy.HOSPITAL: _by(
        "v.hospital_id", "s.hospital_id", "l.hospital_id", _HOSPITAL_NAME, _BUSIEST
    ),
    StatsBy.DOCTOR: _by("v.doctor_id", "s.doctor_id", "l.doctor_id", _DOCTOR_NAME, _BUSIEST),
    StatsBy.WEEKDAY: _by("extract(isodow FROM v.day)::int", "s.weekday", "l.weekday", "''", "key"),
}
_STATEMENTS[StatsBy.DAY] = text(
    f"""
    {_BASE}, counted AS (SELECT v.day AS key, {_COUNTED} FROM visits v GROUP BY 1),
    opened AS (
        SELECT key, sum(minutes) AS minutes FROM (
            SELECT days.day AS key, s.minutes FROM days JOIN (
                SELECT weekday, sum(minutes) AS minutes FROM shifts GROUP BY 1) s USING (weekday)
            UNION ALL SELECT l.day, l.minutes FROM leave l) x GROUP BY key)
    SELECT key::text, key::text AS name, {_SHOWN}
    FROM counted c FULL JOIN opened o USING (key) ORDER BY key LIMIT :limit
    """  # noqa: S608  (as above)
)
_TOTAL = text(
    f"""
    {_BASE}, counted AS (SELECT {_COUNTED} FROM visits v),
    opened AS (SELECT sum(minutes) AS minutes FROM ({_open("1", "1")}) x)
    SELECT 'total' AS key, 'All' AS name, {_SHOWN} FROM counted c CROSS JOIN opened o
    """  # noqa: S608  (as above)
)

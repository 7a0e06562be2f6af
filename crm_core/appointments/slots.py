"""Free times: what doctors are open for, less their leave, less what is booked."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.appointments.schemas import AppointmentType, Slot, SlotFilter
from crm_core.base import parameters
from crm_core.base.clock import utc_now


def free_slots(session: Session, filters: SlotFilter) -> list[Slot]:
    """Free times of a hospital's doctors, the first one first; none that has begun."""
    values = {
        "hospital_id": filters.hospital_id,
        "department_id": filters.department_id,
        "doctor_id": filters.doctor_id,
        "first": filters.date,
        "days": filters.days,
        "minutes": filters.duration_minutes or minutes_of(session, filters.type),
        "step": int(parameters.value_of(session, "appointments.slot_step_minutes")),
        "now": utc_now(),
        "limit": filters.limit,
    }
    found = session.execute(_SLOTS, values).mappings()
    return [Slot.model_validate(dict(row)) for row in found]


def minutes_of(session: Session, kind: AppointmentType) -> int:
    """How long a visit of this kind takes where nobody says otherwise."""
    return int(parameters.value_of(session, f"appointments.{kind.value}_minutes"))


def is_open(session: Session, doctor_id: int, starts_at: datetime, minutes: int) -> bool:
    """Whether the doctor works throughout this time and is not on leave.

    A doctor without any hours is taken to work at all times.
    """
    values = {"doctor_id": doctor_id, "starts_at": starts_at, "minutes": minutes}
    return bool(session.execute(_OPEN, values).scalar_one())


def away_during(doctor: str, starts_at: str, ends_at: str) -> str:
    """A condition: the doctor is on leave at some moment of this time."""
    return (
        f"EXISTS (SELECT FROM crm_doctor_leave l WHERE l.doctor_id = {doctor}"
        f" AND l.ends_at > {starts_at} AND l.starts_at < {ends_at})"
    )


# A shift of the day before may reach into the first day. Ranges that overlap are added up by
# range_agg, so that hours entered twice give no time twice.
OPEN = """
    open AS (
        SELECT d.id AS doctor_id,
               range_agg(crm_shift(day::date, h.opens, h.closes)) AS during
        FROM doctors d JOIN crm_doctor_hours h ON h.doctor_id = d.id
        JOIN generate_series(CAST(:first AS date) - 1, CAST(:first AS date) + :days - 1,
                             interval '1 day') AS day
            ON extract(isodow FROM day) = h.weekday
        GROUP BY d.id
    ), away AS (
        SELECT l.doctor_id, range_agg(tstzrange(l.starts_at, l.ends_at)) AS during
        FROM doctors d JOIN crm_doctor_leave l ON l.doctor_id = d.id
        WHERE l.ends_at > crm_lagos_day(:first, 0) AND l.starts_at < crm_lagos_day(:first, :days)
        GROUP BY l.doctor_id
    )
"""
"""Open and away times, in days from ``first`` on, of what a table ``doctors`` names."""

# Where no hours are known a doctor is offered from eight to five on working days.
_SLOTS = text(
    f"""
    WITH doctors AS (
        SELECT id, name FROM crm_doctors
        WHERE hospital_id = :hospital_id AND active
          AND (CAST(:department_id AS bigint) IS NULL OR department_id = :department_id)
          AND (CAST(:doctor_id AS bigint) IS NULL OR id = :doctor_id)
    ), {OPEN}, usual AS (
        SELECT range_agg(crm_shift(day::date, '08:00', '17:00')) AS during
        FROM generate_series(CAST(:first AS date), CAST(:first AS date) + :days - 1,
                             interval '1 day') AS day
        WHERE extract(isodow FROM day) < 6
    ), busy AS (
        SELECT a.doctor_id, range_agg(tstzrange(a.starts_at, a.ends_at)) AS during
        FROM doctors d JOIN crm_appointments a ON a.doctor_id = d.id
        WHERE a.starts_at > crm_lagos_day(:first, 0) - interval '12 hours'
          AND a.starts_at < crm_lagos_day(:first, :days)
          AND a.status NOT IN ('cancelled', 'no_show')
        GROUP BY a.doctor_id
    ), free AS (
        SELECT d.id, d.name, unnest(
            tstzmultirange(tstzrange(greatest(:now, crm_lagos_day(:first, 0)),
                                     greatest(:now, crm_lagos_day(:first, :days))))
            * CASE WHEN EXISTS (SELECT FROM crm_doctor_hours h WHERE h.doctor_id = d.id)
                   THEN coalesce(open.during, '{{}}') ELSE coalesce(usual.during, '{{}}') END
            - coalesce(away.during, '{{}}') - coalesce(busy.during, '{{}}')) AS span
        FROM doctors d CROSS JOIN usual
        LEFT JOIN open ON open.doctor_id = d.id
        LEFT JOIN away ON away.doctor_id = d.id
        LEFT JOIN busy ON busy.doctor_id = d.id
    )
    SELECT id AS doctor_id, name AS doctor_name, at AS starts_at,
           at + make_interval(mins => :minutes) AS ends_at
    FROM free CROSS JOIN LATERAL generate_series(
        -- The first step of the clock at or after the beginning of the free time.
        date_bin(make_interval(mins => :step),
                 lower(span) + make_interval(mins => :step) - interval '1 microsecond',
                 crm_lagos_day(:first, 0)),
        upper(span) - make_interval(mins => :minutes),
        make_interval(mins => :step)) AS at
    ORDER BY at, name, id LIMIT :limit
    """  # noqa: S608
)
_OPEN = text(
    """
    WITH wanted AS (
        SELECT tstzrange(:starts_at, :starts_at + make_interval(mins => :minutes)) AS during,
               (CAST(:starts_at AS timestamptz) AT TIME ZONE 'Africa/Lagos')::date AS day
    ), open AS (
        SELECT range_agg(crm_shift(day - back, h.opens, h.closes)) AS during
        FROM wanted CROSS JOIN generate_series(-1, 1) AS back
        JOIN crm_doctor_hours h
            ON h.doctor_id = :doctor_id AND h.weekday = extract(isodow FROM day - back)
    )
    SELECT (coalesce(open.during @> wanted.during, false)
            OR NOT EXISTS (SELECT FROM crm_doctor_hours WHERE doctor_id = :doctor_id))
       AND NOT EXISTS (SELECT FROM crm_doctor_leave l WHERE l.doctor_id = :doctor_id
                       AND tstzrange(l.starts_at, l.ends_at) && wanted.during)
    FROM wanted CROSS JOIN open
    """
)

"""What must always hold of visits, for `verify`: a rule is a statement that finds offenders."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from crm_core.base.rules import broken_rules


def invariants(session: Session) -> Iterator[str]:
    """A sentence for each rule that is broken, naming the first offenders."""
    yield from broken_rules(session, {**_VISITS, **_TOLD, **_SUMS})


_VISITS = {
    "a doctor has two visits at once": """
        SELECT appointment_code FROM (
            SELECT appointment_code, starts_at,
                   max(ends_at) OVER (PARTITION BY doctor_id ORDER BY starts_at, id
                       ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS busy_until
            FROM crm_appointments
            WHERE doctor_id IS NOT NULL AND status NOT IN ('cancelled', 'no_show')) v
        WHERE starts_at < busy_until
    """,
    "a patient has two visits at once, and no merging of records explains it": """
        SELECT appointment_code FROM (
            SELECT appointment_code, starts_at,
                   max(ends_at) OVER (PARTITION BY patient_id ORDER BY starts_at, id
                       ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS busy_until
            FROM crm_appointments
            WHERE NOT overlap_accepted AND status NOT IN ('cancelled', 'no_show')) v
        WHERE starts_at < busy_until
    """,
    "a visit is of a record that was merged into another": """
        SELECT a.appointment_code FROM crm_appointments a JOIN crm_patients p ON p.id = a.patient_id
        WHERE p.merged_into_id <> p.id
    """,
    "a visit has a stamp of a state that it has not reached": """
        SELECT appointment_code FROM crm_appointments
        WHERE (started_at IS NOT NULL AND status NOT IN ('in_progress', 'completed'))
           OR (checked_in_at IS NOT NULL
               AND status NOT IN ('arrived', 'in_progress', 'completed', 'cancelled'))
    """,
    "points were given for a visit that is not completed": """
        SELECT a.appointment_code FROM crm_loyalty_transactions t
        JOIN crm_appointments a ON a.id::text = split_part(t.reference_id, '/', 1)
        WHERE t.rule = 'visit' AND t.reference_type = 'visit' AND a.status <> 'completed'
          AND NOT EXISTS (SELECT FROM crm_loyalty_undone_visits u WHERE u.id = t.id)
    """,
}
_TOLD = {
    "a notice that was queued has no message": """
        SELECT a.appointment_code FROM crm_appointment_notices n
        JOIN crm_appointments a ON a.id = n.appointment_id
        WHERE n.outcome = 'queued' AND n.message_id IS NULL
    """,
    "somebody took a freed time and has no visit then": """
        SELECT p.patient_code FROM crm_slot_offers o JOIN crm_waitlist w ON w.id = o.waitlist_id
        JOIN crm_patients p ON p.id = w.patient_id
        WHERE o.status = 'taken' AND w.appointment_id IS NULL
    """,
}
_SUMS = {
    "a day's sums of visits are not those of its visits": """
        SELECT concat_ws(' ', day, doctor_id) FROM (
            SELECT hospital_id, day, doctor_id, sum(visits) AS visits, sum(ahead) AS ahead,
                   sum(here) AS here, sum(completed) AS completed, sum(missed) AS missed,
                   sum(cancelled) AS cancelled, sum(minutes) AS minutes, sum(booked) AS booked,
                   sum(lead_minutes) AS lead
            FROM crm_appointment_totals GROUP BY 1, 2, 3) s
        FULL JOIN (
            SELECT hospital_id, (starts_at AT TIME ZONE 'Africa/Lagos')::date AS day,
                   coalesce(doctor_id, 0) AS doctor_id, count(*) AS visits,
                   count(*) FILTER (WHERE status IN ('scheduled', 'confirmed')) AS ahead,
                   count(*) FILTER (WHERE status IN ('arrived', 'in_progress')) AS here,
                   count(*) FILTER (WHERE status = 'completed') AS completed,
                   count(*) FILTER (WHERE status = 'no_show') AS missed,
                   count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
                   sum(CASE WHEN status IN ('cancelled', 'no_show') THEN 0
                       ELSE duration_minutes END) AS minutes,
                   count(*) FILTER (WHERE NOT walk_in) AS booked, sum(crm_lead_minutes(a)) AS lead
            FROM crm_appointments a GROUP BY 1, 2, 3) v USING (hospital_id, day, doctor_id)
        WHERE (coalesce(s.visits, 0), coalesce(s.ahead, 0), coalesce(s.here, 0),
               coalesce(s.completed, 0), coalesce(s.missed, 0), coalesce(s.cancelled, 0),
               coalesce(s.minutes, 0), coalesce(s.booked, 0), coalesce(s.lead, 0))
           <> (coalesce(v.visits, 0), coalesce(v.ahead, 0), coalesce(v.here, 0),
               coalesce(v.completed, 0), coalesce(v.missed, 0), coalesce(v.cancelled, 0),
               coalesce(v.minutes, 0), coalesce(v.booked, 0), coalesce(v.lead, 0))
    """,
}

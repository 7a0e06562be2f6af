"""Who did what a campaign was for, found by a job among those it chose and those it left out."""

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from crm_core.campaigns.schemas import Goal


def count_conversions(session: Session) -> int:
    """Looks at every launch whose time for it is not long over; gives how many are new.

    A person counts once a launch, whether written to or left out by lot.
    """
    session.execute(text("SET LOCAL work_mem = '128MB'"))
    return sum(_new(session, statement) for statement in _STATEMENTS.values())


def _new(session: Session, statement: TextClause) -> int:
    found: int = session.execute(statement).scalar_one()
    return found


def _statement(goal: Goal, events: str) -> TextClause:
    """``events`` is a SELECT of patient and instant since ``begun``; words of our own alone."""
    return text(
        f"""
        WITH runs AS MATERIALIZED (
            SELECT r.id, r.frozen_at, r.frozen_at + make_interval(days => c.goal_days) AS ends_at
            FROM crm_campaign_runs r JOIN crm_campaigns c ON c.id = r.campaign_id
            WHERE c.goal = '{goal.value}' AND r.frozen_at IS NOT NULL
              AND c.target_audience <> 'all_owners'
              AND r.frozen_at + make_interval(days => c.goal_days + 2) > now()
        ), events (patient_id, at) AS (
            {events}
        ), new AS (
            INSERT INTO crm_campaign_conversions (run_id, person_id, control, happened_at)
            SELECT r.id, p.person_id, p.outcome = 'control', min(e.at)
            FROM runs r
            JOIN events e ON e.at >= r.frozen_at AND e.at < r.ends_at
            JOIN crm_campaign_recipients p ON p.run_id = r.id AND p.person_id = e.patient_id
            WHERE p.outcome IN ('queued', 'control')
            GROUP BY r.id, p.person_id, p.outcome
            ON CONFLICT DO NOTHING RETURNING person_id
        )
        SELECT count(*) FROM new
        """  # noqa: S608 (see the docstring)
    )


_STATEMENTS = {
    Goal.APPOINTMENT_BOOKED: _statement(
        Goal.APPOINTMENT_BOOKED,
        "SELECT patient_id, booked_at FROM crm_appointments"
        " WHERE booked_at >= (SELECT min(frozen_at) FROM runs)",
    ),
    Goal.VISIT_COMPLETED: _statement(
        Goal.VISIT_COMPLETED,
        "SELECT patient_id, completed_at FROM crm_appointments"
        " WHERE completed_at >= (SELECT min(frozen_at) FROM runs)",
    ),
    Goal.SURVEY_ANSWERED: _statement(
        Goal.SURVEY_ANSWERED,
        "SELECT patient_id, created_at FROM crm_feedback WHERE type = 'survey_response'"
        " AND patient_id IS NOT NULL AND created_at >= (SELECT min(frozen_at) FROM runs)",
    ),
}

"""Reads of the operations centre: from the sums that domains keep, never from what they sum."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.appointments.figures import appointment_stats
from crm_core.appointments.schemas import AppointmentFigures, StatsBy, StatsFilter
from crm_core.base import parameters
from crm_core.base.clock import add_months, lagos_today, last_months
from crm_core.insights.morning.schemas import (
    CampaignsNow,
    ComplaintMonth,
    Delivery,
    FeedbackNow,
    LiabilityMonth,
    MorningFilter,
    Operations,
    ScoreMonth,
    SentDay,
    ToDo,
    VisitDay,
)
from crm_core.loyalty.figures.queries import programme_by_month
from crm_core.owners.contracts import list_contracts
from crm_core.owners.queries import satisfaction_by_month
from crm_core.owners.schemas import ContractFilter, ContractStatus
from crm_core.payouts.queries import payout_stats

MONTHS = 12
_FOUR_WEEKS = 28
_MOST_PLACES = 500
_RATE = Decimal("0.0001")


def operations(session: Session, filters: MorningFilter) -> Operations:
    """Every figure of the centre."""
    hospital_id = filters.hospital_id
    now = session.execute(_NOW, {"hospital_id": hospital_id}).mappings().one()
    return Operations(
        hospital_id=hospital_id,
        days=filters.days,
        payouts=payout_stats(session, hospital_id=hospital_id),
        satisfaction=_satisfaction(session, hospital_id),
        visits=_visits(session, filters),
        visits_by_hospital=_by_hospital(session, filters),
        feedback=FeedbackNow.model_validate(dict(now)),
        complaints=_complaints(session, hospital_id),
        campaigns=_campaigns(session),
        delivery=_delivery(session, filters.days),
        liability=_liability(session),
    )


def to_do(session: Session, staff_id: int | None) -> ToDo:
    """How much waits for people: each number is the length of the list that shows it.

    Args:
        staff_id: whose cases ``mine`` counts.
    """
    found = session.execute(_TO_DO, {"staff_id": staff_id}).mappings().one()
    expiring = ContractFilter(status=ContractStatus.EXPIRING, limit=1)
    return ToDo(**found, expiring=list_contracts(expiring).page(session).total)


def first_day(days: int) -> date:
    """The first of the last ``days`` days, today among them."""
    return lagos_today() - timedelta(days=days - 1)


def _satisfaction(session: Session, hospital_id: int | None) -> list[ScoreMonth]:
    months = last_months(MONTHS)
    found = satisfaction_by_month(session, months, hospital_id=hospital_id)
    scores = {point.as_of: point.score for point in found}
    return [ScoreMonth(month=month, score=scores.get(month)) for month in months]


def _visits(session: Session, filters: MorningFilter) -> list[VisitDay]:
    """Day by day, today the last; at least as far back as four weeks, to compare with."""
    days = max(filters.days, _FOUR_WEEKS + 1)
    first = first_day(days)
    asked = StatsFilter(
        by=StatsBy.DAY, hospital_id=filters.hospital_id, limit=days, **_between(first)
    )
    found = {row.key: row for row in appointment_stats(session, asked).rows}
    return [_visit_day(first + timedelta(days=n), found) for n in range(days)]


def _visit_day(day: date, found: dict[str, AppointmentFigures]) -> VisitDay:
    row = found.get(day.isoformat())
    return VisitDay(day=day, visits=row.total if row else 0, missed=row.missed if row else 0)


def _by_hospital(session: Session, filters: MorningFilter) -> list[AppointmentFigures]:
    """The busiest first; those without visits are left out."""
    asked = StatsFilter(
        by=StatsBy.HOSPITAL,
        hospital_id=filters.hospital_id,
        limit=_MOST_PLACES,
        **_between(first_day(filters.days)),
    )
    return [row for row in appointment_stats(session, asked).rows if row.total]


def _between(first: date) -> dict[str, date]:
    return {"date_from": first, "date_to": lagos_today()}


def _complaints(session: Session, hospital_id: int | None) -> list[ComplaintMonth]:
    months = last_months(MONTHS)
    asked = {"since": months[0], "hospital_id": hospital_id}
    found = {row.month: row for row in session.execute(_COMPLAINTS, asked)}
    return [
        ComplaintMonth(
            month=month,
            complaints=found[month].complaints if month in found else 0,
            late=found[month].late if month in found else 0,
        )
        for month in months
    ]


def _campaigns(session: Session) -> CampaignsNow:
    this = last_months(1)[0]
    asked = {"this": this, "before": add_months(this, -1)}
    return CampaignsNow.model_validate(dict(session.execute(_CAMPAIGNS, asked).mappings().one()))


def _delivery(session: Session, days: int) -> Delivery:
    asked = {"first": first_day(2 * days)}
    by_day = [SentDay.model_validate(dict(r)) for r in session.execute(_SENT, asked).mappings()]
    begins = first_day(days)
    now = [each for each in by_day if each.day >= begins]
    before = [each for each in by_day if each.day < begins]
    return Delivery(
        sent=sum(each.sent for each in now),
        delivered=sum(each.delivered for each in now),
        rate=_rate(now),
        rate_before=_rate(before),
        by_day=now,
    )


def _rate(days: Sequence[SentDay]) -> Decimal | None:
    sent, delivered = sum(each.sent for each in days), sum(each.delivered for each in days)
    return (Decimal(delivered) / sent).quantize(_RATE) if sent else None


def _liability(session: Session) -> list[LiabilityMonth]:
    value = parameters.value_of(session, "loyalty.naira_a_point")
    return [
        LiabilityMonth(month=each.month, liability=each.outstanding * value)
        for each in programme_by_month(session, MONTHS)
    ]


# The states of the queue are written out, so that the planner sees its index.
_NOW = text(
    """
    SELECT count(*) AS open, count(*) FILTER (WHERE type = 'complaint') AS complaints,
           count(*) FILTER (WHERE due_at < now()) AS overdue,
           count(*) FILTER (WHERE escalated_at IS NOT NULL) AS escalated
    FROM crm_feedback
    WHERE status IN ('new', 'acknowledged', 'in_progress', 'waiting', 'reopened')
      AND (CAST(:hospital_id AS bigint) IS NULL OR hospital_id = :hospital_id)
    """
)
_COMPLAINTS = text(
    """
    SELECT month, coalesce(sum(pieces) FILTER (WHERE type = 'complaint'), 0) AS complaints,
           sum(responded_late + resolved_late) AS late
    FROM (SELECT kind, month, hospital_id, type, pieces, responded_late, resolved_late
          FROM crm_feedback_sums
          UNION ALL
          SELECT kind, month, hospital_id, type, pieces, responded_late, resolved_late
          FROM crm_feedback_sum_changes) s
    WHERE kind = 'target' AND month >= :since
      AND (CAST(:hospital_id AS bigint) IS NULL OR hospital_id = :hospital_id)
    GROUP BY month
    """
)
_CAMPAIGNS = text(
    """
    SELECT count(*) FILTER (WHERE status = 'active') AS running,
           count(*) FILTER (WHERE start_date >= crm_lagos_day(:this, 0)) AS began,
           count(*) FILTER (WHERE start_date >= crm_lagos_day(:before, 0)
                              AND start_date < crm_lagos_day(:this, 0)) AS began_before
    FROM crm_campaigns
    """
)
_SENT = text(
    """
    SELECT (hour AT TIME ZONE 'Africa/Lagos')::date AS day,
           coalesce(sum(messages) FILTER (
               WHERE status IN ('sent', 'delivered', 'read', 'failed')), 0) AS sent,
           coalesce(sum(messages) FILTER (WHERE status IN ('delivered', 'read')), 0) AS delivered
    FROM crm_message_health WHERE hour >= crm_lagos_day(:first, 0)
    GROUP BY 1 ORDER BY 1
    """
)
_TO_DO = text(
    """
    SELECT (SELECT count(*) FROM crm_campaigns WHERE status = 'pending_approval') AS campaigns,
           (SELECT count(*) FROM crm_feedback
            WHERE status IN ('new', 'acknowledged', 'in_progress', 'waiting', 'reopened')
              AND escalated_at IS NOT NULL) AS escalated,
           (SELECT count(*) FROM crm_feedback
            WHERE status IN ('new', 'acknowledged', 'in_progress', 'waiting', 'reopened')
              AND due_at < now()) AS overdue,
           (SELECT count(*) FROM crm_feedback
            WHERE status IN ('new', 'acknowledged', 'in_progress', 'waiting', 'reopened')
              AND assigned_to = :staff_id) AS mine,
           (SELECT count(*) FROM crm_communication_logs WHERE status = 'unknown')
               AS unknown_messages,
           (SELECT count(*) FROM crm_appointment_answers WHERE outcome = 'to_a_person') AS answers
    """
)

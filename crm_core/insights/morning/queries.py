"""Reads of the operations centre: from the sums that domains keep, never from what they sum."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.appointments.daily import DayOfVisits, daily_visits
from crm_core.base import parameters
from crm_core.base.clock import lagos_today, last_months
from crm_core.hospitals.where import Where, within
from crm_core.insights.morning.schemas import (
    CampaignsNow,
    ComplaintMonth,
    Delivery,
    FeedbackNow,
    HospitalVisits,
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
from crm_core.payouts.queries import payouts_now_and_before

MONTHS = 12
_FOUR_WEEKS = 28
_RATE = Decimal("0.0001")


def operations(session: Session, filters: MorningFilter) -> Operations:
    """Every figure of the centre."""
    where, months = filters.where, last_months(MONTHS)
    now = session.execute(_NOW, where.values).mappings().one()
    visits, visits_by_hospital = _visits(session, filters)
    stats, by_month = payouts_now_and_before(session, months, where)
    return Operations(
        hospital_id=filters.hospital_id,
        state=filters.state,
        days=filters.days,
        payouts=stats,
        payouts_by_month=by_month,
        satisfaction=_satisfaction(session, months, where),
        visits=visits,
        visits_by_hospital=visits_by_hospital,
        feedback=FeedbackNow.model_validate(dict(now)),
        complaints=_complaints(session, months, where),
        campaigns=_campaigns(session, months),
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


def _satisfaction(session: Session, months: Sequence[date], where: Where) -> list[ScoreMonth]:
    found = satisfaction_by_month(session, months, where)
    scores = {point.as_of: point.score for point in found}
    return [ScoreMonth(month=month, score=scores.get(month)) for month in months]


def _visits(
    session: Session, filters: MorningFilter
) -> tuple[list[VisitDay], list[HospitalVisits]]:
    """Day by day, today the last, at least as far back as four weeks, to compare with.

    And by hospital over the days that are asked for, the busiest first.
    """
    days = max(filters.days, _FOUR_WEEKS + 1)
    first, since = first_day(days), first_day(filters.days)
    by_day, places = daily_visits(session, first, lagos_today(), since=since, where=filters.where)
    found = {each.day: each for each in by_day}
    return [_visit_day(first + timedelta(days=n), found) for n in range(days)], [
        HospitalVisits(
            key=str(each.hospital_id), name=each.name, total=each.visits, missed=each.missed
        )
        for each in places
    ]


def _visit_day(day: date, found: dict[date, DayOfVisits]) -> VisitDay:
    each = found.get(day, DayOfVisits(day, 0, 0))
    return VisitDay(day=day, visits=each.visits, missed=each.missed)


def _complaints(session: Session, months: Sequence[date], where: Where) -> list[ComplaintMonth]:
    asked = {"since": months[0], **where.values}
    found = {row.month: row for row in session.execute(_COMPLAINTS, asked)}
    return [
        ComplaintMonth(
            month=month,
            complaints=found[month].complaints if month in found else 0,
            late=found[month].late if month in found else 0,
        )
        for month in months
    ]


def _campaigns(session: Session, months: Sequence[date]) -> CampaignsNow:
    row = session.execute(_CAMPAIGNS, {"months": list(months)}).one()
    return CampaignsNow(
        running=row.running,
        began=row.began[-1],
        began_before=row.began[-2],
        began_by_month=row.began,
    )


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
    f"""
    SELECT count(*) AS open, count(*) FILTER (WHERE type = 'complaint') AS complaints,
           count(*) FILTER (WHERE due_at < now()) AS overdue,
           count(*) FILTER (WHERE escalated_at IS NOT NULL) AS escalated
    FROM crm_feedback
    WHERE status IN ('new', 'acknowledged', 'in_progress', 'waiting', 'reopened')
      AND {within("hospital_id")}
    """  # noqa: S608  (conditions of ours)
)
_COMPLAINTS = text(
    f"""
    SELECT month, coalesce(sum(pieces) FILTER (WHERE type = 'complaint'), 0) AS complaints,
           sum(responded_late + resolved_late) AS late
    FROM (SELECT kind, month, hospital_id, type, pieces, responded_late, resolved_late
          FROM crm_feedback_sums
          UNION ALL
          SELECT kind, month, hospital_id, type, pieces, responded_late, resolved_late
          FROM crm_feedback_sum_changes) s
    WHERE kind = 'target' AND month >= :since
      AND {within("hospital_id")}
    GROUP BY month
    """  # noqa: S608  (as above)
)
_CAMPAIGNS = text(
    """
    SELECT (SELECT count(*) FROM crm_campaigns WHERE status = 'active') AS running,
           (SELECT array_agg((SELECT count(*) FROM crm_campaigns
                              WHERE start_date >= crm_lagos_month(month, 0)
                                AND start_date < crm_lagos_month(month, 1)) ORDER BY month)
            FROM unnest(CAST(:months AS date[])) AS month) AS began
    """
)
# The sums of the hours as they lie: their view adds up by channel and provider first.
_SENT = text(
    """
    WITH hours AS (
        SELECT hour,
               sum(messages) FILTER (
                   WHERE status IN ('sent', 'delivered', 'read', 'failed')) AS sent,
               sum(messages) FILTER (WHERE status IN ('delivered', 'read')) AS delivered
        FROM (SELECT hour, status, messages FROM crm_message_hours
              UNION ALL SELECT hour, status, messages FROM crm_message_hour_lines) lines
        WHERE hour >= crm_lagos_day(:first, 0) GROUP BY hour
    )
    SELECT (hour AT TIME ZONE 'Africa/Lagos')::date AS day,
           coalesce(sum(sent), 0) AS sent, coalesce(sum(delivered), 0) AS delivered
    FROM hours GROUP BY 1 ORDER BY 1
    """
)
_TO_DO = text(
    """
    SELECT (SELECT count(*) FROM crm_campaigns WHERE status = 'pending_approval') AS campaigns,
           cases.*,
           (SELECT count(*) FROM crm_communication_logs WHERE status = 'unknown')
               AS unknown_messages,
           (SELECT count(*) FROM crm_appointment_answers WHERE outcome = 'to_a_person') AS answers
    FROM (SELECT count(*) FILTER (WHERE escalated_at IS NOT NULL) AS escalated,
                 count(*) FILTER (WHERE due_at < now()) AS overdue,
                 count(*) FILTER (WHERE assigned_to = :staff_id) AS mine
          FROM crm_feedback
          WHERE status IN ('new', 'acknowledged', 'in_progress', 'waiting', 'reopened')) AS cases
    """
)

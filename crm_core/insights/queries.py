"""Reads across domains: the figures of the morning."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.clock import last_months
from crm_core.insights.schemas import ContractPay, MonthFigures, MonthToPrepare, Waiting
from crm_core.owners import queries as owners


def figures_by_month(session: Session, months: int = 12) -> list[MonthFigures]:
    """Owners, satisfaction, what was paid, lifetime value: the last ``months`` months to now."""
    wanted = last_months(months)
    scores = {p.as_of: p.score for p in owners.satisfaction_by_month(session, wanted)}
    found = session.execute(_BY_MONTH, {"months": wanted}).mappings()
    return [
        MonthFigures.model_validate({**row, "satisfaction": scores.get(row["month"])})
        for row in found
    ]


def waiting_for(session: Session, person: str) -> Waiting:
    """Payouts that wait for an approval and that this person did not make.

    Args:
        person: key of the human, such as ``staff:12``, as ``Actor.person`` has it.
    """
    row = session.execute(_WAITING, {"person": person}).mappings().one()
    return Waiting.model_validate(dict(row))


def months_to_prepare(session: Session, months: int = 3) -> list[MonthToPrepare]:
    """Which of the last ``months`` ended months have contracts without a payout, latest first."""
    wanted = last_months(months + 1)[:-1]
    found = session.execute(_TO_PREPARE, {"months": wanted}).mappings()
    return [MonthToPrepare.model_validate(dict(row)) for row in found]


def pay_of_contracts(session: Session, owner_id: int) -> dict[int, ContractPay]:
    """What each contract of the owner has paid so far, by the contract's id."""
    found = session.execute(_PAY_OF_CONTRACTS, {"owner_id": owner_id}).mappings()
    return {row["contract_id"]: ContractPay.model_validate(dict(row)) for row in found}


# Lifetime value goes backwards from now: what was paid after a month's end is taken off again.
_BY_MONTH = text(
    """
    WITH asked AS (SELECT unnest(CAST(:months AS date[])) AS month),
    paid AS (
        SELECT a.month, coalesce(sum(t.net_amount), 0) AS net,
               coalesce(sum(t.gross_revenue), 0) AS gross
        FROM asked a LEFT JOIN crm_payout_totals t ON t.paid_month = a.month
        GROUP BY a.month
    ), joined AS (
        SELECT a.month, coalesce(sum(o.owners), 0) AS owners
        FROM asked a LEFT JOIN (
            SELECT CAST(date_trunc('month', onboarding_date) AS date) AS month, count(*) AS owners
            FROM crm_owners GROUP BY 1
        ) o ON o.month <= a.month
        GROUP BY a.month
    ), now_worth AS (
        SELECT coalesce(sum(opening_value + payouts_paid_gross), 0) AS worth FROM crm_owners
    )
    SELECT p.month, j.owners, p.net AS paid,
           greatest(n.worth - coalesce(sum(p.gross) OVER later, 0), 0) AS lifetime_value
    FROM paid p JOIN joined j USING (month) CROSS JOIN now_worth n
    WINDOW later AS (ORDER BY p.month ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
    ORDER BY p.month
    """
)
_WAITING = text(
    """
    SELECT count(*) AS count, coalesce(sum(net_amount), 0) AS net_amount
    FROM crm_payouts WHERE status IN ('pending', 'failed') AND created_by <> :person
    """
)
# What preparing the month would find: see payouts/service/preparing.
_TO_PREPARE = text(
    """
    WITH live AS MATERIALIZED (
        -- Only the payouts of these months: each contract's own would be all of them in the end.
        SELECT contract_id, period_start, period_end FROM crm_payouts
        WHERE due_on >= (SELECT min(month) + 14 FROM unnest(CAST(:months AS date[])) AS m(month))
          AND status IN ('pending', 'approved', 'processing', 'unknown', 'paid')
    )
    SELECT m.month,
           count(*) FILTER (WHERE r.id IS NOT NULL) AS ready,
           count(*) FILTER (WHERE r.id IS NULL) AS without_revenue
    FROM unnest(CAST(:months AS date[])) AS m(month)
    JOIN crm_owner_contracts t ON t.state = 'signed'
        AND t.start_date < m.month + interval '1 month' AND t.end_date >= m.month
    LEFT JOIN crm_hospital_revenue r ON r.hospital_id = t.hospital_id AND r.month = m.month
        AND r.month = ANY(CAST(:months AS date[]))
    WHERE NOT EXISTS (
        SELECT FROM live p
        WHERE p.contract_id = t.id AND p.period_end >= greatest(t.start_date, m.month)
          AND p.period_start <= least(t.end_date, m.month + interval '1 month - 1 day'))
      AND (r.id IS NULL OR r.gross_revenue > 0 OR t.minimum_guarantee > 0)
    GROUP BY m.month ORDER BY m.month DESC
    """
)
_PAY_OF_CONTRACTS = text(
    """
    SELECT contract_id, count(*) FILTER (WHERE status = 'paid') AS payments,
           coalesce(sum(net_amount) FILTER (WHERE status = 'paid'), 0) AS paid,
           (array_agg(period_end ORDER BY period_end DESC, id DESC))[1] AS last_period_end,
           (array_agg(net_amount ORDER BY period_end DESC, id DESC))[1] AS last_net
    FROM crm_payouts
    WHERE owner_id = :owner_id AND contract_id IS NOT NULL
      AND status NOT IN ('rejected', 'cancelled', 'reversed')
    GROUP BY contract_id
    """
)

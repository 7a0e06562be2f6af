"""What the pipeline adds up to, read from ``crm_payout_totals`` and never from the payouts.

Triggers add a line to that table for every change (see the migration), and every few hundred
lines they are added up: a sum over 100,000 payouts took 25 ms, over these lines it takes one.
"""

from sqlalchemy import TextClause, text

from crm_core.hospitals.where import THOSE

_OF_T = """by_status AS (
        SELECT status, sum(payouts) AS count, sum(net) AS net_amount
        FROM t GROUP BY status HAVING sum(payouts) > 0
    ), late AS (
        SELECT coalesce(sum(payouts), 0) AS overdue_count, coalesce(sum(net), 0) AS overdue_net
        FROM t
        WHERE status IN ('pending', 'approved', 'processing', 'failed', 'unknown')
          AND due_on < crm_lagos_today()
    ), paid AS (
        SELECT coalesce(sum(net) FILTER (WHERE paid_month = this_month), 0) AS paid_this_month,
               coalesce(sum(net) FILTER (WHERE paid_month < this_month), 0) AS paid_last_month
        FROM t, (SELECT CAST(date_trunc('month', crm_lagos_today()) AS date) AS this_month) AS m
        WHERE paid_month >= this_month - interval '1 month'
    )"""
# What was overdue at a month's end is still unpaid, or was paid in a later month; for the present
# month it is what is overdue now. A payout is due 14 days after its period.
_PAST = """past AS (
        SELECT a.month,
               coalesce(sum(net) FILTER (WHERE due_on - 14 >= a.month AND due_on - 14 < a.next
                   AND status NOT IN ('rejected', 'cancelled')), 0) AS made,
               coalesce(sum(net) FILTER (WHERE due_on < least(a.next, crm_lagos_today())
                   AND (paid_month > a.month OR status IN
                        ('pending', 'approved', 'processing', 'failed', 'unknown'))), 0) AS overdue,
               coalesce(sum(net) FILTER (WHERE paid_month = a.month), 0) AS paid
        FROM (SELECT month, CAST(month + interval '1 month' AS date) AS next
              FROM unnest(CAST(:months AS date[])) AS month) a LEFT JOIN t ON true
        GROUP BY a.month
    )"""
_ALL = """
        SELECT status, due_on, paid_month, sum(payouts) AS payouts, sum(net_amount) AS net
        FROM crm_payout_totals GROUP BY status, due_on, paid_month"""
# One hospital has some hundred payouts, which its index finds: no sum is kept of them. In which
# month something was paid matters only for the months that are asked for.
_THERE = f"""
        SELECT status, due_on,
               CASE WHEN status = 'paid' AND paid_at >= (
                   SELECT crm_lagos_month(min(month), 0)
                   FROM unnest(CAST(:months AS date[])) AS month
               ) THEN CAST(date_trunc('month', paid_at AT TIME ZONE 'Africa/Lagos') AS date)
               END AS paid_month, count(*) AS payouts, sum(net_amount) AS net
        FROM crm_payouts WHERE hospital_id = ANY({THOSE}) GROUP BY 1, 2, 3"""  # noqa: S608  (ours)
_NOW = "(SELECT json_agg(by_status) FROM by_status) AS statuses, late.*, paid.*"

STATS = text(f"WITH t AS MATERIALIZED ({_ALL}), {_OF_T} SELECT {_NOW} FROM late, paid")  # noqa: S608


def _and_before(lines: str) -> TextClause:
    """What stands now, and ``months`` of the past, from one look at the lines."""
    return text(
        f"""
        WITH t AS MATERIALIZED ({lines}), {_OF_T}, {_PAST}
        SELECT {_NOW}, (SELECT json_agg(past ORDER BY month) FROM past) AS months FROM late, paid
        """  # noqa: S608  (texts of ours)
    )


NOW_AND_BEFORE, NOW_AND_BEFORE_THERE = _and_before(_ALL), _and_before(_THERE)

BY_MONTH = text(
    """
    SELECT CAST(date_trunc('month', period_end) AS date) AS month, status,
           sum(payouts) AS count, sum(net_amount) AS net_amount
    FROM crm_payout_totals
    WHERE period_end >= :since
    GROUP BY 1, 2 HAVING sum(payouts) > 0 ORDER BY 1, 2
    """
)

BY_MONTH_OF_OWNER = text(
    """
    SELECT CAST(date_trunc('month', period_end) AS date) AS month, status,
           count(*) AS count, sum(net_amount) AS net_amount
    FROM crm_payouts
    WHERE owner_id = :owner_id AND period_end >= :since
    GROUP BY 1, 2 ORDER BY 1, 2
    """
)

"""Figures by month, from the sums by day: the same few thousand rows whatever the ledger holds."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.clock import last_months
from crm_core.loyalty.figures.schemas import (
    CohortQuarter,
    EndingMonth,
    ProgrammeMonth,
    TakeUp,
)
from crm_core.loyalty.schemas import Tier

_Sums = Mapping[tuple[str, str], tuple[int, int]]
"""(kind, name) → points and rows."""


def programme_by_month(session: Session, months: int = 12) -> list[ProgrammeMonth]:
    """The last months, the present one last, each with what it brought and how it ended."""
    shown = last_months(months)
    by_month: dict[date, dict[tuple[str, str], tuple[int, int]]] = defaultdict(dict)
    for row in session.execute(_BY_MONTH, {"first": shown[0]}):
        by_month[row.month][row.kind, row.name] = (int(row.points), int(row.rows))
    return list(_told(shown, by_month))


def ending_by_month(session: Session) -> list[EndingMonth]:
    """Outstanding points by the month that they end in, the soonest first.

    What has ended and is not taken off yet is among those of the present month.
    """
    found = session.execute(_ENDING).mappings()
    return [EndingMonth.model_validate(dict(row)) for row in found]


def take_up_by_month(session: Session, months: int = 12) -> list[TakeUp]:
    """Rewards taken by month, those that were given back left out."""
    found = session.execute(_TAKE_UP, {"first": last_months(months)[0]}).mappings()
    return [TakeUp.model_validate(dict(row)) for row in found]


def retention(session: Session, quarters: int = 8) -> list[CohortQuarter]:
    """The last cohorts quarter by quarter, as a job counted them at night; empty before it has."""
    first = last_months(3 * quarters)[0]
    found = session.execute(_COHORTS, {"first": first}).mappings()
    return [CohortQuarter.model_validate(dict(row)) for row in found]


def _told(
    shown: Sequence[date], by_month: Mapping[date, Mapping[tuple[str, str], tuple[int, int]]]
) -> Iterator[ProgrammeMonth]:
    members, outstanding = dict.fromkeys(Tier, 0), 0
    # Everything before the first month comes under the month before it.
    before = [month for month in by_month if month < shown[0]]
    for month in [*before, *shown]:
        sums = by_month.get(month, {})
        members = {tier: members[tier] + _rows(sums, "tier", tier) for tier in Tier}
        outstanding += sum(points for (kind, _), (points, _) in sums.items() if kind == "ledger")
        if month not in before:
            yield _month(month, members, outstanding, sums)


def _month(month: date, members: dict[Tier, int], outstanding: int, sums: _Sums) -> ProgrammeMonth:
    return ProgrammeMonth(
        month=month,
        members=members,
        outstanding=outstanding,
        earned=_points(sums, "earned"),
        redeemed=-_points(sums, "redeemed"),
        expired=-_points(sums, "expired"),
        rose=_rows(sums, "movement", "up"),
        fell=_rows(sums, "movement", "down"),
    )


def _points(sums: _Sums, name: str) -> int:
    return sums.get(("ledger", name), (0, 0))[0]


def _rows(sums: _Sums, kind: str, name: str) -> int:
    return sums.get((kind, name), (0, 0))[1]


_BY_MONTH = text(
    """
    SELECT CASE WHEN day < :first THEN CAST(:first AS date) - 1
                ELSE date_trunc('month', day)::date END AS month,
           kind, name, sum(points) AS points, sum(rows) AS rows
    FROM crm_loyalty_totals WHERE kind IN ('ledger', 'tier', 'movement')
    GROUP BY 1, 2, 3
    """
)
_ENDING = text(
    """
    SELECT greatest(day, date_trunc('month', crm_lagos_today())::date) AS month,
           sum(points)::bigint AS points,
           round(sum(points) * (SELECT value FROM crm_parameters
                                WHERE name = 'loyalty.naira_a_point'), 2) AS liability
    FROM crm_loyalty_totals WHERE kind = 'open'
    GROUP BY 1 HAVING sum(points) > 0 ORDER BY 1
    """
)
_TAKE_UP = text(
    """
    SELECT date_trunc('month', day)::date AS month, nullif(name, '')::bigint AS reward_id,
           sum(rows)::bigint AS taken, sum(points)::bigint AS points
    FROM crm_loyalty_totals WHERE kind = 'reward' AND day >= :first
    GROUP BY 1, 2 HAVING sum(rows) > 0 ORDER BY 1, 2
    """
)
_COHORTS = text(
    """
    SELECT cohort, quarter, registered, earning, counted_at FROM crm_loyalty_cohorts
    WHERE cohort >= date_trunc('quarter', CAST(:first AS date)) ORDER BY cohort, quarter
    """
)

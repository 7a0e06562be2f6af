"""Visits by day and by hospital, in one reading of the sums that triggers keep."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.hospitals.where import ANYWHERE, Where, within


@dataclass(frozen=True)
class DayOfVisits:
    """Visits of a day, cancelled ones among them, and those of them that were missed."""

    day: date
    visits: int
    missed: int


@dataclass(frozen=True)
class HospitalOfVisits:
    """The same of a hospital over some days."""

    hospital_id: int
    name: str
    visits: int
    missed: int


def daily_visits(
    session: Session, first: date, last: date, *, since: date, where: Where = ANYWHERE
) -> tuple[Sequence[DayOfVisits], Sequence[HospitalOfVisits]]:
    """Each day that has visits, from the first on, and each hospital, the busiest first.

    Args:
        since: the first day that counts for the hospitals.
    """
    asked = {"first": first, "last": last, "since": since, **where.values}
    found = session.execute(_BOTH, asked).all()
    days = [DayOfVisits(row.day, int(row.visits), int(row.missed)) for row in found if row.day]
    places = [
        HospitalOfVisits(row.hospital_id, row.name, int(row.visits), int(row.missed))
        for row in found
        if row.hospital_id and row.visits
    ]
    return days, places


_BOTH = text(
    f"""
    WITH counted AS (
        SELECT day, hospital_id,
               sum(visits) AS visits, sum(missed) AS missed,
               sum(visits) FILTER (WHERE day >= :since) AS visits_since,
               sum(missed) FILTER (WHERE day >= :since) AS missed_since
        FROM crm_appointment_totals
        WHERE day BETWEEN :first AND :last AND {within("hospital_id")}
        GROUP BY GROUPING SETS ((day), (hospital_id))
    )
    SELECT c.day, c.hospital_id, h.name,
           coalesce(CASE WHEN c.day IS NULL THEN c.visits_since ELSE c.visits END, 0) AS visits,
           coalesce(CASE WHEN c.day IS NULL THEN c.missed_since ELSE c.missed END, 0) AS missed
    FROM counted c LEFT JOIN crm_hospitals h ON h.id = c.hospital_id
    ORDER BY c.day, visits DESC, c.hospital_id
    """  # noqa: S608  (conditions of ours)
)

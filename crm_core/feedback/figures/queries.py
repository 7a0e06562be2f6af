"""Reads of the sums: a few thousand lines a year, whatever the number of pieces."""

from datetime import date
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from crm_core.base.clock import add_months, lagos_today, month_start
from crm_core.feedback import queries
from crm_core.feedback.figures.schemas import (
    FeedbackStats,
    Figures,
    MonthFigures,
    PlaceFigures,
    StatsFilter,
    TargetFigures,
    TopicMonth,
)
from crm_core.feedback.models import MEASURES

_TOPICS = 7
_FIELDS = ", ".join(f"coalesce(sum({name}), 0) AS {name}" for name in MEASURES)
_NAMES = ", ".join(MEASURES)


def feedback_stats(session: Session, filters: StatsFilter) -> FeedbackStats:
    """The queue as it is, and the figures of the months asked for."""
    counts = queries.open_counts(session, None, hospital_id=filters.hospital_id)
    return FeedbackStats(
        open=counts["open"],
        overdue=counts["overdue"],
        unassigned=counts["unassigned"],
        escalated=counts["escalated"],
        totals=totals(session, filters),
        by_month=by_month(session, filters),
        by_hospital=by_hospital(session, filters),
    )


def totals(session: Session, filters: StatsFilter) -> Figures:
    """Everything of the months asked for in one line."""
    row = session.execute(_ALL, _given(filters, "place")).mappings().one()
    return Figures.model_validate(dict(row))


def by_month(session: Session, filters: StatsFilter) -> list[MonthFigures]:
    """Month by month, the oldest first; months without feedback are left out."""
    found = session.execute(_BY_MONTH, _given(filters, "place")).mappings()
    return [MonthFigures.model_validate(dict(row)) for row in found]


def by_hospital(session: Session, filters: StatsFilter) -> list[PlaceFigures]:
    """Hospital by hospital, by name."""
    return _places(session, _BY_HOSPITAL, filters)


def by_department(session: Session, filters: StatsFilter) -> list[PlaceFigures]:
    """Department by department, by name; over all hospitals unless one was chosen."""
    return _places(session, _BY_DEPARTMENT, filters)


def by_owner(session: Session, filters: StatsFilter) -> list[PlaceFigures]:
    """Of each owner's hospital, by the owner's name, at most 500."""
    return _places(session, _BY_OWNER, filters)


def by_target(session: Session, filters: StatsFilter) -> list[TargetFigures]:
    """Kind by kind and priority by priority: how often the target was met."""
    found = session.execute(_BY_TARGET, _given(filters, "target")).mappings()
    return [TargetFigures.model_validate(dict(row)) for row in found]


def topics(session: Session, filters: StatsFilter, *, most: int = _TOPICS) -> list[TopicMonth]:
    """The categories that were spoken of most, month by month."""
    values = _given(filters, "topic") | {"most": most}
    found = session.execute(_BY_TOPIC, values).mappings()
    return [TopicMonth.model_validate(dict(row)) for row in found]


def worst_topics(session: Session, filters: StatsFilter) -> list[PlaceFigures]:
    """Categories by how many were unsatisfied: what drags satisfaction down."""
    return _places(session, _WORST, filters, kind="topic")


def _places(
    session: Session, statement: TextClause, filters: StatsFilter, *, kind: str = "place"
) -> list[PlaceFigures]:
    found = session.execute(statement, _given(filters, kind)).mappings()
    return [PlaceFigures.model_validate(dict(row)) for row in found]


def first_month(filters: StatsFilter) -> date:
    """The first day of the first month asked for."""
    return add_months(month_start(lagos_today()), 1 - filters.months)


def _given(filters: StatsFilter, kind: str) -> dict[str, Any]:
    return {"kind": kind, "since": first_month(filters), "hospital_id": filters.hospital_id}


def _summed(keys: str, *, joins: str = "", more: str = "") -> TextClause:
    """Sums by these keys; lines that are not folded yet count like folded ones."""
    lines = " UNION ALL ".join(
        f"SELECT month, hospital_id, department_id, type, name, {_NAMES} FROM {table}"  # noqa: S608
        " WHERE kind = :kind AND month >= :since"
        " AND (CAST(:hospital_id AS bigint) IS NULL OR hospital_id = :hospital_id)"
        for table in ("crm_feedback_sums", "crm_feedback_sum_changes")
    )
    # Names of our own columns.
    said = f"{keys}, " if keys else ""
    return text(f"SELECT {said}{_FIELDS} FROM ({lines}) s {joins} {more}")  # noqa: S608


_ALL = _summed("")
_BY_MONTH = _summed("s.month AS month", more="GROUP BY s.month ORDER BY s.month")
_BY_HOSPITAL = _summed(
    "s.hospital_id AS id, coalesce(max(h.name), 'No hospital named') AS name",
    joins="LEFT JOIN crm_hospitals h ON h.id = s.hospital_id",
    more="GROUP BY s.hospital_id HAVING sum(pieces) > 0 ORDER BY 2, 1",
)
_BY_DEPARTMENT = _summed(
    "s.department_id AS id, coalesce(max(d.name || ', ' || h.name), 'No department named') AS name",
    joins="LEFT JOIN crm_departments d ON d.id = s.department_id"
    " LEFT JOIN crm_hospitals h ON h.id = d.hospital_id",
    more="GROUP BY s.department_id HAVING sum(pieces) > 0 ORDER BY 2, 1",
)
# Added up by hospital first: a hospital may have several owners.
_BY_OWNER = text(
    "SELECT o.id, o.first_name || ' ' || o.last_name AS name, t.* FROM ("  # noqa: S608
    + _summed(
        "s.hospital_id AS hospital", more="GROUP BY s.hospital_id HAVING sum(pieces) > 0"
    ).text
    + ") t JOIN crm_owners o ON o.hospital_id = t.hospital ORDER BY 2, 1 LIMIT 500"
)
_BY_TARGET = _summed(
    "s.type AS type, s.name AS priority",
    more="GROUP BY s.type, s.name HAVING sum(pieces) > 0 ORDER BY 1, 2",
)
_WORST = _summed(
    "0 AS id, s.name AS name",
    more="GROUP BY s.name HAVING sum(unsatisfied) > 0 ORDER BY sum(unsatisfied) DESC, 2 LIMIT 10",
)
_BY_TOPIC = text(
    """
    WITH lines AS (
        SELECT name, month, pieces FROM crm_feedback_sums
        WHERE kind = :kind AND month >= :since
          AND (CAST(:hospital_id AS bigint) IS NULL OR hospital_id = :hospital_id)
        UNION ALL SELECT name, month, pieces FROM crm_feedback_sum_changes
        WHERE kind = :kind AND month >= :since
          AND (CAST(:hospital_id AS bigint) IS NULL OR hospital_id = :hospital_id)
    ), most AS (
        SELECT name, sum(pieces) AS pieces FROM lines
        GROUP BY name HAVING sum(pieces) > 0 ORDER BY 2 DESC, 1 LIMIT :most
    )
    SELECT l.name AS category, l.month, sum(l.pieces) AS pieces
    FROM lines l JOIN most m USING (name)
    GROUP BY l.name, l.month, m.pieces ORDER BY m.pieces DESC, l.name, l.month
    """
)

"""Sums that the charts read, and the transition table as the database holds it."""

from sqlalchemy import BigInteger, Column, Date, Identity, Index, String, Table, text

from crm_core.base.db import Base

# The transition table as the database holds it; FeedbackStatus.can_become() says the same.
FeedbackTransition = Table(
    "crm_feedback_transitions",
    Base.metadata,
    Column("old_status", String, primary_key=True),
    Column("new_status", String, primary_key=True),
)


def _sums(name: str, *first: Column[int], keys: bool) -> Table:
    """What the charts add up (``crm_feedback_sums``), and the lines not yet added to it."""
    columns: list[Column[object]] = [
        Column("kind", String, primary_key=keys, nullable=False),
        Column("month", Date, primary_key=keys, nullable=False),
        Column("hospital_id", BigInteger, primary_key=keys, nullable=False, autoincrement=False),
        Column("department_id", BigInteger, primary_key=keys, nullable=False, autoincrement=False),
        Column("type", String, primary_key=keys, nullable=False),
        Column("name", String, primary_key=keys, nullable=False),
    ]
    counts: list[Column[int]] = [Column(m, BigInteger, nullable=False) for m in MEASURES]
    return Table(name, Base.metadata, *first, *columns, *counts)


MEASURES = (
    "pieces",
    "ratings",
    "stars",
    "satisfied",
    "unsatisfied",
    "nps_answers",
    "promoters",
    "detractors",
    "responded",
    "responded_late",
    "response_minutes",
    "resolved",
    "resolved_late",
    "resolution_minutes",
)
FeedbackSums = _sums("crm_feedback_sums", keys=True)
FeedbackSumChanges = _sums(
    "crm_feedback_sum_changes",
    Column("id", BigInteger, Identity(), primary_key=True),
    keys=False,
)
Index(
    "ix_crm_feedback_sums_targets",
    FeedbackSums.c.month,
    FeedbackSums.c.hospital_id,
    postgresql_include=["type", "pieces", "responded_late", "resolved_late"],
    postgresql_where=text("kind = 'target'"),
)

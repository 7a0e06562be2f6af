"""The tables of breaches of data, and of erasures."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, String, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.base.db import Base

_Instant = DateTime(timezone=True)


class PrivacyIncident(Base):
    """A breach of data; the database keeps when it must be reported by."""

    __tablename__ = "crm_privacy_incidents"
    __table_args__ = (
        CheckConstraint("known_at <= opened_at", name="known"),
        CheckConstraint("(reported_at IS NULL) = (outcome IS NULL)", name="reported"),
        Index("ix_crm_privacy_incidents_open", "known_at", "id"),
    )

    known_at: Mapped[datetime] = mapped_column(_Instant)
    what: Mapped[str] = mapped_column(Text)
    opened_by: Mapped[str] = mapped_column(String)
    opened_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())
    reported_at: Mapped[datetime | None] = mapped_column(_Instant)
    outcome: Mapped[str | None] = mapped_column(Text)


class Erasure(Base):
    """A person's request to be erased, who decided it, and what it came to.

    Attributes:
        reason: what was said; emptied when it is done, as it may name the person.
        counts: how many rows of each table were emptied.
    """

    __tablename__ = "crm_erasures"
    __table_args__ = (
        CheckConstraint("state IN ('requested','approved','done','refused')", name="state"),
        CheckConstraint(
            "asked_by IN ('patient','guardian','representative','authority')", name="asked_by"
        ),
        CheckConstraint("due_on >= asked_on", name="due"),
        CheckConstraint("decided_by <> requested_by OR state = 'refused'", name="four_eyes"),
        Index(
            "uq_crm_erasures_patient_id",
            "patient_id",
            unique=True,
            postgresql_where=text("state <> 'refused'"),
        ),
        Index("ix_crm_erasures_patient_id", "patient_id", "id"),
        Index("ix_crm_erasures_state_id", "state", "id"),
    )

    patient_id: Mapped[int] = mapped_column(ForeignKey("crm_patients.id", ondelete="RESTRICT"))
    asked_by: Mapped[str] = mapped_column(String)
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String, server_default="requested")
    asked_on: Mapped[date] = mapped_column()
    due_on: Mapped[date] = mapped_column()
    requested_by: Mapped[str] = mapped_column(String)
    requested_by_name: Mapped[str] = mapped_column(String)
    requested_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())
    decided_by: Mapped[str | None] = mapped_column(String)
    decided_by_name: Mapped[str | None] = mapped_column(String)
    decided_at: Mapped[datetime | None] = mapped_column(_Instant)
    refusal: Mapped[str | None] = mapped_column(Text)
    done_at: Mapped[datetime | None] = mapped_column(_Instant)
    counts: Mapped[dict[str, int] | None] = mapped_column(JSONB(none_as_null=True))
    version: Mapped[int] = mapped_column(server_default=text("1"))

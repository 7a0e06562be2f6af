"""The table of breaches of data."""

from datetime import datetime

from sqlalchemy import CheckConstraint, DateTime, Index, String, Text, func
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

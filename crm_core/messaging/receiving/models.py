"""The tables of what comes back: answers, and receipts that came too early."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Index, String, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.base.db import Base
from crm_core.messaging.models import CHANNEL

_Instant = DateTime(timezone=True)


class InboundMessage(Base):
    """What somebody answered, and what was made of it."""

    __tablename__ = "crm_inbound_messages"
    __table_args__ = (
        UniqueConstraint("provider", "provider_id"),
        Index(
            "ix_crm_inbound_messages_unhandled", "id", postgresql_where=text("handled_at IS NULL")
        ),
        Index(
            "ix_crm_inbound_messages_new",
            "id",
            postgresql_where=text("handled_at IS NULL AND outcome IS NULL"),
        ),
        Index("ix_crm_inbound_messages_patient_id", "patient_id", "id"),
        Index("ix_crm_inbound_messages_sender", "sender", "id"),
        Index(
            "ix_crm_inbound_messages_answers_id",
            "answers_id",
            postgresql_where=text("answers_id IS NOT NULL"),
        ),
    )

    channel: Mapped[str] = mapped_column(CHANNEL)
    provider: Mapped[str] = mapped_column(String)
    provider_id: Mapped[str] = mapped_column(String)
    sender: Mapped[str] = mapped_column(String)
    text: Mapped[str] = mapped_column(Text)
    answers_id: Mapped[int | None] = mapped_column(BigInteger)
    patient_id: Mapped[int | None] = mapped_column(BigInteger)
    received_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())
    handled_at: Mapped[datetime | None] = mapped_column(_Instant)
    outcome: Mapped[str | None] = mapped_column(String)


class EarlyReceipt(Base):
    """A receipt that came before the provider's number of its message was written down."""

    __tablename__ = "crm_early_receipts"

    provider: Mapped[str] = mapped_column(String)
    provider_id: Mapped[str] = mapped_column(String)
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    receipt: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())

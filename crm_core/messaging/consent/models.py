"""The tables of what people want to hear, and of addresses that failed."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, Index, String, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.base.db import Base
from crm_core.messaging.models import CHANNEL, PURPOSE, RECIPIENT

_Instant = DateTime(timezone=True)


class ContactChoice(Base):
    """What a person said about being written to; the latest row for a channel and purpose holds."""

    __tablename__ = "crm_contact_choices"
    __table_args__ = (
        Index(
            "ix_crm_contact_choices_recipient", "recipient_type", "recipient_id", "channel", "id"
        ),
    )

    recipient_type: Mapped[str] = mapped_column(RECIPIENT)
    recipient_id: Mapped[int] = mapped_column(BigInteger)
    channel: Mapped[str] = mapped_column(CHANNEL)
    purpose: Mapped[str | None] = mapped_column(PURPOSE)
    opted_out: Mapped[bool] = mapped_column()
    source: Mapped[str] = mapped_column(String)
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())


class SuppressedAddress(Base):
    """An address that failed for good: nothing is sent to it until somebody lifts it."""

    __tablename__ = "crm_suppressed_addresses"
    __table_args__ = (
        Index(
            "uq_crm_suppressed_addresses_address",
            "channel",
            "address",
            unique=True,
            postgresql_where=text("lifted_at IS NULL"),
        ),
    )

    channel: Mapped[str] = mapped_column(CHANNEL)
    address: Mapped[str] = mapped_column(String)
    reason: Mapped[str] = mapped_column(Text)
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())
    lifted_at: Mapped[datetime | None] = mapped_column(_Instant)

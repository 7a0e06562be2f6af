"""The tables of messages."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Enum,
    Index,
    Numeric,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    column,
    func,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.base.db import Base
from crm_core.messaging.schemas import (
    BatchState,
    Channel,
    ChannelState,
    MessageStatus,
    Purpose,
    RecipientType,
)

_Instant = DateTime(timezone=True)


def _enumeration(words: type[StrEnum], name: str) -> Enum:
    """A type of the database that the migration makes; rows hold its words as text."""
    return Enum(*(word.value for word in words), name=name, create_type=False)


CHANNEL = _enumeration(Channel, "crm_channel")
RECIPIENT = _enumeration(RecipientType, "crm_recipient")
PURPOSE = _enumeration(Purpose, "crm_purpose")
STATUS = _enumeration(MessageStatus, "crm_message_status")
CHANNEL_STATE = _enumeration(ChannelState, "crm_channel_state")
BATCH_STATE = _enumeration(BatchState, "crm_batch_state")


class MessageTemplate(Base):
    """One version of a text for one channel."""

    __tablename__ = "crm_message_templates"
    __table_args__ = (
        UniqueConstraint("name", "channel", "version"),
        Index(
            "uq_crm_message_templates_current",
            "name",
            "channel",
            unique=True,
            postgresql_where=text("current"),
        ),
        CheckConstraint("channel <> 'email' OR subject IS NOT NULL", name="subject"),
        # What a launch kept was approved: it has no next version, and is never retired.
        CheckConstraint(
            "name NOT LIKE 'campaign-%' OR version = 1 AND current", name="of_campaign"
        ),
    )

    name: Mapped[str] = mapped_column(String)
    channel: Mapped[str] = mapped_column(CHANNEL)
    purpose: Mapped[str] = mapped_column(PURPOSE)
    subject: Mapped[str | None] = mapped_column(String)
    body: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(server_default=text("1"))
    current: Mapped[bool] = mapped_column(server_default=text("true"))
    created_by: Mapped[str] = mapped_column(
        Text,
        server_default=text("coalesce(nullif(current_setting('crm.who', true), ''), session_user)"),
    )
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())


class MessageBatch(Base):
    """Work for one worker: messages of one channel, by a range of ids.

    One of a campaign's run is for a range of people. Until a worker takes it and has the messages
    to them written, ``last_id`` is 0.
    """

    __tablename__ = "crm_message_batches"
    __table_args__ = (
        Index(
            "ix_crm_message_batches_due",
            "channel",
            "priority",
            "due_at",
            "id",
            postgresql_where=text("state = 'ready'"),
        ),
        Index(
            "ix_crm_message_batches_leased",
            "channel",
            postgresql_where=text("leased_until IS NOT NULL"),
        ),
        CheckConstraint("cursor_id <= claimed_id", name="cursor"),
        CheckConstraint(
            "run_id IS NULL AND first_person IS NULL AND last_person IS NULL"
            " OR run_id IS NOT NULL AND first_person <= last_person",
            name="people",
        ),
        Index(
            "uq_crm_message_batches_people",
            "run_id",
            "channel",
            "first_person",
            unique=True,
            postgresql_where=text("run_id IS NOT NULL"),
        ),
        Index(
            "ix_crm_message_batches_campaign_id",
            "campaign_id",
            postgresql_where=text("campaign_id IS NOT NULL"),
        ),
        Index(
            "ix_crm_message_batches_cancelled",
            "id",
            postgresql_where=text("state = 'cancelled' AND finished_at IS NULL"),
        ),
    )

    channel: Mapped[str] = mapped_column(CHANNEL)
    purpose: Mapped[str] = mapped_column(PURPOSE)
    state: Mapped[str] = mapped_column(BATCH_STATE, server_default="ready")
    priority: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    campaign_id: Mapped[int | None] = mapped_column(BigInteger)
    run_id: Mapped[int | None] = mapped_column(BigInteger)
    first_person: Mapped[int | None] = mapped_column(BigInteger)
    last_person: Mapped[int | None] = mapped_column(BigInteger)
    first_id: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    last_id: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    size: Mapped[int] = mapped_column(server_default=text("0"))
    due_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    leased_by: Mapped[str | None] = mapped_column(String)
    leased_until: Mapped[datetime | None] = mapped_column(_Instant)
    cursor_id: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    claimed_id: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    judged_id: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())
    finished_at: Mapped[datetime | None] = mapped_column(_Instant)


UNWRITTEN = table(
    "crm_unwritten_messages",
    column("run_id", BigInteger),
    column("channel", CHANNEL),
    column("first_person", BigInteger),
    column("last_person", BigInteger),
    column("status", STATUS),
    column("reason", String),
)
"""Batches of people that no worker has taken yet, or never will: how their messages wait."""


class Communication(Base):
    """One message to one person on one channel."""

    __tablename__ = "crm_communication_logs"
    __table_args__ = (
        Index("ix_crm_communication_logs_recipient", "recipient_type", "recipient_id", "id"),
        Index(
            "ix_crm_communication_logs_campaign_id_id",
            "campaign_id",
            "id",
            postgresql_where=text("campaign_id IS NOT NULL"),
        ),
        Index(
            "ix_crm_communication_logs_reference",
            "reference_type",
            "reference_id",
            "id",
            postgresql_where=text("reference_id IS NOT NULL"),
        ),
        Index(
            "ix_crm_communication_logs_rare",
            "channel",
            "id",
            postgresql_where=text("channel IN ('whatsapp', 'push', 'call')"),
        ),
        Index(
            "ix_crm_communication_logs_status",
            "status",
            "channel",
            "id",
            postgresql_where=text("status NOT IN ('pending', 'deferred')"),
        ),
        Index(
            "ix_crm_communication_logs_sent_at",
            "sent_at",
            postgresql_using="brin",
            postgresql_with={"pages_per_range": 32, "autosummarize": "on"},
        ),
        Index(
            "uq_crm_communication_logs_dedupe_key",
            "dedupe_key",
            unique=True,
            postgresql_where=text("dedupe_key IS NOT NULL"),
        ),
        Index(
            "uq_crm_communication_logs_provider_id",
            "provider",
            "provider_id",
            unique=True,
            postgresql_where=text("provider_id IS NOT NULL"),
        ),
    )

    batch_id: Mapped[int | None] = mapped_column(BigInteger)
    recipient_id: Mapped[int] = mapped_column(BigInteger)
    campaign_id: Mapped[int | None] = mapped_column(BigInteger)
    template_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())
    recipient_type: Mapped[str] = mapped_column(RECIPIENT)
    channel: Mapped[str] = mapped_column(CHANNEL)
    purpose: Mapped[str] = mapped_column(PURPOSE)
    status: Mapped[str] = mapped_column(STATUS, server_default="pending")
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    parts: Mapped[int | None] = mapped_column(SmallInteger)
    message_type: Mapped[str] = mapped_column(String)
    address: Mapped[str | None] = mapped_column(String)
    subject: Mapped[str | None] = mapped_column(String)
    content: Mapped[str | None] = mapped_column(Text)
    fields: Mapped[dict[str, str] | None] = mapped_column(JSONB)
    reason: Mapped[str | None] = mapped_column(String)
    error_message: Mapped[str | None] = mapped_column(Text)
    provider: Mapped[str | None] = mapped_column(String)
    provider_id: Mapped[str | None] = mapped_column(String)
    cost: Mapped[Decimal | None] = mapped_column(Numeric(10, 4))
    reference_type: Mapped[str | None] = mapped_column(String)
    reference_id: Mapped[int | None] = mapped_column(BigInteger)
    dedupe_key: Mapped[str | None] = mapped_column(String)
    expires_at: Mapped[datetime | None] = mapped_column(_Instant)
    sent_at: Mapped[datetime | None] = mapped_column(_Instant)
    delivered_at: Mapped[datetime | None] = mapped_column(_Instant)
    read_at: Mapped[datetime | None] = mapped_column(_Instant)
    who: Mapped[str | None] = mapped_column(Text)
    # `metadata` is SQLAlchemy's own name on a mapped class.
    details: Mapped[dict[str, Any] | None] = mapped_column("metadata", JSONB)


class ChannelHealth(Base):
    """Whether a channel sends, why not, and when its provider takes the next message."""

    __tablename__ = "crm_channel_health"
    __table_args__ = (UniqueConstraint("channel"),)

    channel: Mapped[str] = mapped_column(CHANNEL)
    state: Mapped[str] = mapped_column(CHANNEL_STATE, server_default="closed")
    failures: Mapped[int] = mapped_column(server_default=text("0"))
    since: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())
    reason: Mapped[str | None] = mapped_column(Text)
    retry_at: Mapped[datetime | None] = mapped_column(_Instant)
    next_free_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())

"""The tables of what comes in from other systems, and of what goes out to them."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.base.db import Base

_Instant = DateTime(timezone=True)


class IntegrationEvent(Base):
    """Something another system told us, once by its id; refused ones say why."""

    __tablename__ = "crm_integration_events"
    __table_args__ = (
        UniqueConstraint("source", "event_id"),
        CheckConstraint("state IN ('done', 'refused')", name="state"),
        CheckConstraint(
            "CASE state WHEN 'done' THEN answer IS NOT NULL ELSE refusal IS NOT NULL END",
            name="outcome",
        ),
        Index("ix_crm_integration_events_state_id", "state", "id"),
        Index("ix_crm_integration_events_source_id", "source", "id"),
        Index("ix_crm_integration_events_event_id_id", "event_id", "id"),
    )

    source: Mapped[str] = mapped_column(String)
    event_id: Mapped[str] = mapped_column(String)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(String)
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    refusal: Mapped[str | None] = mapped_column(Text)
    who: Mapped[str] = mapped_column(
        Text,
        server_default=text("coalesce(nullif(current_setting('crm.who', true), ''), session_user)"),
    )
    received_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())


class Event(Base):
    """Something that happened and that other systems want to hear of; triggers write it."""

    __tablename__ = "crm_events"
    __table_args__ = (Index("ix_crm_events_kind_id", "kind", "id"),)

    kind: Mapped[str] = mapped_column(String)
    subject_id: Mapped[int] = mapped_column(BigInteger)
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())


class WebhookSubscription(Base):
    """An address that is told of some kinds of events."""

    __tablename__ = "crm_webhook_subscriptions"
    __table_args__ = (CheckConstraint("cardinality(kinds) > 0", name="kinds"),)

    name: Mapped[str] = mapped_column(String)
    url: Mapped[str] = mapped_column(String)
    kinds: Mapped[list[str]] = mapped_column(ARRAY(String))
    secret_encrypted: Mapped[bytes] = mapped_column(LargeBinary)
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())


class WebhookDelivery(Base):
    """One event on its way to one address."""

    __tablename__ = "crm_webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("event_id", "subscription_id"),
        CheckConstraint("state IN ('waiting', 'delivered', 'given_up')", name="state"),
        Index(
            "ix_crm_webhook_deliveries_due",
            "due_at",
            "id",
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_crm_webhook_deliveries_state_id", "state", "id"),
        Index("ix_crm_webhook_deliveries_subscription_id_id", "subscription_id", "id"),
    )

    event_id: Mapped[int] = mapped_column(ForeignKey("crm_events.id", ondelete="RESTRICT"))
    subscription_id: Mapped[int] = mapped_column(
        ForeignKey("crm_webhook_subscriptions.id", ondelete="RESTRICT")
    )
    state: Mapped[str] = mapped_column(String, server_default="waiting")
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    due_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())
    answered: Mapped[int | None] = mapped_column()
    error: Mapped[str | None] = mapped_column(Text)
    ended_at: Mapped[datetime | None] = mapped_column(_Instant)

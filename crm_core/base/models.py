"""Tables that every domain shares: receipts, keys of writes already done, what providers told."""

from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, Index, LargeBinary, String, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.base.db import Base


class StoredReceipt(Base):
    """What a bulk act did: stored with the act, shown on a page of its own."""

    __tablename__ = "crm_receipts"
    __table_args__ = (Index("ix_crm_receipts_kind_id", "kind", "id"),)

    kind: Mapped[str] = mapped_column(String)
    title: Mapped[str] = mapped_column(Text)
    who: Mapped[str] = mapped_column(Text)
    who_name: Mapped[str] = mapped_column(Text)
    fingerprint: Mapped[str] = mapped_column(Text)
    changed: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    refused: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    totals: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    undone_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    undone_by: Mapped[str | None] = mapped_column(Text)


class IdempotencyKey(Base):
    """A write that was done, with the answer that it gave; kept for a day."""

    __tablename__ = "crm_idempotency_keys"
    __table_args__ = (
        Index("uq_crm_idempotency_keys_who_key", "who", "key", unique=True),
        Index("ix_crm_idempotency_keys_created_at", "created_at"),
    )

    who: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None] = mapped_column()
    answer: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=text("now()")
    )


class WorkerBeat(Base):
    """When each worker was last seen; one row a worker, for /ready and the jobs page."""

    __tablename__ = "crm_worker_beats"

    name: Mapped[str] = mapped_column(String, unique=True)
    seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class WebhookEvent(Base):
    """What a provider told, as it came and once; encrypted, for it names accounts and phones."""

    __tablename__ = "crm_webhook_events"
    __table_args__ = (
        UniqueConstraint("provider", "digest"),
        Index(
            "ix_crm_webhook_events_waiting",
            "provider",
            "id",
            postgresql_where=text("applied_at IS NULL"),
        ),
        Index("ix_crm_webhook_events_provider_id", "provider", "id"),
    )

    provider: Mapped[str] = mapped_column(String)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    body_encrypted: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    received_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now()
    )
    applied_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    outcome: Mapped[str | None] = mapped_column(Text)

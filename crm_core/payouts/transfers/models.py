"""The tables of transfers: accounts as a provider knows them, transfers, what was said of them."""

from datetime import datetime

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
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.base.db import Base

_Instant = DateTime(timezone=True)


class TransferAccount(Base):
    """What a provider knows of a bank account: its holder's name, the code to pay it by."""

    __tablename__ = "crm_transfer_accounts"
    __table_args__ = (UniqueConstraint("account_hash", "bank_code", "provider"),)

    provider: Mapped[str] = mapped_column(String)
    bank_code: Mapped[str] = mapped_column(String)
    account_hash: Mapped[bytes] = mapped_column(LargeBinary)
    resolved_name: Mapped[str | None] = mapped_column(String)
    resolve_error: Mapped[str | None] = mapped_column(Text)
    resolved_at: Mapped[datetime | None] = mapped_column(_Instant)
    recipient_code: Mapped[str | None] = mapped_column(String)
    recipient_number: Mapped[int | None] = mapped_column(BigInteger)


class Transfer(Base):
    """An attempt to pay by transfer, under one reference however often it is sent.

    ``sends`` counts the claims: whoever claimed is told by it whether the claim is still theirs.
    """

    __tablename__ = "crm_transfers"
    __table_args__ = (
        CheckConstraint(
            "state IN ('queued','sending','unanswered','sent','concluded','withdrawn')",
            name="state",
        ),
        CheckConstraint(
            "provider_status IN ('received','pending','otp','success','failed','reversed',"
            "'abandoned','blocked','rejected')",
            name="status",
        ),
        CheckConstraint("reference ~ '^[a-z0-9_-]{16,50}$'", name="reference"),
        CheckConstraint("amount_kobo > 0", name="amount"),
        CheckConstraint(
            "released_at IS NULL OR frozen_reason IS NOT NULL AND released_by IS NOT NULL",
            name="released",
        ),
        Index("ix_crm_transfers_payout_id", "payout_id"),
        Index("ix_crm_transfers_account_id", "account_id"),
        Index("ix_crm_transfers_transfer_code", "transfer_code"),
        Index(
            "ix_crm_transfers_due",
            "due_at",
            "id",
            postgresql_where=text("state IN ('queued', 'sending', 'unanswered', 'sent')"),
        ),
        Index(
            "ix_crm_transfers_frozen",
            "payout_id",
            postgresql_where=text("frozen_reason IS NOT NULL AND released_at IS NULL"),
        ),
    )

    payout_id: Mapped[int] = mapped_column(ForeignKey("crm_payouts.id", ondelete="RESTRICT"))
    attempt_id: Mapped[int] = mapped_column(
        ForeignKey("crm_payout_attempts.id", ondelete="RESTRICT"), unique=True
    )
    account_id: Mapped[int] = mapped_column(
        ForeignKey("crm_transfer_accounts.id", ondelete="RESTRICT")
    )
    provider: Mapped[str] = mapped_column(String)
    reference: Mapped[str] = mapped_column(String, unique=True)
    amount_kobo: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String, server_default="queued")
    provider_status: Mapped[str | None] = mapped_column(String)
    transfer_code: Mapped[str | None] = mapped_column(String)
    sends: Mapped[int] = mapped_column(server_default=text("0"))
    checks: Mapped[int] = mapped_column(server_default=text("0"))
    claimed_at: Mapped[datetime | None] = mapped_column(_Instant)
    due_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())
    concluded_at: Mapped[datetime | None] = mapped_column(_Instant)
    frozen_reason: Mapped[str | None] = mapped_column(Text)
    frozen_at: Mapped[datetime | None] = mapped_column(_Instant)
    released_at: Mapped[datetime | None] = mapped_column(_Instant)
    released_by: Mapped[str | None] = mapped_column(String)
    release_reason: Mapped[str | None] = mapped_column(Text)
    created_by: Mapped[str] = mapped_column(String)
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())


class TransferAnswer(Base):
    """What was said of a transfer, word by word: by the provider, or by a person about it."""

    __tablename__ = "crm_transfer_answers"
    __table_args__ = (
        CheckConstraint("source IN ('send','verify','webhook','approval','person')", name="source"),
        Index("ix_crm_transfer_answers_transfer_id_id", "transfer_id", "id"),
    )

    transfer_id: Mapped[int] = mapped_column(ForeignKey("crm_transfers.id", ondelete="RESTRICT"))
    source: Mapped[str] = mapped_column(String)
    status: Mapped[str | None] = mapped_column(String)
    sentence: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())

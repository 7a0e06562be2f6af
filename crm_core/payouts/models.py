"""The tables of payouts: approvals, deductions, attempts, bank files, tax rates."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    String,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.base.db import Base

_Instant = DateTime(timezone=True)
_STATES = (
    "'pending','approved','processing','paid','failed','cancelled','rejected','unknown','reversed'"
)


# The transition table as the database holds it; PayoutStatus.can_become() says the same.
PayoutTransition = Table(
    "crm_payout_transitions",
    Base.metadata,
    Column("old_status", String, primary_key=True),
    Column("new_status", String, primary_key=True),
)


# Kept by triggers and added up by them; read in totals.py.
PayoutTotal = Table(
    "crm_payout_totals",
    Base.metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("status", String, nullable=False),
    Column("period_end", Date, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("paid_month", Date),
    Column("payouts", Integer, nullable=False),
    Column("gross_revenue", Numeric(18, 2), nullable=False),
    Column("net_amount", Numeric(18, 2), nullable=False),
)


class Payout(Base):
    """Money due to an owner for a period.

    A trigger keeps ``digest`` (what an approval binds to) and ``approvals_needed``, and holds
    the transition table; an exclusion constraint keeps one live payout an owner, contract and
    period (see the migration).
    """

    __tablename__ = "crm_payouts"
    __table_args__ = (
        CheckConstraint(f"status IN ({_STATES})", name="status"),
        CheckConstraint(
            "payment_method IN ('bank_transfer','cheque','mobile_money')", name="method"
        ),
        CheckConstraint("gross_revenue > 0", name="gross"),
        CheckConstraint("deductions >= 0 AND net_amount >= 0", name="amounts"),
        CheckConstraint("net_amount = gross_revenue - deductions", name="net"),
        CheckConstraint("period_end >= period_start", name="period"),
        CheckConstraint(
            "(account_hash IS NULL) = (bank_code IS NULL)"
            " AND (account_hash IS NULL) = (account_encrypted IS NULL)",
            name="account",
        ),
        Index("ix_crm_payouts_created_at_id", "created_at", "id"),
        Index("ix_crm_payouts_status_created_at_id", "status", "created_at", "id"),
        Index("ix_crm_payouts_status_due_on_id", "status", "due_on", "id"),
        Index("ix_crm_payouts_due_on_id", "due_on", "id"),
        Index("ix_crm_payouts_net_amount_id", "net_amount", "id"),
        Index("ix_crm_payouts_owner_id_created_at_id", "owner_id", "created_at", "id"),
        Index("ix_crm_payouts_hospital_id_created_at_id", "hospital_id", "created_at", "id"),
        Index("ix_crm_payouts_hospital_id_due_on_id", "hospital_id", "due_on", "id"),
        Index("ix_crm_payouts_hospital_id_net_amount_id", "hospital_id", "net_amount", "id"),
        Index(
            "ix_crm_payouts_hospital_id_figures",
            "hospital_id",
            postgresql_include=["status", "due_on", "paid_at", "net_amount"],
        ),
        Index(
            "ix_crm_payouts_waiting",
            "created_at",
            "id",
            "created_by",
            "net_amount",
            postgresql_where=text("status IN ('pending', 'failed')"),
        ),
        Index(
            "ix_crm_payouts_unpaid_due_on_id",
            "due_on",
            "id",
            postgresql_where=text(
                "status IN ('pending', 'approved', 'processing', 'failed', 'unknown')"
            ),
        ),
        Index("ix_crm_payouts_paid_at", "paid_at", postgresql_where=text("paid_at IS NOT NULL")),
        Index("ix_crm_payouts_account_hash", "account_hash"),
        Index("ix_crm_payouts_file_id", "file_id"),
        Index("ix_crm_payouts_bank_reference", "bank_reference"),
        Index("ix_crm_payouts_contract_id", "contract_id"),
        Index(
            "ix_crm_payouts_payout_code_prefix",
            text("lower(payout_code) text_pattern_ops"),
        ),
    )

    payout_code: Mapped[str] = mapped_column(
        String, unique=True, server_default=text("crm_code('PAY', nextval('crm_payout_codes'))")
    )
    owner_id: Mapped[int] = mapped_column(ForeignKey("crm_owners.id", ondelete="RESTRICT"))
    contract_id: Mapped[int | None] = mapped_column(
        ForeignKey("crm_owner_contracts.id", ondelete="RESTRICT")
    )
    hospital_id: Mapped[int | None] = mapped_column(
        ForeignKey("crm_hospitals.id", ondelete="RESTRICT")
    )
    period_start: Mapped[date] = mapped_column()
    period_end: Mapped[date] = mapped_column()
    due_on: Mapped[date] = mapped_column(Computed("period_end + 14", persisted=True))
    gross_revenue: Mapped[Decimal] = mapped_column(Numeric(15, 2))
    deductions: Mapped[Decimal] = mapped_column(Numeric(15, 2))
    net_amount: Mapped[Decimal] = mapped_column(Numeric(15, 2))
    status: Mapped[str] = mapped_column(String, server_default="pending")
    status_reason: Mapped[str | None] = mapped_column(Text)
    payment_method: Mapped[str] = mapped_column(String, server_default="bank_transfer")
    payment_reference: Mapped[str] = mapped_column(
        String, unique=True, server_default=text("crm_payment_reference()")
    )
    bank_reference: Mapped[str | None] = mapped_column(String)
    bank_code: Mapped[str | None] = mapped_column(String)
    bank_name: Mapped[str | None] = mapped_column(String)
    account_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    account_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    account_last4: Mapped[str | None] = mapped_column(String)
    account_name: Mapped[str | None] = mapped_column(String)
    nuban_ok: Mapped[bool | None] = mapped_column()
    digest: Mapped[bytes] = mapped_column(LargeBinary, server_default=text("''"))
    approvals_needed: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
    approved_by: Mapped[str | None] = mapped_column(String)
    approved_at: Mapped[datetime | None] = mapped_column(_Instant)
    paid_at: Mapped[datetime | None] = mapped_column(_Instant)
    file_id: Mapped[int | None] = mapped_column(
        ForeignKey("crm_payout_files.id", ondelete="RESTRICT")
    )
    notes: Mapped[str | None] = mapped_column(Text)
    created_by: Mapped[str] = mapped_column(String)
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())


class PayoutDeduction(Base):
    """One item taken off the gross; a tax carries the rate and the day it holds from."""

    __tablename__ = "crm_payout_deductions"
    __table_args__ = (
        CheckConstraint("kind IN ('withholding_tax','advance','fee','other')", name="kind"),
        CheckConstraint("amount >= 0", name="amount"),
        Index("ix_crm_payout_deductions_payout_id", "payout_id"),
    )

    payout_id: Mapped[int] = mapped_column(ForeignKey("crm_payouts.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String)
    description: Mapped[str] = mapped_column(Text)
    amount: Mapped[Decimal] = mapped_column(Numeric(15, 2))
    rate: Mapped[Decimal | None] = mapped_column(Numeric(5, 4))
    rate_holds_from: Mapped[date | None] = mapped_column()


class PayoutApproval(Base):
    """One person's approval of exactly what ``digest`` says; voided, never removed."""

    __tablename__ = "crm_payout_approvals"
    __table_args__ = (
        Index(
            "uq_crm_payout_approvals_live",
            "payout_id",
            "approver",
            unique=True,
            postgresql_where=text("voided_at IS NULL"),
        ),
        Index("ix_crm_payout_approvals_payout_id", "payout_id"),
    )

    payout_id: Mapped[int] = mapped_column(ForeignKey("crm_payouts.id", ondelete="RESTRICT"))
    approver: Mapped[str] = mapped_column(String)
    approver_name: Mapped[str] = mapped_column(String)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    override_reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())
    voided_at: Mapped[datetime | None] = mapped_column(_Instant)
    void_reason: Mapped[str | None] = mapped_column(Text)


class PayoutAttempt(Base):
    """One try to pay; while it is open nothing else may pay the payout."""

    __tablename__ = "crm_payout_attempts"
    __table_args__ = (
        CheckConstraint("outcome IN ('open','paid','failed','unknown')", name="outcome"),
        Index(
            "uq_crm_payout_attempts_open",
            "payout_id",
            unique=True,
            postgresql_where=text("outcome IN ('open','unknown')"),
        ),
        Index("ix_crm_payout_attempts_payout_id", "payout_id"),
        Index("ix_crm_payout_attempts_file_id", "file_id"),
        Index("ix_crm_payout_attempts_reference", "reference"),
    )

    payout_id: Mapped[int] = mapped_column(ForeignKey("crm_payouts.id", ondelete="RESTRICT"))
    reference: Mapped[str] = mapped_column(String)
    method: Mapped[str] = mapped_column(String)
    file_id: Mapped[int | None] = mapped_column(
        ForeignKey("crm_payout_files.id", ondelete="RESTRICT")
    )
    outcome: Mapped[str] = mapped_column(String, server_default="open")
    bank_reference: Mapped[str | None] = mapped_column(String)
    reason: Mapped[str | None] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())
    concluded_at: Mapped[datetime | None] = mapped_column(_Instant)


class PayoutFile(Base):
    """A bank upload file as it was handed over; its content is encrypted (account numbers)."""

    __tablename__ = "crm_payout_files"

    file_code: Mapped[str] = mapped_column(
        String,
        unique=True,
        server_default=text("crm_code('BNK', nextval('crm_payout_file_codes'))"),
    )
    payout_count: Mapped[int] = mapped_column()
    control_total: Mapped[Decimal] = mapped_column(Numeric(18, 2))
    digest: Mapped[str] = mapped_column(String)
    content_encrypted: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    created_by: Mapped[str] = mapped_column(String)
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())


class WithholdingRate(Base):
    """The withholding tax rate, a fraction, from a day on."""

    __tablename__ = "crm_withholding_rates"
    __table_args__ = (CheckConstraint("rate >= 0 AND rate < 1", name="rate"),)

    rate: Mapped[Decimal] = mapped_column(Numeric(5, 4))
    holds_from: Mapped[date] = mapped_column(unique=True)

"""The tables of the loyalty programme.

A positive row of the ledger is also a *lot*: points that end together. Negative rows say in
``LoyaltyConsumption`` which lots they were taken from. ``balance`` and ``remaining`` are kept
beside the rows they follow from, and ``verify`` compares.
"""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    FetchedValue,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.base.db import Base

_Instant = DateTime(timezone=True)
_UNMERGED = text("NOT merged")


class LoyaltyAccount(Base):
    """A patient as a member; ``id`` is the patient's."""

    __tablename__ = "crm_loyalty_accounts"
    __table_args__ = (
        CheckConstraint("balance >= 0", name="balance"),
        CheckConstraint("owed >= 0", name="owed"),
        CheckConstraint("tier IN ('bronze','silver','gold','platinum')", name="tier"),
        Index("ix_crm_loyalty_accounts_tier_id", "tier", "id", postgresql_where=_UNMERGED),
        Index("ix_crm_loyalty_accounts_balance_id", "balance", "id", postgresql_where=_UNMERGED),
        Index("ix_crm_loyalty_accounts_review_on", "review_on"),
    )

    id: Mapped[int] = mapped_column(
        BigInteger,
        ForeignKey("crm_patients.id", ondelete="RESTRICT"),
        primary_key=True,
        autoincrement=False,
    )
    balance: Mapped[int] = mapped_column(server_default=text("0"))
    owed: Mapped[int] = mapped_column(server_default=text("0"))
    tier: Mapped[str] = mapped_column(String, server_default="bronze")
    tier_reason: Mapped[str] = mapped_column(Text, server_default="everybody begins here")
    tier_held: Mapped[bool] = mapped_column(server_default=text("false"))
    review_on: Mapped[date] = mapped_column()
    first_visit_on: Mapped[date | None] = mapped_column()
    merged: Mapped[bool] = mapped_column(server_default=text("false"))


class LoyaltyTransaction(Base):
    """A row of the ledger: appended, never changed."""

    __tablename__ = "crm_loyalty_transactions"
    __table_args__ = (
        CheckConstraint(
            "transaction_type IN ('earned','redeemed','expired','adjusted')", name="type"
        ),
        CheckConstraint("balance_after >= 0", name="balance"),
        Index(
            "uq_crm_loyalty_transactions_key",
            "patient_id",
            "rule",
            "reference_type",
            "reference_id",
            unique=True,
            postgresql_where=text("reference_id IS NOT NULL"),
        ),
        Index("ix_crm_loyalty_transactions_patient_id_id", "patient_id", "id"),
        Index("ix_crm_loyalty_transactions_type_id", "transaction_type", "id"),
        Index("ix_crm_loyalty_transactions_created_at_id", "created_at", "id"),
        Index(
            "ix_crm_loyalty_transactions_type_created_at_id", "transaction_type", "created_at", "id"
        ),
    )

    patient_id: Mapped[int] = mapped_column(
        ForeignKey("crm_loyalty_accounts.id", ondelete="RESTRICT")
    )
    transaction_type: Mapped[str] = mapped_column(String)
    points: Mapped[int] = mapped_column()
    balance_after: Mapped[int] = mapped_column()
    description: Mapped[str] = mapped_column(Text)
    rule: Mapped[str] = mapped_column(String)
    reference_type: Mapped[str | None] = mapped_column(String)
    reference_id: Mapped[str | None] = mapped_column(String)
    expiry_date: Mapped[date | None] = mapped_column()
    counts_for_tier: Mapped[bool] = mapped_column(server_default=text("false"))
    who: Mapped[str] = mapped_column(
        Text,
        server_default=text("coalesce(nullif(current_setting('crm.who', true), ''), session_user)"),
    )
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())


class LoyaltyLot(Base):
    """Points earned together; ``id`` is that of the ledger row that brought them."""

    __tablename__ = "crm_loyalty_lots"
    __table_args__ = (
        CheckConstraint("remaining BETWEEN 0 AND points AND points > 0", name="remaining"),
        Index(
            "ix_crm_loyalty_lots_open",
            "patient_id",
            "expires_on",
            "id",
            postgresql_where=text("remaining > 0"),
        ),
        Index(
            "ix_crm_loyalty_lots_ending",
            "expires_on",
            "patient_id",
            postgresql_where=text("remaining > 0"),
        ),
    )

    id: Mapped[int] = mapped_column(
        BigInteger,
        ForeignKey("crm_loyalty_transactions.id", ondelete="RESTRICT"),
        primary_key=True,
        autoincrement=False,
    )
    patient_id: Mapped[int] = mapped_column(BigInteger)
    points: Mapped[int] = mapped_column()
    remaining: Mapped[int] = mapped_column()
    earned_on: Mapped[date] = mapped_column(server_default=text("crm_lagos_today()"))
    expires_on: Mapped[date] = mapped_column()


class LoyaltyConsumption(Base):
    """What a negative row took from a lot; negative where a cancelled redemption gave it back."""

    __tablename__ = "crm_loyalty_consumptions"
    __table_args__ = (
        CheckConstraint("points <> 0", name="points"),
        Index("ix_crm_loyalty_consumptions_lot_id", "lot_id"),
        Index("ix_crm_loyalty_consumptions_transaction_id", "transaction_id"),
    )

    lot_id: Mapped[int] = mapped_column(ForeignKey("crm_loyalty_lots.id", ondelete="RESTRICT"))
    transaction_id: Mapped[int] = mapped_column(
        ForeignKey("crm_loyalty_transactions.id", ondelete="RESTRICT")
    )
    points: Mapped[int] = mapped_column()


class UndoneVisit(Base):
    """A visit's award that was taken back; ``id`` is that of the ledger row that gave it."""

    __tablename__ = "crm_loyalty_undone_visits"
    __table_args__ = (CheckConstraint("taken >= 0 AND owed >= 0", name="amounts"),)

    id: Mapped[int] = mapped_column(
        BigInteger,
        ForeignKey("crm_loyalty_transactions.id", ondelete="RESTRICT"),
        primary_key=True,
        autoincrement=False,
    )
    taken: Mapped[int] = mapped_column()
    owed: Mapped[int] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())


class TierMovementRow(Base):
    """A member moved from one tier to another."""

    __tablename__ = "crm_loyalty_tier_movements"
    __table_args__ = (
        Index("ix_crm_loyalty_tier_movements_patient_id", "patient_id", "id"),
        Index("ix_crm_loyalty_tier_movements_created_at_id", "created_at", "id"),
        Index("ix_crm_loyalty_tier_movements_rose_created_at_id", "rose", "created_at", "id"),
    )

    patient_id: Mapped[int] = mapped_column(
        ForeignKey("crm_loyalty_accounts.id", ondelete="RESTRICT")
    )
    old_tier: Mapped[str] = mapped_column(String)
    new_tier: Mapped[str] = mapped_column(String)
    cause: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())
    # PostgreSQL works it out (see the migration); nothing here ever writes it.
    rose: Mapped[bool] = mapped_column(FetchedValue())


class Reward(Base):
    """What points can be exchanged for."""

    __tablename__ = "crm_rewards"
    __table_args__ = (
        CheckConstraint("cost > 0 AND (tier_cost IS NULL OR tier_cost > 0)", name="cost"),
        CheckConstraint("(tier_cost IS NULL) = (tier_cost_from IS NULL)", name="tier_cost"),
        CheckConstraint("stock >= 0", name="stock"),
        CheckConstraint("valid_to >= valid_from", name="validity"),
    )

    name: Mapped[str] = mapped_column(String)
    description: Mapped[str] = mapped_column(Text, server_default="")
    cost: Mapped[int] = mapped_column()
    tier_cost: Mapped[int | None] = mapped_column()
    tier_cost_from: Mapped[str | None] = mapped_column(String)
    minimum_tier: Mapped[str] = mapped_column(String, server_default="bronze")
    stock: Mapped[int | None] = mapped_column()
    valid_from: Mapped[date | None] = mapped_column()
    valid_to: Mapped[date | None] = mapped_column()
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())


class Redemption(Base):
    """A reward taken."""

    __tablename__ = "crm_redemptions"
    __table_args__ = (
        Index("ix_crm_redemptions_patient_id", "patient_id", "id"),
        Index("ix_crm_redemptions_reward_id_created_at_id", "reward_id", "created_at", "id"),
        Index("ix_crm_redemptions_created_at_id", "created_at", "id"),
    )

    patient_id: Mapped[int] = mapped_column(
        ForeignKey("crm_loyalty_accounts.id", ondelete="RESTRICT")
    )
    reward_id: Mapped[int | None] = mapped_column(ForeignKey("crm_rewards.id", ondelete="RESTRICT"))
    description: Mapped[str] = mapped_column(Text)
    points: Mapped[int] = mapped_column()
    transaction_id: Mapped[int] = mapped_column(
        ForeignKey("crm_loyalty_transactions.id", ondelete="RESTRICT"), unique=True
    )
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())
    cancelled_at: Mapped[datetime | None] = mapped_column(_Instant)


def _sum_columns() -> tuple[Column[object], ...]:
    return (
        Column("points", BigInteger, nullable=False),
        Column("rows", BigInteger, nullable=False),
    )


# Sums by day that triggers keep (see the migration); read through the view crm_loyalty_totals.
LoyaltySum = Table(
    "crm_loyalty_sums",
    Base.metadata,
    Column("kind", String, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("name", String, primary_key=True),
    *_sum_columns(),
)
LoyaltySumChange = Table(
    "crm_loyalty_sum_changes",
    Base.metadata,
    Column("id", BigInteger, primary_key=True),
    Column("kind", String, nullable=False),
    Column("day", Date, nullable=False),
    Column("name", String, nullable=False),
    *_sum_columns(),
)
LoyaltyCohort = Table(
    "crm_loyalty_cohorts",
    Base.metadata,
    Column("cohort", Date, primary_key=True),
    Column("quarter", Date, primary_key=True),
    Column("registered", BigInteger, nullable=False),
    Column("earning", BigInteger, nullable=False),
    Column("counted_at", _Instant, nullable=False, server_default=func.now()),
    CheckConstraint("earning BETWEEN 0 AND registered", name="earning"),
)
"""Retention, counted at night (see the migration)."""

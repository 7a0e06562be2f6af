"""The tables of owners: accounts, contracts, surveys, scores, conversations."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import (
    CheckConstraint,
    Computed,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    Numeric,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.base.db import Base

_Instant = DateTime(timezone=True)


class Owner(Base):
    """A person whose hospital the group runs.

    The ``payouts_…`` columns are sums over the owner's payouts, kept by a trigger of the
    payouts domain, so that a list of owners never has to add up payouts.
    """

    __tablename__ = "crm_owners"
    __table_args__ = (
        Index("uq_crm_owners_email", text("lower(email)"), unique=True),
        Index("ix_crm_owners_search", "search", postgresql_using="gin"),
        Index("ix_crm_owners_created_at_id", "created_at", "id"),
        Index("ix_crm_owners_name", text("lower(last_name)"), text("lower(first_name)"), "id"),
        Index("ix_crm_owners_value", text("(opening_value + payouts_paid_gross)"), "id"),
        Index("ix_crm_owners_satisfaction", text("coalesce(satisfaction_score, 0)"), "id"),
        Index("ix_crm_owners_discontent", text("coalesce(satisfaction_score, 6)"), "id"),
        Index("ix_crm_owners_status", "status"),
        Index("ix_crm_owners_nin_hash", "nin_hash"),
        Index("ix_crm_owners_phone_end", text("reverse(phone) text_pattern_ops")),
        CheckConstraint("status IN ('active','inactive','suspended')", name="status"),
        CheckConstraint("satisfaction_score BETWEEN 0 AND 5", name="score"),
    )

    owner_code: Mapped[str] = mapped_column(
        String, unique=True, server_default=text("crm_code('OWN', nextval('crm_owner_codes'))")
    )
    first_name: Mapped[str] = mapped_column(String)
    last_name: Mapped[str] = mapped_column(String)
    email: Mapped[str] = mapped_column(String)
    phone: Mapped[str] = mapped_column(String)
    nin_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    nin_hash: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    nin_last4: Mapped[str | None] = mapped_column(String)
    hospital_id: Mapped[int | None] = mapped_column(
        ForeignKey("crm_hospitals.id", ondelete="RESTRICT"), index=True
    )
    status: Mapped[str] = mapped_column(String, server_default="active")
    onboarding_date: Mapped[date] = mapped_column(server_default=text("crm_lagos_today()"))
    last_contact_date: Mapped[date | None] = mapped_column()
    satisfaction_score: Mapped[Decimal | None] = mapped_column(Numeric(3, 2))
    opening_value: Mapped[Decimal] = mapped_column(Numeric(15, 2), server_default=text("0"))
    notes: Mapped[str | None] = mapped_column(Text)
    payouts_count: Mapped[int] = mapped_column(server_default=text("0"))
    payouts_net: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))
    payouts_paid_gross: Mapped[Decimal] = mapped_column(Numeric(18, 2), server_default=text("0"))
    payouts_pending: Mapped[int] = mapped_column(server_default=text("0"))
    payouts_due_on: Mapped[date | None] = mapped_column()
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())
    search: Mapped[str] = mapped_column(
        TSVECTOR,
        Computed(
            "to_tsvector('simple', crm_search_text(first_name || ' ' || last_name || ' '"
            " || email || ' ' || owner_code))",
            persisted=True,
        ),
        deferred=True,
    )


class OwnerAccount(Base):
    """The bank account an owner is paid to; the number is encrypted, found by a keyed hash."""

    __tablename__ = "crm_owner_accounts"

    owner_id: Mapped[int] = mapped_column(
        ForeignKey("crm_owners.id", ondelete="RESTRICT"), unique=True
    )
    bank_code: Mapped[str] = mapped_column(String)
    bank_name: Mapped[str] = mapped_column(String)
    account_encrypted: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    account_hash: Mapped[bytes] = mapped_column(LargeBinary, index=True)
    account_last4: Mapped[str] = mapped_column(String)
    account_name: Mapped[str] = mapped_column(String)
    nuban_ok: Mapped[bool] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())


class OwnerContract(Base):
    """What an owner gets of a hospital's revenue, and from when to when."""

    __tablename__ = "crm_owner_contracts"
    __table_args__ = (
        CheckConstraint("state IN ('draft','signed','terminated')", name="state"),
        CheckConstraint("revenue_share_percent > 0 AND revenue_share_percent <= 100", name="share"),
        CheckConstraint("minimum_guarantee >= 0", name="guarantee"),
        CheckConstraint("end_date > start_date", name="dates"),
        Index("ix_crm_owner_contracts_created_at_id", "created_at", "id"),
        Index("ix_crm_owner_contracts_owner_id_id", "owner_id", "id"),
        Index("ix_crm_owner_contracts_hospital_id", "hospital_id"),
        Index("ix_crm_owner_contracts_state_end_date", "state", "end_date"),
    )

    contract_code: Mapped[str] = mapped_column(
        String, unique=True, server_default=text("crm_code('CON', nextval('crm_contract_codes'))")
    )
    owner_id: Mapped[int] = mapped_column(ForeignKey("crm_owners.id", ondelete="RESTRICT"))
    hospital_id: Mapped[int] = mapped_column(ForeignKey("crm_hospitals.id", ondelete="RESTRICT"))
    revenue_share_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    minimum_guarantee: Mapped[Decimal] = mapped_column(Numeric(15, 2), server_default=text("0"))
    start_date: Mapped[date] = mapped_column()
    end_date: Mapped[date] = mapped_column()
    state: Mapped[str] = mapped_column(String, server_default="draft")
    renewed_from_id: Mapped[int | None] = mapped_column(
        ForeignKey("crm_owner_contracts.id", ondelete="RESTRICT")
    )
    notes: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())


class OwnerSurvey(Base):
    """An owner's answer to a satisfaction survey."""

    __tablename__ = "crm_owner_surveys"
    __table_args__ = (
        CheckConstraint("score BETWEEN 1 AND 5", name="score"),
        CheckConstraint("nps BETWEEN 0 AND 10", name="nps"),
        Index("ix_crm_owner_surveys_owner_id_surveyed_on", "owner_id", "surveyed_on"),
        Index("ix_crm_owner_surveys_surveyed_on", "surveyed_on"),
    )

    owner_id: Mapped[int] = mapped_column(ForeignKey("crm_owners.id", ondelete="RESTRICT"))
    score: Mapped[Decimal] = mapped_column(Numeric(3, 2))
    nps: Mapped[int | None] = mapped_column(SmallInteger)
    comment: Mapped[str | None] = mapped_column(Text)
    surveyed_on: Mapped[date] = mapped_column(server_default=text("crm_lagos_today()"))
    recorded_by: Mapped[str] = mapped_column(String)
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())


class OwnerRating(Base):
    """Stars that an owner gave elsewhere; ``source`` says where, so that none counts twice."""

    __tablename__ = "crm_owner_ratings"
    __table_args__ = (
        CheckConstraint("score BETWEEN 1 AND 5", name="score"),
        Index("ix_crm_owner_ratings_owner_id_rated_on", "owner_id", "rated_on"),
        Index("ix_crm_owner_ratings_rated_on", "rated_on"),
    )

    owner_id: Mapped[int] = mapped_column(ForeignKey("crm_owners.id", ondelete="RESTRICT"))
    score: Mapped[Decimal] = mapped_column(Numeric(3, 2))
    source: Mapped[str] = mapped_column(String, unique=True)
    topic: Mapped[str | None] = mapped_column(String)
    rated_on: Mapped[date] = mapped_column(server_default=text("crm_lagos_today()"))
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())


class OwnerScore(Base):
    """The satisfaction score of an owner as it stood on a day: the trend."""

    __tablename__ = "crm_owner_scores"
    __table_args__ = (
        UniqueConstraint("owner_id", "as_of"),
        Index("ix_crm_owner_scores_as_of", "as_of"),
    )

    owner_id: Mapped[int] = mapped_column(ForeignKey("crm_owners.id", ondelete="RESTRICT"))
    as_of: Mapped[date] = mapped_column()
    score: Mapped[Decimal] = mapped_column(Numeric(3, 2))


class OwnerContact(Base):
    """A conversation with an owner."""

    __tablename__ = "crm_owner_contacts"
    __table_args__ = (
        CheckConstraint(
            "channel IN ('call','visit','meeting','email','sms','whatsapp')", name="channel"
        ),
        Index("ix_crm_owner_contacts_owner_id_id", "owner_id", "id"),
    )

    owner_id: Mapped[int] = mapped_column(ForeignKey("crm_owners.id", ondelete="RESTRICT"))
    channel: Mapped[str] = mapped_column(String)
    summary: Mapped[str] = mapped_column(Text)
    contacted_on: Mapped[date] = mapped_column(server_default=text("crm_lagos_today()"))
    recorded_by: Mapped[str] = mapped_column(String)
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())

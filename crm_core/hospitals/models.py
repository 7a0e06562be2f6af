"""The tables of hospitals and what they take in."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import (
    CheckConstraint,
    Computed,
    DateTime,
    ForeignKey,
    Index,
    Numeric,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.base.db import Base


class Hospital(Base):
    """A hospital that the group runs for an owner."""

    __tablename__ = "crm_hospitals"
    __table_args__ = (Index("ix_crm_hospitals_search", "search", postgresql_using="gin"),)

    hospital_code: Mapped[str] = mapped_column(
        String,
        unique=True,
        server_default=text("crm_code('HOS', nextval('crm_hospital_codes'))"),
    )
    name: Mapped[str] = mapped_column(String)
    city: Mapped[str] = mapped_column(String)
    state: Mapped[str] = mapped_column(String)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    search: Mapped[str] = mapped_column(
        TSVECTOR,
        Computed(
            "to_tsvector('simple', crm_search_text(name || ' ' || city || ' ' || state))",
            persisted=True,
        ),
        deferred=True,
    )


class HospitalRevenue(Base):
    """What a hospital took in a month: one row a hospital and month, corrected in place."""

    __tablename__ = "crm_hospital_revenue"
    __table_args__ = (
        UniqueConstraint("hospital_id", "month"),
        Index("ix_crm_hospital_revenue_month", "month"),
        CheckConstraint("gross_revenue >= 0", name="not_negative"),
        CheckConstraint("extract(day FROM month) = 1", name="first_of_month"),
    )

    hospital_id: Mapped[int] = mapped_column(ForeignKey("crm_hospitals.id", ondelete="RESTRICT"))
    month: Mapped[date] = mapped_column()
    gross_revenue: Mapped[Decimal] = mapped_column(Numeric(15, 2))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

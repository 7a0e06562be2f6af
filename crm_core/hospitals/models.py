"""The tables of hospitals: what they take in, who works there and when."""

from datetime import date, datetime, time
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Numeric,
    SmallInteger,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.base.db import Base

_Instant = DateTime(timezone=True)


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


class Department(Base):
    """A part of a hospital."""

    __tablename__ = "crm_departments"
    __table_args__ = (
        UniqueConstraint("id", "hospital_id"),
        Index("uq_crm_departments_name", "hospital_id", text("lower(name)"), unique=True),
    )

    hospital_id: Mapped[int] = mapped_column(ForeignKey("crm_hospitals.id", ondelete="RESTRICT"))
    name: Mapped[str] = mapped_column(String)
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())


class Doctor(Base):
    """A doctor of one hospital; ``calendar_hash`` finds the feed of whoever has its secret link."""

    __tablename__ = "crm_doctors"
    __table_args__ = (
        UniqueConstraint("id", "hospital_id"),
        ForeignKeyConstraint(
            ["department_id", "hospital_id"],
            ["crm_departments.id", "crm_departments.hospital_id"],
            ondelete="RESTRICT",
        ),
        Index("ix_crm_doctors_hospital_id_name", "hospital_id", "name", "id"),
        Index("ix_crm_doctors_name_id", "name", "id"),
        Index(
            "ix_crm_doctors_words",
            text("to_tsvector('simple', crm_search_text(name))"),
            postgresql_using="gin",
        ),
        Index("ix_crm_doctors_department_id", "department_id"),
        Index("uq_crm_doctors_calendar_hash", "calendar_hash", unique=True),
    )

    doctor_code: Mapped[str] = mapped_column(
        String, unique=True, server_default=text("crm_code('DOC', nextval('crm_doctor_codes'))")
    )
    hospital_id: Mapped[int] = mapped_column(ForeignKey("crm_hospitals.id", ondelete="RESTRICT"))
    department_id: Mapped[int | None] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String)
    specialty: Mapped[str] = mapped_column(String, server_default="")
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    calendar_hash: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())


class DoctorHours(Base):
    """One shift of a doctor's week, in Lagos; it ends the next day where it closes before it opens.

    A doctor without any hours is booked at any time.
    """

    __tablename__ = "crm_doctor_hours"
    __table_args__ = (
        UniqueConstraint("doctor_id", "weekday", "opens"),
        CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday"),
        CheckConstraint("opens <> closes", name="not_empty"),
    )

    doctor_id: Mapped[int] = mapped_column(ForeignKey("crm_doctors.id", ondelete="CASCADE"))
    weekday: Mapped[int] = mapped_column(SmallInteger)
    opens: Mapped[time] = mapped_column()
    closes: Mapped[time] = mapped_column()


class DoctorLeave(Base):
    """Time in which a doctor is away."""

    __tablename__ = "crm_doctor_leave"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="not_empty"),
        Index("ix_crm_doctor_leave_doctor_id_ends_at", "doctor_id", "ends_at"),
    )

    doctor_id: Mapped[int] = mapped_column(ForeignKey("crm_doctors.id", ondelete="CASCADE"))
    starts_at: Mapped[datetime] = mapped_column(_Instant)
    ends_at: Mapped[datetime] = mapped_column(_Instant)
    reason: Mapped[str] = mapped_column(String)
    created_by: Mapped[str] = mapped_column(String)
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())

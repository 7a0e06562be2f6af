"""The tables of appointments: visits, what patients were told, who waits, what they answered."""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.base.db import Base

_Instant = DateTime(timezone=True)
_TYPES = "type IN ('consultation','follow_up','procedure','emergency','telemedicine')"
_STATES = "'scheduled','confirmed','arrived','in_progress','completed','cancelled','no_show'"


def _places() -> tuple[ForeignKeyConstraint, ForeignKeyConstraint]:
    """Department and doctor are of the row's hospital."""
    return (
        ForeignKeyConstraint(
            ["department_id", "hospital_id"],
            ["crm_departments.id", "crm_departments.hospital_id"],
            ondelete="RESTRICT",
        ),
        ForeignKeyConstraint(
            ["doctor_id", "hospital_id"],
            ["crm_doctors.id", "crm_doctors.hospital_id"],
            ondelete="RESTRICT",
        ),
    )


class Appointment(Base):
    """A visit. No doctor and no patient has two at once: exclusion constraints over half-open
    ranges hold it (see the migration), and a trigger holds the table of transitions.
    """

    __tablename__ = "crm_appointments"
    __table_args__ = (
        *_places(),
        CheckConstraint(_TYPES, name="type"),
        CheckConstraint(f"status IN ({_STATES})", name="status"),
        CheckConstraint("duration_minutes BETWEEN 5 AND 720", name="duration"),
        CheckConstraint("(status = 'completed') = (completed_at IS NOT NULL)", name="completed"),
        CheckConstraint("(status = 'cancelled') = (cancelled_at IS NOT NULL)", name="cancelled"),
        Index("ix_crm_appointments_starts_at_id", "starts_at", "id"),
        Index("ix_crm_appointments_hospital_id_starts_at_id", "hospital_id", "starts_at", "id"),
        Index("ix_crm_appointments_doctor_id_starts_at_id", "doctor_id", "starts_at", "id"),
        Index("ix_crm_appointments_department_id_starts_at_id", "department_id", "starts_at", "id"),
        Index("ix_crm_appointments_patient_id_starts_at_id", "patient_id", "starts_at", "id"),
        Index(
            "ix_crm_appointments_merged_from_id",
            "merged_from_id",
            postgresql_where=text("merged_from_id IS NOT NULL"),
        ),
        Index("ix_crm_appointments_status_starts_at_id", "status", "starts_at", "id"),
        Index("ix_crm_appointments_type_starts_at_id", "type", "starts_at", "id"),
        Index(
            "ix_crm_appointments_hospital_id_status_starts_at_id",
            "hospital_id",
            "status",
            "starts_at",
            "id",
        ),
        Index(
            "ix_crm_appointments_doctor_id_status_starts_at_id",
            "doctor_id",
            "status",
            "starts_at",
            "id",
        ),
        Index(
            "ix_crm_appointments_appointment_code_prefix",
            text("lower(appointment_code) text_pattern_ops"),
        ),
    )

    appointment_code: Mapped[str] = mapped_column(
        String,
        unique=True,
        server_default=text("crm_code('APT', nextval('crm_appointment_codes'))"),
    )
    patient_id: Mapped[int] = mapped_column(ForeignKey("crm_patients.id", ondelete="RESTRICT"))
    hospital_id: Mapped[int] = mapped_column(ForeignKey("crm_hospitals.id", ondelete="RESTRICT"))
    department_id: Mapped[int | None] = mapped_column(BigInteger)
    doctor_id: Mapped[int | None] = mapped_column(BigInteger)
    starts_at: Mapped[datetime] = mapped_column(_Instant)
    duration_minutes: Mapped[int] = mapped_column(server_default=text("30"))
    ends_at: Mapped[datetime] = mapped_column(
        _Instant,
        Computed(
            "(starts_at AT TIME ZONE 'UTC' + make_interval(mins => duration_minutes))"
            " AT TIME ZONE 'UTC'",
            persisted=True,
        ),
    )
    type: Mapped[str] = mapped_column(String)
    status: Mapped[str] = mapped_column(String, server_default="scheduled")
    previous_status: Mapped[str | None] = mapped_column(String)
    status_changed_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())
    reason: Mapped[str | None] = mapped_column(Text)
    notes: Mapped[str | None] = mapped_column(Text)
    walk_in: Mapped[bool] = mapped_column(server_default=text("false"))
    override_reason: Mapped[str | None] = mapped_column(Text)
    overlap_accepted: Mapped[bool] = mapped_column(server_default=text("false"))
    merged_from_id: Mapped[int | None] = mapped_column(
        ForeignKey("crm_patients.id", ondelete="RESTRICT")
    )
    booked_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())
    confirmed_at: Mapped[datetime | None] = mapped_column(_Instant)
    checked_in_at: Mapped[datetime | None] = mapped_column(_Instant)
    started_at: Mapped[datetime | None] = mapped_column(_Instant)
    completed_at: Mapped[datetime | None] = mapped_column(_Instant)
    cancelled_at: Mapped[datetime | None] = mapped_column(_Instant)
    cancellation_reason: Mapped[str | None] = mapped_column(Text)
    # The patient's last visit before this one, for taking a completion back.
    visit_before: Mapped[date | None] = mapped_column()
    created_by: Mapped[str] = mapped_column(String)
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())


# The transition table as the database holds it; AppointmentStatus.can_become() says the same.
AppointmentTransition = Table(
    "crm_appointment_transitions",
    Base.metadata,
    Column("old_status", String, primary_key=True),
    Column("new_status", String, primary_key=True),
)


class AppointmentNotice(Base):
    """What a patient was told about a visit, or why not; the link in it answers it once."""

    __tablename__ = "crm_appointment_notices"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('booked', 'moved', 'cancelled', 'early', 'day', 'final')", name="kind"
        ),
        CheckConstraint("outcome IN ('queued', 'skipped')", name="outcome"),
        CheckConstraint("(outcome = 'skipped') = (skip_reason IS NOT NULL)", name="skipped"),
        CheckConstraint(
            "answer IN ('yes', 'no') AND (answer IS NULL) = (answered_at IS NULL)", name="answer"
        ),
        Index(
            "uq_crm_appointment_notices_reminder",
            "appointment_id",
            "kind",
            "starts_at",
            unique=True,
            postgresql_where=text("kind <> 'booked' AND kind <> 'moved' AND kind <> 'cancelled'"),
        ),
        Index("ix_crm_appointment_notices_appointment_id", "appointment_id", "id"),
        Index("ix_crm_appointment_notices_message_id", "message_id"),
        Index(
            "ix_crm_appointment_notices_address",
            "address",
            "id",
            postgresql_where=text("answer IS NULL AND outcome = 'queued'"),
        ),
        Index("ix_crm_appointment_notices_starts_at", "starts_at", "id"),
    )

    appointment_id: Mapped[int] = mapped_column(
        ForeignKey("crm_appointments.id", ondelete="RESTRICT")
    )
    kind: Mapped[str] = mapped_column(String)
    starts_at: Mapped[datetime] = mapped_column(_Instant)
    outcome: Mapped[str] = mapped_column(String, server_default="queued")
    skip_reason: Mapped[str | None] = mapped_column(Text)
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    address: Mapped[str | None] = mapped_column(String)
    answer: Mapped[str | None] = mapped_column(String)
    answered_by: Mapped[str | None] = mapped_column(String)
    answered_at: Mapped[datetime | None] = mapped_column(_Instant)
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())


class WaitlistEntry(Base):
    """Somebody who waits for a time that becomes free."""

    __tablename__ = "crm_waitlist"
    __table_args__ = (
        *_places(),
        CheckConstraint(_TYPES, name="type"),
        CheckConstraint("duration_minutes BETWEEN 5 AND 720", name="duration"),
        CheckConstraint("to_day >= from_day", name="days"),
        CheckConstraint("status IN ('waiting', 'booked', 'left')", name="status"),
        CheckConstraint("(status = 'booked') = (appointment_id IS NOT NULL)", name="booked"),
        Index("ix_crm_waitlist_status_id", "status", "id"),
        Index("ix_crm_waitlist_hospital_id_status_id", "hospital_id", "status", "id"),
        Index("ix_crm_waitlist_patient_id", "patient_id", "id"),
        Index(
            "ix_crm_waitlist_merged_from_id",
            "merged_from_id",
            postgresql_where=text("merged_from_id IS NOT NULL"),
        ),
        Index("ix_crm_waitlist_doctor_id", "doctor_id"),
        Index("ix_crm_waitlist_department_id", "department_id"),
        Index("ix_crm_waitlist_appointment_id", "appointment_id"),
    )

    patient_id: Mapped[int] = mapped_column(ForeignKey("crm_patients.id", ondelete="RESTRICT"))
    hospital_id: Mapped[int] = mapped_column(ForeignKey("crm_hospitals.id", ondelete="RESTRICT"))
    department_id: Mapped[int | None] = mapped_column(BigInteger)
    doctor_id: Mapped[int | None] = mapped_column(BigInteger)
    type: Mapped[str] = mapped_column(String)
    duration_minutes: Mapped[int] = mapped_column()
    from_day: Mapped[date] = mapped_column()
    to_day: Mapped[date] = mapped_column()
    status: Mapped[str] = mapped_column(String, server_default="waiting")
    appointment_id: Mapped[int | None] = mapped_column(
        ForeignKey("crm_appointments.id", ondelete="RESTRICT")
    )
    notes: Mapped[str | None] = mapped_column(Text)
    merged_from_id: Mapped[int | None] = mapped_column(
        ForeignKey("crm_patients.id", ondelete="RESTRICT")
    )
    created_by: Mapped[str] = mapped_column(String)
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())


class SlotOffer(Base):
    """A freed time offered to one who waits; the first valid yes wins."""

    __tablename__ = "crm_slot_offers"
    __table_args__ = (
        CheckConstraint(
            "status IN ('waiting','open','taken','gone','declined','expired','skipped')",
            name="status",
        ),
        UniqueConstraint("waitlist_id", "freed_by_id", "starts_at"),
        Index(
            "uq_crm_slot_offers_taken",
            "doctor_id",
            "starts_at",
            "freed_by_id",
            unique=True,
            postgresql_where=text("status = 'taken'"),
        ),
        Index(
            "ix_crm_slot_offers_due",
            "opens_at",
            "id",
            postgresql_where=text("status = 'waiting'"),
        ),
        Index(
            "ix_crm_slot_offers_open",
            "expires_at",
            "id",
            postgresql_where=text("status = 'open'"),
        ),
        Index("ix_crm_slot_offers_doctor_id_starts_at", "doctor_id", "starts_at"),
        Index(
            "ix_crm_slot_offers_address", "address", "id", postgresql_where=text("status = 'open'")
        ),
        Index("ix_crm_slot_offers_message_id", "message_id"),
        Index("ix_crm_slot_offers_freed_by_id", "freed_by_id"),
        Index("ix_crm_slot_offers_hospital_id", "hospital_id"),
    )

    waitlist_id: Mapped[int] = mapped_column(ForeignKey("crm_waitlist.id", ondelete="RESTRICT"))
    freed_by_id: Mapped[int] = mapped_column(ForeignKey("crm_appointments.id", ondelete="RESTRICT"))
    hospital_id: Mapped[int] = mapped_column(ForeignKey("crm_hospitals.id", ondelete="RESTRICT"))
    doctor_id: Mapped[int] = mapped_column(ForeignKey("crm_doctors.id", ondelete="RESTRICT"))
    starts_at: Mapped[datetime] = mapped_column(_Instant)
    duration_minutes: Mapped[int] = mapped_column()
    status: Mapped[str] = mapped_column(String, server_default="waiting")
    opens_at: Mapped[datetime] = mapped_column(_Instant)
    expires_at: Mapped[datetime] = mapped_column(_Instant)
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    address: Mapped[str | None] = mapped_column(String)
    skip_reason: Mapped[str | None] = mapped_column(Text)
    answered_by: Mapped[str | None] = mapped_column(String)
    answered_at: Mapped[datetime | None] = mapped_column(_Instant)
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())


class AppointmentAnswer(Base):
    """What a patient answered, each once; what no rule could settle waits for a person."""

    __tablename__ = "crm_appointment_answers"
    __table_args__ = (
        CheckConstraint("meaning IN ('yes', 'no', 'unclear')", name="meaning"),
        CheckConstraint(
            "outcome IN ('confirmed','cancelled','booked','declined','gone','late','to_a_person',"
            "'settled')",
            name="outcome",
        ),
        Index("ix_crm_appointment_answers_outcome_id", "outcome", "id"),
        Index("ix_crm_appointment_answers_appointment_id", "appointment_id", "id"),
    )

    inbound_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    sender: Mapped[str] = mapped_column(String)
    said: Mapped[str] = mapped_column(Text)
    meaning: Mapped[str] = mapped_column(String)
    outcome: Mapped[str] = mapped_column(String)
    appointment_id: Mapped[int | None] = mapped_column(
        ForeignKey("crm_appointments.id", ondelete="RESTRICT")
    )
    candidates: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=text("'{}'"))
    settled_by: Mapped[str | None] = mapped_column(String)
    settled_at: Mapped[datetime | None] = mapped_column(_Instant)
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())


def _sum_columns() -> tuple[Column[object], ...]:
    names = ("visits", "ahead", "here", "completed", "missed", "cancelled")
    more = ("minutes", "booked", "lead_minutes")
    return tuple(Column(name, BigInteger, nullable=False) for name in (*names, *more))


# Sums that triggers keep (see the migration); read through the view crm_appointment_totals.
AppointmentSum = Table(
    "crm_appointment_sums",
    Base.metadata,
    Column("hospital_id", BigInteger, primary_key=True, autoincrement=False),
    Column("day", Date, primary_key=True),
    Column("doctor_id", BigInteger, primary_key=True, autoincrement=False),
    *_sum_columns(),
    Index("ix_crm_appointment_sums_day", "day"),
)
AppointmentSumChange = Table(
    "crm_appointment_sum_changes",
    Base.metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("hospital_id", BigInteger, nullable=False),
    Column("day", Date, nullable=False),
    Column("doctor_id", BigInteger, nullable=False),
    *_sum_columns(),
)

"""The tables of visits: the visits, what patients were told of them, and their sums by day."""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    Date,
    ForeignKey,
    Identity,
    Index,
    String,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.appointments.models.common import STATES, TYPES, Instant, places
from crm_core.base.db import Base


class Appointment(Base):
    """A visit. No doctor and no patient has two at once: exclusion constraints over half-open
    ranges hold it (see the migration), and a trigger holds the table of transitions.
    """

    __tablename__ = "crm_appointments"
    __table_args__ = (
        *places(),
        CheckConstraint(TYPES, name="type"),
        CheckConstraint(f"status IN ({STATES})", name="status"),
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
        Index("ix_crm_appointments_booked_at", "booked_at"),
        Index(
            "ix_crm_appointments_completed_at",
            "completed_at",
            postgresql_where=text("completed_at IS NOT NULL"),
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
    starts_at: Mapped[datetime] = mapped_column(Instant)
    duration_minutes: Mapped[int] = mapped_column(server_default=text("30"))
    ends_at: Mapped[datetime] = mapped_column(
        Instant,
        Computed(
            "(starts_at AT TIME ZONE 'UTC' + make_interval(mins => duration_minutes))"
            " AT TIME ZONE 'UTC'",
            persisted=True,
        ),
    )
    type: Mapped[str] = mapped_column(String)
    status: Mapped[str] = mapped_column(String, server_default="scheduled")
    previous_status: Mapped[str | None] = mapped_column(String)
    status_changed_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())
    reason: Mapped[str | None] = mapped_column(Text)
    notes: Mapped[str | None] = mapped_column(Text)
    walk_in: Mapped[bool] = mapped_column(server_default=text("false"))
    override_reason: Mapped[str | None] = mapped_column(Text)
    overlap_accepted: Mapped[bool] = mapped_column(server_default=text("false"))
    merged_from_id: Mapped[int | None] = mapped_column(
        ForeignKey("crm_patients.id", ondelete="RESTRICT")
    )
    booked_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)
    checked_in_at: Mapped[datetime | None] = mapped_column(Instant)
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    completed_at: Mapped[datetime | None] = mapped_column(Instant)
    cancelled_at: Mapped[datetime | None] = mapped_column(Instant)
    cancellation_reason: Mapped[str | None] = mapped_column(Text)
    # The patient's last visit before this one, for taking a completion back.
    visit_before: Mapped[date | None] = mapped_column()
    created_by: Mapped[str] = mapped_column(String)
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())


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
    starts_at: Mapped[datetime] = mapped_column(Instant)
    outcome: Mapped[str] = mapped_column(String, server_default="queued")
    skip_reason: Mapped[str | None] = mapped_column(Text)
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    address: Mapped[str | None] = mapped_column(String)
    answer: Mapped[str | None] = mapped_column(String)
    answered_by: Mapped[str | None] = mapped_column(String)
    answered_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())


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

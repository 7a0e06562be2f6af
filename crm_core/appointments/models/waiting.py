"""The tables of who waits for a time, what they are offered, and what patients answer."""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.appointments.models.common import TYPES, Instant, places
from crm_core.base.db import Base


class WaitlistEntry(Base):
    """Somebody who waits for a time that becomes free."""

    __tablename__ = "crm_waitlist"
    __table_args__ = (
        *places(),
        CheckConstraint(TYPES, name="type"),
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
    created_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())


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
    starts_at: Mapped[datetime] = mapped_column(Instant)
    duration_minutes: Mapped[int] = mapped_column()
    status: Mapped[str] = mapped_column(String, server_default="waiting")
    opens_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    address: Mapped[str | None] = mapped_column(String)
    skip_reason: Mapped[str | None] = mapped_column(Text)
    answered_by: Mapped[str | None] = mapped_column(String)
    answered_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())


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
        CheckConstraint(
            "settled_as IN ('confirmed','cancelled','booked','declined','gone','late')",
            name="settled_as",
        ),
        CheckConstraint("appointment_id IS NULL OR offer_id IS NULL", name="of_one"),
        Index("ix_crm_appointment_answers_outcome_id", "outcome", "id"),
        Index("ix_crm_appointment_answers_appointment_id", "appointment_id", "id"),
        Index("ix_crm_appointment_answers_offer_id", "offer_id", "id"),
    )

    inbound_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    sender: Mapped[str] = mapped_column(String)
    said: Mapped[str] = mapped_column(Text)
    meaning: Mapped[str] = mapped_column(String)
    outcome: Mapped[str] = mapped_column(String)
    appointment_id: Mapped[int | None] = mapped_column(
        ForeignKey("crm_appointments.id", ondelete="RESTRICT")
    )
    offer_id: Mapped[int | None] = mapped_column(
        ForeignKey("crm_slot_offers.id", ondelete="RESTRICT")
    )
    candidates: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=text("'{}'"))
    offer_candidates: Mapped[list[int]] = mapped_column(
        ARRAY(BigInteger), server_default=text("'{}'")
    )
    settled_as: Mapped[str | None] = mapped_column(String)
    settled_by: Mapped[str | None] = mapped_column(String)
    settled_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())

"""What belongs to a case: stops of its clock, its thread, escalations, links."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.base.db import Base

_Instant = DateTime(timezone=True)


class FeedbackStop(Base):
    """A time in which a case's clock stood still; open while it still does."""

    __tablename__ = "crm_feedback_stops"
    __table_args__ = (
        Index(
            "uq_crm_feedback_stops_open",
            "feedback_id",
            unique=True,
            postgresql_where=text("resumed_at IS NULL"),
        ),
        Index("ix_crm_feedback_stops_feedback_id", "feedback_id"),
    )

    feedback_id: Mapped[int] = mapped_column(ForeignKey("crm_feedback.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String)
    stopped_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())
    resumed_at: Mapped[datetime | None] = mapped_column(_Instant)


class FeedbackEntry(Base):
    """A line of a thread; never changed."""

    __tablename__ = "crm_feedback_entries"
    __table_args__ = (Index("ix_crm_feedback_entries_feedback_id_id", "feedback_id", "id"),)

    feedback_id: Mapped[int] = mapped_column(ForeignKey("crm_feedback.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String)
    body: Mapped[str] = mapped_column(Text, server_default="")
    old_value: Mapped[str | None] = mapped_column(String)
    new_value: Mapped[str | None] = mapped_column(String)
    channel: Mapped[str | None] = mapped_column(String)
    communication_id: Mapped[int | None] = mapped_column(BigInteger)
    who: Mapped[str] = mapped_column(String)
    who_name: Mapped[str] = mapped_column(String)
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=text("clock_timestamp()"))


class FeedbackEscalation(Base):
    """That the supervisors were told of a case, once an occasion."""

    __tablename__ = "crm_feedback_escalations"
    __table_args__ = (UniqueConstraint("feedback_id", "reason", "occasion"),)

    feedback_id: Mapped[int] = mapped_column(ForeignKey("crm_feedback.id", ondelete="CASCADE"))
    reason: Mapped[str] = mapped_column(String)
    occasion: Mapped[str] = mapped_column(String)
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())


class FeedbackInvitation(Base):
    """A link that somebody was sent; answered once."""

    __tablename__ = "crm_feedback_invitations"
    __table_args__ = (
        ForeignKeyConstraint(
            ["department_id", "hospital_id"],
            ["crm_departments.id", "crm_departments.hospital_id"],
            ondelete="CASCADE",
        ),
        Index("ix_crm_feedback_invitations_feedback_id", "feedback_id"),
        Index(
            "ix_crm_feedback_invitations_patient_id",
            "patient_id",
            postgresql_where=text("patient_id IS NOT NULL"),
        ),
    )

    kind: Mapped[str] = mapped_column(String)
    patient_id: Mapped[int | None] = mapped_column(
        ForeignKey("crm_patients.id", ondelete="CASCADE")
    )
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("crm_owners.id", ondelete="CASCADE"))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("crm_staff.id", ondelete="CASCADE"))
    visit_id: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    hospital_id: Mapped[int | None] = mapped_column(
        ForeignKey("crm_hospitals.id", ondelete="CASCADE")
    )
    department_id: Mapped[int | None] = mapped_column(BigInteger)
    feedback_id: Mapped[int | None] = mapped_column(
        ForeignKey("crm_feedback.id", ondelete="CASCADE")
    )
    expires_at: Mapped[datetime] = mapped_column(_Instant)
    answered_at: Mapped[datetime | None] = mapped_column(_Instant)
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())

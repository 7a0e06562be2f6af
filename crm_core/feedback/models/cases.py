"""The table of cases."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Computed,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    String,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.base.db import Base

_Instant = DateTime(timezone=True)
_OPEN = text("status IN ('new', 'acknowledged', 'in_progress', 'waiting', 'reopened')")
_FAR = text("TIMESTAMPTZ '9999-01-01 00:00:00+00'")


class Feedback(Base):
    """What somebody said, and how far it is.

    ``due_at`` is worked out by the database from the two due times and the state, so that one
    index holds the queue; what is not to be done any more is due in the year 9999. The due times
    are worked out from working hours in clocks.py at every change; ``clock_basis`` says from which.
    """

    __tablename__ = "crm_feedback"
    __table_args__ = (
        ForeignKeyConstraint(
            ["department_id", "hospital_id"],
            ["crm_departments.id", "crm_departments.hospital_id"],
            ondelete="RESTRICT",
        ),
        CheckConstraint("num_nonnulls(patient_id, owner_id, staff_id) = 1", name="source"),
        Index("ix_crm_feedback_severity_created_at_id", "severity", "created_at", "id"),
        Index(
            "ix_crm_feedback_status_severity_created_at_id",
            "status",
            "severity",
            "created_at",
            "id",
        ),
        Index(
            "ix_crm_feedback_type_severity_created_at_id", "type", "severity", "created_at", "id"
        ),
        Index("ix_crm_feedback_created_at_id", "created_at", "id"),
        Index("ix_crm_feedback_hospital_id_created_at_id", "hospital_id", "created_at", "id"),
        Index(
            "ix_crm_feedback_department_id_created_at_id",
            "department_id",
            "created_at",
            "id",
            postgresql_where=text("department_id IS NOT NULL"),
        ),
        Index("ix_crm_feedback_topic", text("lower(category)"), "created_at", "id"),
        *(
            Index(
                f"ix_crm_feedback_{column}_created_at_id",
                column,
                "created_at",
                "id",
                postgresql_where=text(f"{column} IS NOT NULL"),
            )
            for column in ("patient_id", "owner_id", "staff_id", "about_staff_id")
        ),
        Index(
            "ix_crm_feedback_merged_into_id",
            "merged_into_id",
            postgresql_where=text("merged_into_id IS NOT NULL"),
        ),
        Index("ix_crm_feedback_search", "search", postgresql_using="gin"),
        Index(
            "ix_crm_feedback_queue",
            "due_at",
            text("(-severity)"),
            "created_at",
            "id",
            postgresql_where=_OPEN,
        ),
        *(
            Index(
                f"ix_crm_feedback_queue_{column}",
                column,
                "due_at",
                text("(-severity)"),
                "created_at",
                "id",
                postgresql_where=_OPEN,
            )
            for column in ("assigned_to", "hospital_id")
        ),
        Index(
            "ix_crm_feedback_open_figures",
            "hospital_id",
            postgresql_include=["type", "due_at", "escalated_at", "assigned_to"],
            postgresql_where=_OPEN,
        ),
        Index(
            "ix_crm_feedback_resolved_at",
            "resolved_at",
            postgresql_where=text("status = 'resolved'"),
        ),
    )

    feedback_code: Mapped[str] = mapped_column(
        String, unique=True, server_default=text("crm_code('FDB', nextval('crm_feedback_codes'))")
    )
    patient_id: Mapped[int | None] = mapped_column(
        ForeignKey("crm_patients.id", ondelete="RESTRICT")
    )
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("crm_owners.id", ondelete="RESTRICT"))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("crm_staff.id", ondelete="RESTRICT"))
    source_type: Mapped[str] = mapped_column(
        String,
        Computed(
            "CASE WHEN patient_id IS NOT NULL THEN 'patient'"
            " WHEN owner_id IS NOT NULL THEN 'owner' ELSE 'staff' END",
            persisted=True,
        ),
    )
    source_id: Mapped[int] = mapped_column(
        BigInteger, Computed("coalesce(patient_id, owner_id, staff_id)", persisted=True)
    )
    hospital_id: Mapped[int | None] = mapped_column(
        ForeignKey("crm_hospitals.id", ondelete="RESTRICT")
    )
    department_id: Mapped[int | None] = mapped_column(BigInteger)
    about_staff_id: Mapped[int | None] = mapped_column(
        ForeignKey("crm_staff.id", ondelete="RESTRICT")
    )
    visit_id: Mapped[int | None] = mapped_column(BigInteger)
    type: Mapped[str] = mapped_column(String)
    category: Mapped[str | None] = mapped_column(String)
    rating: Mapped[int | None] = mapped_column(SmallInteger)
    nps: Mapped[int | None] = mapped_column(SmallInteger)
    subject: Mapped[str | None] = mapped_column(String)
    message: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String, server_default="new")
    priority: Mapped[str] = mapped_column(String, server_default="medium")
    severity: Mapped[int] = mapped_column(
        SmallInteger, Computed("crm_feedback_severity(priority)", persisted=True)
    )
    alarm_words: Mapped[list[str]] = mapped_column(ARRAY(String), server_default=text("'{}'"))
    priority_held: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    assigned_to: Mapped[int | None] = mapped_column(ForeignKey("crm_staff.id", ondelete="RESTRICT"))
    resolution: Mapped[str | None] = mapped_column(Text)
    resolved_at: Mapped[datetime | None] = mapped_column(_Instant)
    satisfaction_rating: Mapped[int | None] = mapped_column(SmallInteger)
    suggestion_state: Mapped[str | None] = mapped_column(String)
    response_from: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())
    responded_at: Mapped[datetime | None] = mapped_column(_Instant)
    response_due_at: Mapped[datetime] = mapped_column(_Instant, server_default=_FAR)
    resolution_due_at: Mapped[datetime] = mapped_column(_Instant, server_default=_FAR)
    due_at: Mapped[datetime] = mapped_column(
        _Instant,
        Computed(
            "CASE WHEN status IN ('resolved', 'closed', 'merged')"
            " THEN TIMESTAMPTZ '9999-01-01 00:00:00+00' WHEN responded_at IS NULL"
            " THEN least(response_due_at, resolution_due_at) ELSE resolution_due_at END",
            persisted=True,
        ),
    )
    minutes_left: Mapped[int | None] = mapped_column()
    clock_basis: Mapped[str] = mapped_column(String, server_default="")
    response_minutes: Mapped[int | None] = mapped_column()
    response_late: Mapped[bool | None] = mapped_column(Boolean)
    resolution_minutes: Mapped[int | None] = mapped_column()
    resolution_late: Mapped[bool | None] = mapped_column(Boolean)
    reopenings: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    escalated_at: Mapped[datetime | None] = mapped_column(_Instant)
    escalated_for: Mapped[datetime | None] = mapped_column(_Instant)
    reminded_for: Mapped[datetime | None] = mapped_column(_Instant)
    merged_into_id: Mapped[int | None] = mapped_column(
        ForeignKey("crm_feedback.id", ondelete="RESTRICT")
    )
    created_by: Mapped[str] = mapped_column(String)
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())
    search: Mapped[str] = mapped_column(
        TSVECTOR,
        Computed(
            "to_tsvector('simple', crm_search_text(feedback_code || ' ' || coalesce(subject, '')"
            " || ' ' || \"left\"(message, 2000)))",
            persisted=True,
        ),
        deferred=True,
    )

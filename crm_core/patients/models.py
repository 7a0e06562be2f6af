"""The tables of patients."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.base.db import Base

_Instant = DateTime(timezone=True)
_UNMERGED = text("merged_into_id IS NULL")


class Patient(Base):
    """A person in care. Loyalty, messages and visits point here; none of them is known here."""

    __tablename__ = "crm_patients"
    __table_args__ = (
        CheckConstraint("status IN ('active','inactive','deceased')", name="status"),
        CheckConstraint("gender IN ('male','female','other')", name="gender"),
        CheckConstraint("date_of_birth <= registration_date", name="born_before"),
        # A record that leads to itself was withdrawn: it is in no list, like a merged one.
        CheckConstraint(
            "(withdrawn_at IS NOT NULL) = coalesce(merged_into_id = id, false)", name="withdrawn"
        ),
        # Of an erased person nothing may stand here; the migration says it column by column.
        CheckConstraint("erased_at IS NULL OR merged_into_id IS NOT NULL", name="erased"),
        Index("uq_crm_patients_email", text("lower(email)"), unique=True),
        Index(
            "uq_crm_patients_nin_hash",
            "nin_hash",
            unique=True,
            postgresql_where=_UNMERGED,
        ),
        Index("ix_crm_patients_email_start", text("lower(email) text_pattern_ops")),
        Index("ix_crm_patients_search", "search", postgresql_using="gin"),
        Index("ix_crm_patients_phone", "phone"),
        Index("ix_crm_patients_phone_end", text("reverse(phone) text_pattern_ops")),
        Index(
            "ix_crm_patients_alternate_phone_end", text("reverse(alternate_phone) text_pattern_ops")
        ),
        Index("ix_crm_patients_nin_last4", "nin_last4", "id"),
        Index("ix_crm_patients_same", text("lower(last_name)"), "date_of_birth"),
        Index("ix_crm_patients_status_id", "status", "id", postgresql_where=_UNMERGED),
        Index("ix_crm_patients_state_id", "state", "id", postgresql_where=_UNMERGED),
        Index("ix_crm_patients_gender_id", "gender", "id", postgresql_where=_UNMERGED),
        Index(
            "ix_crm_patients_preferred_hospital_id_id",
            "preferred_hospital_id",
            "id",
            postgresql_where=_UNMERGED,
        ),
        Index(
            "ix_crm_patients_registration_date_id",
            "registration_date",
            "id",
            postgresql_where=_UNMERGED,
        ),
        Index(
            "ix_crm_patients_conditions",
            text("crm_lower_words(chronic_conditions)"),
            postgresql_using="gin",
            postgresql_where=text("cardinality(chronic_conditions) > 0"),
        ),
        # What patients are chosen by for a campaign and written to, in one narrow index.
        Index(
            "ix_crm_patients_segment",
            "id",
            postgresql_include=[
                "date_of_birth",
                "gender",
                "state",
                "lga",
                "preferred_hospital_id",
                "last_visit_date",
                "visit_count",
                "communication_preferences",
                "phone",
                "email",
            ],
            postgresql_where=text("merged_into_id IS NULL AND status = 'active'"),
        ),
        Index("ix_crm_patients_referred_by_id", "referred_by_id"),
        Index("ix_crm_patients_merged_into_id", "merged_into_id"),
    )

    patient_code: Mapped[str] = mapped_column(
        String, unique=True, server_default=text("crm_code('PAT', nextval('crm_patient_codes'))")
    )
    first_name: Mapped[str] = mapped_column(String)
    last_name: Mapped[str] = mapped_column(String)
    middle_name: Mapped[str | None] = mapped_column(String)
    email: Mapped[str | None] = mapped_column(String)
    phone: Mapped[str] = mapped_column(String)
    alternate_phone: Mapped[str | None] = mapped_column(String)
    date_of_birth: Mapped[date] = mapped_column()
    gender: Mapped[str] = mapped_column(String)
    blood_group: Mapped[str | None] = mapped_column(String)
    genotype: Mapped[str | None] = mapped_column(String)
    address: Mapped[str] = mapped_column(Text)
    city: Mapped[str] = mapped_column(String)
    state: Mapped[str] = mapped_column(String)
    lga: Mapped[str | None] = mapped_column(String)
    nin_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    nin_hash: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    nin_last4: Mapped[str | None] = mapped_column(String)
    nhis_number: Mapped[str | None] = mapped_column(String)
    registration_date: Mapped[date] = mapped_column(server_default=text("crm_lagos_today()"))
    last_visit_date: Mapped[date | None] = mapped_column()
    visit_count: Mapped[int] = mapped_column(server_default=text("0"))
    preferred_hospital_id: Mapped[int | None] = mapped_column(
        ForeignKey("crm_hospitals.id", ondelete="RESTRICT")
    )
    emergency_contact_name: Mapped[str | None] = mapped_column(String)
    emergency_contact_phone: Mapped[str | None] = mapped_column(String)
    emergency_contact_relationship: Mapped[str | None] = mapped_column(String)
    allergies: Mapped[list[str]] = mapped_column(ARRAY(String), server_default=text("'{}'"))
    chronic_conditions: Mapped[list[str]] = mapped_column(
        ARRAY(String), server_default=text("'{}'")
    )
    status: Mapped[str] = mapped_column(String, server_default="active")
    communication_preferences: Mapped[dict[str, Any]] = mapped_column(JSONB)
    consent_source: Mapped[str] = mapped_column(String, server_default="registration")
    consent_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())
    referral_code: Mapped[str] = mapped_column(
        String, unique=True, server_default=text("crm_referral_code()")
    )
    referred_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("crm_patients.id", ondelete="RESTRICT")
    )
    merged_into_id: Mapped[int | None] = mapped_column(
        ForeignKey("crm_patients.id", ondelete="RESTRICT")
    )
    withdrawn_at: Mapped[datetime | None] = mapped_column(_Instant)
    erased_at: Mapped[datetime | None] = mapped_column(_Instant)
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(_Instant, server_default=func.now())
    search: Mapped[str] = mapped_column(
        TSVECTOR,
        Computed(
            "to_tsvector('simple', crm_search_text(first_name || ' ' || last_name || ' '"
            " || coalesce(middle_name, '') || ' ' || coalesce(email, '') || ' ' || patient_code))",
            persisted=True,
        ),
        deferred=True,
    )


# What a search corrects a typo by; kept by triggers (see the migration).
NameWord = Table(
    "crm_name_words",
    Base.metadata,
    Column("word", Text, primary_key=True),
    Index("ix_crm_name_words_prefix", text("word text_pattern_ops")),
)
NameNeighbour = Table(
    "crm_name_neighbours",
    Base.metadata,
    Column("shorter", Text, primary_key=True),
    Column("word", Text, primary_key=True),
)

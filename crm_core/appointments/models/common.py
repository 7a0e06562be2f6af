"""What the tables of this domain share."""

from sqlalchemy import DateTime, ForeignKeyConstraint

Instant = DateTime(timezone=True)
TYPES = "type IN ('consultation','follow_up','procedure','emergency','telemedicine')"
STATES = "'scheduled','confirmed','arrived','in_progress','completed','cancelled','no_show'"


def places() -> tuple[ForeignKeyConstraint, ForeignKeyConstraint]:
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

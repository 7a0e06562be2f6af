"""Answers of patients: which offers an unclear one may have meant, and what settling it came to."""

from alembic import op

revision = "2026_11_24_09"
down_revision = "2026_11_24_08"

ANSWERS = """
ALTER TABLE crm_appointment_answers
    ADD COLUMN offer_id bigint CONSTRAINT fk_crm_appointment_answers_offer_id
        REFERENCES crm_slot_offers ON DELETE RESTRICT,
    ADD COLUMN offer_candidates bigint[] NOT NULL DEFAULT '{}',
    ADD COLUMN settled_as varchar CONSTRAINT ck_crm_appointment_answers_settled_as CHECK (
        settled_as IN ('confirmed', 'cancelled', 'booked', 'declined', 'gone', 'late')),
    ADD CONSTRAINT ck_crm_appointment_answers_of_one
        CHECK (appointment_id IS NULL OR offer_id IS NULL);
CREATE INDEX ix_crm_appointment_answers_offer_id ON crm_appointment_answers (offer_id, id);
"""


def upgrade() -> None:
    """Goes forward; there is no way back but a restore."""
    op.execute(ANSWERS)

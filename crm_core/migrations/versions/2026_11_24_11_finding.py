"""What a search finds besides: doctors by name, payouts by references of every attempt."""

from alembic import op

revision = "2026_11_24_11"
down_revision = "2026_11_24_10"

CHANGES = """
CREATE INDEX ix_crm_doctors_words
    ON crm_doctors USING gin (to_tsvector('simple', crm_search_text(name)));
CREATE INDEX ix_crm_payout_attempts_reference ON crm_payout_attempts (reference);
CREATE INDEX ix_crm_transfers_transfer_code ON crm_transfers (transfer_code);
"""


def upgrade() -> None:
    """Goes forward; there is no way back but a restore."""
    op.execute(CHANGES)

"""Figures of the first page that are read from an index alone, without looking at any row."""

from alembic import op

revision = "2026_11_24_16"
down_revision = "2026_11_24_15"

CHANGES = """
CREATE INDEX ix_crm_payouts_hospital_id_figures ON crm_payouts (hospital_id)
    INCLUDE (status, due_on, paid_at, net_amount);
CREATE INDEX ix_crm_feedback_open_figures ON crm_feedback (hospital_id)
    INCLUDE (type, due_at, escalated_at, assigned_to)
    WHERE status IN ('new', 'acknowledged', 'in_progress', 'waiting', 'reopened');
CREATE INDEX ix_crm_feedback_sums_targets ON crm_feedback_sums (month, hospital_id)
    INCLUDE (type, pieces, responded_late, resolved_late) WHERE kind = 'target';
"""


def upgrade() -> None:
    """Goes forward; there is no way back but a restore."""
    op.execute(CHANGES)

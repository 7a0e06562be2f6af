"""Campaigns: outcomes kept with the run, cancelling in pieces, who booked or came since."""

from alembic import op

revision = "2026_11_24_12"
down_revision = "2026_11_24_11"

CHANGES = """
-- A run that is frozen never changes again: its page need not count the people anew at each look.
ALTER TABLE crm_campaign_runs ADD COLUMN outcomes jsonb NOT NULL DEFAULT '{}';
UPDATE crm_campaign_runs r SET outcomes = counted.outcomes
FROM (SELECT run_id, jsonb_object_agg(outcome, people) AS outcomes
      FROM (SELECT run_id, outcome, count(*) AS people FROM crm_campaign_recipients
            GROUP BY run_id, outcome) AS alike GROUP BY run_id) AS counted
WHERE counted.run_id = r.id;

-- A cancelled batch is finished when its messages are skipped, which a job does piece by piece.
CREATE INDEX ix_crm_message_batches_cancelled ON crm_message_batches (id)
    WHERE state = 'cancelled' AND finished_at IS NULL;

CREATE INDEX ix_crm_appointments_booked_at ON crm_appointments (booked_at);
CREATE INDEX ix_crm_appointments_completed_at ON crm_appointments (completed_at)
    WHERE completed_at IS NOT NULL;
"""


def upgrade() -> None:
    """Goes forward; there is no way back but a restore."""
    op.execute(CHANGES)

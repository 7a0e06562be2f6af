"""When a transfer was frozen; events that came in are looked for by their id alone."""

from alembic import op

revision = "2026_11_24_10"
down_revision = "2026_11_24_09"

CHANGES = """
ALTER TABLE crm_transfers ADD COLUMN frozen_at timestamptz;
UPDATE crm_transfers SET frozen_at = now() WHERE frozen_reason IS NOT NULL;

CREATE INDEX ix_crm_integration_events_event_id_id ON crm_integration_events (event_id, id);
"""


def upgrade() -> None:
    """Goes forward; there is no way back but a restore."""
    op.execute(CHANGES)

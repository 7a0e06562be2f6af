"""A launched campaign's texts bear a name that nobody can save or retire a text under."""

from alembic import op

revision = "2026_11_24_08"
down_revision = "2026_11_24_07"

# Version 1 is what the launch kept, and so what was approved. What somebody saved later under the
# same name stays in the list of texts, out of force.
TEXTS = """
CREATE TEMPORARY TABLE frozen ON COMMIT DROP AS
    SELECT t.id, t.name, t.channel, c.id AS campaign_id
    FROM crm_message_templates t
    JOIN crm_campaigns c ON t.name = 'campaign_' || c.id AND t.channel::text = ANY (c.channels)
    WHERE t.version = 1
      AND EXISTS (SELECT FROM crm_campaign_runs r WHERE r.campaign_id = c.id);
UPDATE crm_message_templates t SET current = false
FROM frozen f WHERE t.name = f.name AND t.channel = f.channel AND t.current AND t.id <> f.id;
UPDATE crm_message_templates t SET name = 'campaign-' || f.campaign_id, current = true
FROM frozen f WHERE t.id = f.id;
ALTER TABLE crm_message_templates ADD CONSTRAINT ck_crm_message_templates_of_campaign
    CHECK (name NOT LIKE 'campaign-%' OR version = 1 AND current);
"""


def upgrade() -> None:
    """Goes forward; there is no way back but a restore."""
    op.execute(TEXTS)

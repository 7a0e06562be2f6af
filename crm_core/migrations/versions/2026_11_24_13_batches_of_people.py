"""A launch writes batches of people; the messages of one are written by the worker that takes it."""

from alembic import op

revision = "2026_11_24_13"
down_revision = "2026_11_24_12"

BATCHES = """
-- Of a campaign's batch: the run, and the people whose messages it is for. Until a worker has
-- written them, last_id is 0.
ALTER TABLE crm_message_batches
    ADD COLUMN run_id bigint,
    ADD COLUMN first_person bigint,
    ADD COLUMN last_person bigint,
    ADD CONSTRAINT ck_crm_message_batches_people CHECK (
        (run_id IS NULL AND first_person IS NULL AND last_person IS NULL)
        OR (run_id IS NOT NULL AND first_person <= last_person)) NOT VALID;
ALTER TABLE crm_message_batches VALIDATE CONSTRAINT ck_crm_message_batches_people;
-- The batch of a person is the last that begins with them or before. A run is cut up once: doing
-- it again would give the same batches.
CREATE UNIQUE INDEX uq_crm_message_batches_people
    ON crm_message_batches (run_id, channel, first_person) WHERE run_id IS NOT NULL;

-- The messages that are counted and not written yet, and those that a cancelled campaign never wrote.
CREATE VIEW crm_unwritten_messages AS
    SELECT id AS batch_id, campaign_id, run_id, channel, purpose, first_person, last_person,
           size AS messages,
           CASE WHEN state = 'cancelled' THEN 'skipped'
                WHEN due_at > created_at THEN 'deferred'
                ELSE 'pending' END::crm_message_status AS status,
           CASE WHEN state = 'cancelled' THEN 'campaign_cancelled' END AS reason
    FROM crm_message_batches WHERE run_id IS NOT NULL AND last_id = 0;

-- What is not written has no id, and so none that waits.
CREATE OR REPLACE FUNCTION crm_message_first_waiting() RETURNS bigint LANGUAGE sql STABLE
RETURN (SELECT coalesce(min(cursor_id) + 1, 9223372036854775807) FROM crm_message_batches
        WHERE state IN ('ready', 'paused') AND last_id > 0);
"""


def upgrade() -> None:
    """Goes forward; there is no way back but a restore."""
    op.execute(BATCHES)

"""What must always hold of messages, for `verify`: a rule is a statement that finds offenders."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from crm_core.base.rules import broken_rules


def invariants(session: Session) -> Iterator[str]:
    """A sentence for each rule that is broken, naming the first offenders."""
    yield from broken_rules(session, {**_OUTBOX, **_PEOPLE})


_OUTBOX = {
    # The messages of a cancelled batch wait until a job has skipped them, and finished it.
    "a message waits in no batch that will ever be sent": """
        SELECT m.id::text FROM crm_communication_logs m
        LEFT JOIN crm_message_batches b ON b.id = m.batch_id
            AND m.id BETWEEN b.first_id AND b.last_id AND m.channel = b.channel
        WHERE m.status IN ('pending', 'deferred')
          AND (b.id IS NULL OR m.id <= b.cursor_id OR NOT (b.state IN ('ready', 'paused')
               OR (b.state = 'cancelled' AND b.finished_at IS NULL)))
    """,
    "a batch that ended is still held by a worker": """
        SELECT id::text FROM crm_message_batches
        WHERE state IN ('done', 'cancelled') AND leased_until IS NOT NULL AND claimed_id = cursor_id
    """,
    "a message was handed over, and nobody says when or to whom": """
        SELECT id::text FROM crm_communication_logs
        WHERE status IN ('sent', 'delivered', 'read')
          AND (sent_at IS NULL OR provider IS NULL OR address IS NULL)
    """,
    "a message was read before it was delivered, or delivered before it was sent": """
        SELECT id::text FROM crm_communication_logs
        WHERE (status = 'delivered' AND delivered_at IS NULL)
           OR (status = 'read' AND read_at IS NULL)
    """,
    "a message that ended badly has no reason": """
        SELECT id::text FROM crm_communication_logs
        WHERE status IN ('failed', 'skipped', 'expired', 'unknown') AND reason IS NULL
    """,
}
_PEOPLE = {
    "a message is to a patient who does not exist": """
        SELECT m.id::text FROM crm_communication_logs m
        WHERE m.recipient_type = 'patient' AND m.reason IS DISTINCT FROM 'not_there'
          AND NOT EXISTS (SELECT FROM crm_patients p WHERE p.id = m.recipient_id)
    """,
    "a message is to an owner who does not exist": """
        SELECT m.id::text FROM crm_communication_logs m
        WHERE m.recipient_type = 'owner' AND m.reason IS DISTINCT FROM 'not_there'
          AND NOT EXISTS (SELECT FROM crm_owners o WHERE o.id = m.recipient_id)
    """,
    "a message is to a member of staff who does not exist": """
        SELECT m.id::text FROM crm_communication_logs m
        WHERE m.recipient_type = 'staff' AND m.reason IS DISTINCT FROM 'not_there'
          AND NOT EXISTS (SELECT FROM crm_staff s WHERE s.id = m.recipient_id)
    """,
    "a message names a text that does not exist": """
        SELECT m.id::text FROM crm_communication_logs m
        WHERE m.template_id IS NOT NULL
          AND NOT EXISTS (SELECT FROM crm_message_templates t WHERE t.id = m.template_id)
    """,
}

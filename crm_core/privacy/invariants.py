"""What must always hold of erased people, for `verify`: nothing of them has come back."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from crm_core.base.rules import broken_rules


def invariants(session: Session) -> Iterator[str]:
    """A sentence for each rule that is broken, naming the first offenders."""
    yield from broken_rules(session, _RULES)


_RULES = {
    "an erasure is done, and a record of the person is there": """
        SELECT p.patient_code FROM crm_erasures e
        JOIN crm_patients p ON p.id = e.patient_id OR p.merged_into_id = e.patient_id
        WHERE e.state = 'done' AND p.erased_at IS NULL
    """,
    "a record was erased, and no erasure says so": """
        SELECT p.patient_code FROM crm_patients p
        WHERE p.erased_at IS NOT NULL AND NOT EXISTS (
            SELECT FROM crm_erasures e WHERE e.patient_id = p.merged_into_id AND e.state = 'done')
    """,
    "an erasure was approved by whoever asked for it": """
        SELECT id::text FROM crm_erasures
        WHERE state IN ('approved', 'done') AND decided_by = requested_by
    """,
    "a message to an erased person holds what was written": """
        SELECT p.patient_code FROM crm_patients p JOIN crm_communication_logs m
            ON m.recipient_type = 'patient' AND m.recipient_id = p.id
        WHERE p.erased_at IS NOT NULL AND (m.address <> ''
            OR num_nonnulls(m.subject, m.content, m.fields, m.provider_id) > 0)
    """,
    "an answer of an erased person is there": """
        SELECT p.patient_code FROM crm_patients p JOIN crm_inbound_messages i
            ON i.patient_id = p.id
        WHERE p.erased_at IS NOT NULL AND (i.sender <> '' OR i.text <> '')
    """,
    "feedback of an erased person holds what they said": """
        SELECT f.feedback_code FROM crm_patients p JOIN crm_feedback f ON f.patient_id = p.id
        WHERE p.erased_at IS NOT NULL AND (f.message NOT IN ('', '[erased]')
            OR coalesce(f.subject, '[erased]') NOT IN ('', '[erased]'))
    """,
    "the history holds who an erased person was": """
        SELECT DISTINCT p.patient_code FROM crm_patients p JOIN crm_history h
            ON h.table_name = 'crm_patients' AND h.record_id = p.id
        WHERE p.erased_at IS NOT NULL
          AND (h.before ?| '{first_name,phone,email}' OR h.after ?| '{first_name,phone,email}')
    """,
}

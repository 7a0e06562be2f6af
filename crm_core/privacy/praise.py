"""What the house wrote to its staff about a patient's feedback, in the patient's words.

A compliment is handed on to whom it is about. Once the patient is erased nobody is told in their
words any more: what waits is called off, and of what went out the words go.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.errors import Conflict


def call_off_praise(session: Session, values: Mapping[str, Any]) -> list[int]:
    """Empties these messages, and skips those that have not gone out; gives which.

    Args:
        values: what statements about the person are bound to.

    Raises:
        Conflict: a worker has one in hand, with the words in its memory.
    """
    # The batch before its messages, as everybody locks them: from here on no worker takes it.
    if True in session.scalars(_IN_HAND, values).all():
        raise Conflict(
            "A message to a colleague about the patient's feedback is just going out:"
            " try again in a minute."
        )
    return list(session.scalars(_CALL_OFF, values))


_OF_THEIRS = """
    m.reference_type = 'feedback' AND m.recipient_type = 'staff'
        AND m.reference_id IN (SELECT id FROM crm_feedback WHERE patient_id = ANY(:ids))
"""
_IN_HAND = text(
    f"""
    SELECT b.leased_until > now() OR b.claimed_id > b.cursor_id
    FROM crm_message_batches b
    WHERE b.id IN (SELECT m.batch_id FROM crm_communication_logs m
                   WHERE m.status IN ('pending', 'deferred') AND {_OF_THEIRS})
    ORDER BY b.id FOR UPDATE
    """  # noqa: S608
)
_CALL_OFF = text(
    f"""
    UPDATE crm_communication_logs m
    SET subject = NULL, fields = NULL,
        content = CASE WHEN m.content IS NOT NULL THEN '[erased]' END,
        status = CASE WHEN w.waits THEN 'skipped' ELSE m.status END,
        reason = CASE WHEN w.waits THEN 'erased' ELSE m.reason END,
        error_message = CASE WHEN w.waits
            THEN 'The patient whose words these were was erased on request.'
            ELSE m.error_message END
    FROM (SELECT m.id, m.status IN ('pending', 'deferred') AS waits
          FROM crm_communication_logs m WHERE {_OF_THEIRS}) w
    WHERE m.id = w.id
    RETURNING m.id
    """  # noqa: S608
)

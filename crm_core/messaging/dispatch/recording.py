"""Writing down what became of messages: one statement a chunk, forward only."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.messaging.dispatch.leases import Lease
from crm_core.messaging.dispatch.messages import Result
from crm_core.messaging.schemas import MessageStatus

_KNOWN = frozenset({MessageStatus.SENT, MessageStatus.FAILED})


def record(session: Session, lease: Lease, results: Sequence[Result], *, now: datetime) -> None:
    """Records a chunk; what waits again goes to a batch of its own, which inherits the old one's
    state: what is paused stays paused.
    """
    if not results:
        return
    waits = [result for result in results if result.due_at is not None]
    batch_id = _later(session, lease, waits) if waits else None
    _write(session, results, batch_id, now, ["pending", "deferred"])


def record_known(session: Session, results: Sequence[Result], *, now: datetime) -> int:
    """Records what was learnt of messages of which nothing was known; gives of how many."""
    known = [result for result in results if result.status in _KNOWN]
    return _write(session, known, None, now, ["unknown"]) if known else 0


def postpone(session: Session, lease: Lease, reason: str, sentence: str) -> None:
    """What is left of the batch waits with it."""
    values = {"batch": lease.batch_id, "after": lease.claimed, "last": lease.last}
    session.execute(_POSTPONE, values | {"reason": reason, "sentence": sentence})


def _later(session: Session, lease: Lease, waits: Sequence[Result]) -> int:
    ids = [result.message.id for result in waits]
    values = {
        "batch": lease.batch_id,
        "first": min(ids),
        "last": max(ids),
        "size": len(ids),
        "due_at": max(result.due_at for result in waits if result.due_at is not None),
    }
    return int(session.execute(_LATER, values).scalar_one())


def _write(
    session: Session,
    results: Sequence[Result],
    later: int | None,
    now: datetime,
    states: list[str],
) -> int:
    columns = [*zip(*(_row(result, later, now) for result in results), strict=True)]
    values = {name: list(column) for name, column in zip(_NAMES, columns, strict=True)}
    return len(session.execute(_RECORD, values | {"states": states}).all())


def _row(result: Result, later: int | None, now: datetime) -> tuple[Any, ...]:
    message = result.message
    sent = result.status is MessageStatus.SENT or (
        result.handed and result.status is MessageStatus.FAILED
    )
    return (
        message.id,
        result.status.value,
        message.address,
        message.subject,
        message.content,
        message.parts,
        result.reason,
        result.error,
        result.provider,
        result.provider_id,
        result.cost,
        int(result.handed),
        now if sent else None,
        later if result.due_at is not None else None,
    )


_NAMES = (
    *("ids", "statuses", "addresses", "subjects", "contents", "parts", "reasons", "errors"),
    *("providers", "provider_ids", "costs", "handed", "sent", "batches"),
)
_RECORD = text(
    """
    UPDATE crm_communication_logs m
    SET status = r.status, address = coalesce(r.address, m.address),
        subject = coalesce(r.subject, m.subject), content = coalesce(r.content, m.content),
        parts = coalesce(r.parts, m.parts), reason = r.reason, error_message = r.error,
        provider = coalesce(r.provider, m.provider),
        provider_id = coalesce(r.provider_id, m.provider_id), cost = coalesce(r.cost, m.cost),
        attempts = m.attempts + r.handed, sent_at = coalesce(r.sent, m.sent_at),
        batch_id = coalesce(r.batch_id, m.batch_id), updated_at = now()
    FROM unnest(
        CAST(:ids AS bigint[]), CAST(:statuses AS crm_message_status[]),
        CAST(:addresses AS varchar[]), CAST(:subjects AS varchar[]), CAST(:contents AS text[]),
        CAST(:parts AS smallint[]), CAST(:reasons AS varchar[]), CAST(:errors AS text[]),
        CAST(:providers AS varchar[]), CAST(:provider_ids AS varchar[]),
        CAST(:costs AS numeric[]), CAST(:handed AS smallint[]), CAST(:sent AS timestamptz[]),
        CAST(:batches AS bigint[])
    ) AS r (id, status, address, subject, content, parts, reason, error, provider, provider_id,
            cost, handed, sent, batch_id)
    WHERE m.id = r.id AND m.status = ANY(CAST(:states AS crm_message_status[]))
    RETURNING m.id
    """
)
_LATER = text(
    """
    INSERT INTO crm_message_batches (channel, purpose, state, priority, campaign_id, first_id,
        last_id, size, due_at, cursor_id, claimed_id)
    SELECT channel, purpose, CASE WHEN state = 'paused' THEN state ELSE 'ready' END, priority,
           campaign_id, :first, :last, :size, :due_at, :first - 1, :first - 1
    FROM crm_message_batches WHERE id = :batch
    RETURNING id
    """
)
_POSTPONE = text(
    """
    UPDATE crm_communication_logs
    SET status = 'deferred', reason = :reason, error_message = :sentence, updated_at = now()
    WHERE id > :after AND id <= :last AND batch_id = :batch AND status = 'pending'
    """
)

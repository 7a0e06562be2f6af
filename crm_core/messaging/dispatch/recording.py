"""Writing down what became of messages: one statement a chunk, forward only."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.db import attribute
from crm_core.messaging import suppression
from crm_core.messaging.dispatch.leases import Lease, LeaseLost, token_of
from crm_core.messaging.dispatch.messages import Result
from crm_core.messaging.dispatch.patience import WHO
from crm_core.messaging.schemas import ChannelState, MessageStatus
from crm_core.messaging.suppression import Failed

CANCELLED = ("campaign_cancelled", "The campaign was cancelled before it was sent.")
_OPEN = ["pending", "deferred"]
_HOUR = timedelta(hours=1)
_KNOWN = frozenset({MessageStatus.SENT, MessageStatus.FAILED})


def record(session: Session, lease: Lease, results: Sequence[Result], *, now: datetime) -> None:
    """Records a chunk; what waits again goes to a batch of its own, as the old one is: what is
    paused stays paused, and what is cancelled does not wait.
    """
    if results:
        _write(session, _values(session, lease, results, now), _OPEN)
        _close_addresses(session, results)


def record_and_claim(
    session: Session, lease: Lease, results: Sequence[Result], claim: int, *, now: datetime
) -> bool:
    """Records the last chunk, and claims the messages up to ``claim`` as the next one.

    Where the batch or its channel was paused meanwhile nothing is claimed and the batch is given
    back; then the answer is False.

    Raises:
        LeaseLost: the token is no longer the batch's; then nothing is recorded, either.
    """
    values = _values(session, lease, results, now) | token_of(lease) | {"states": _OPEN}
    values |= {"done": lease.claimed, "claim": claim}
    row = session.execute(_RECORD_AND_CLAIM, values).one_or_none()
    if row is None:
        raise LeaseLost
    _close_addresses(session, results)
    lease.cursor, lease.claimed = lease.claimed, row.claimed_id
    lease.health, lease.failures = ChannelState(row.health), row.failures
    return lease.interrupted


def record_known(session: Session, results: Sequence[Result], *, now: datetime) -> int:
    """Records what was learnt of messages of which nothing was known; gives of how many."""
    known = [result for result in results if result.status in _KNOWN]
    return _write(session, _columns(known, {}, now), ["unknown"]) if known else 0


def postpone(session: Session, lease: Lease, reason: str, sentence: str) -> None:
    """What is left of the batch waits with it."""
    values = {"batch": lease.batch_id, "after": lease.claimed, "last": lease.last}
    session.execute(_POSTPONE, values | {"reason": reason, "sentence": sentence})


def _close_addresses(session: Session, results: Sequence[Result]) -> None:
    """What the provider said of an address holds for whatever comes next."""
    closed = [
        Failed(one.message.channel, one.message.address, one.error or "", one.message.id)
        for one in results
        if one.hard and one.message.address is not None
    ]
    if closed:
        attribute(session, who=WHO, why="the provider refused the address")
        suppression.suppress(session, closed)


def _later(
    session: Session, lease: Lease, results: Sequence[Result], now: datetime
) -> dict[int, int]:
    """New batches for what waits, one for each hour that something is due in.

    Gives the batch of each message that waits; nothing where the old batch was cancelled.
    """
    hours: dict[int, list[tuple[datetime, int]]] = {}
    for result in results:
        if result.due_at is not None:
            hour = (result.due_at - now) // _HOUR
            hours.setdefault(hour, []).append((result.due_at, result.message.id))
    if not hours:
        return {}
    ids = [[message_id for _, message_id in waits] for waits in hours.values()]
    dues = [max(due for due, _ in waits) for waits in hours.values()]
    values = {
        "batch": lease.batch_id,
        "firsts": [min(some) for some in ids],
        "lasts": [max(some) for some in ids],
        "sizes": [len(some) for some in ids],
        "dues": dues,
    }
    batches = {row.due_at: row.id for row in session.execute(_LATER, values)}
    return {
        message_id: batches[due]
        for due, some in zip(dues, ids, strict=True)
        for message_id in some
        if batches
    }


def _cancelled(result: Result) -> Result:
    if result.due_at is None:
        return result
    reason, sentence = CANCELLED
    return replace(result, status=MessageStatus.SKIPPED, reason=reason, error=sentence, due_at=None)


def _values(
    session: Session, lease: Lease, results: Sequence[Result], now: datetime
) -> dict[str, object]:
    later = _later(session, lease, results, now)
    if not later:
        results = [_cancelled(result) for result in results]
    return _columns(results, later, now)


def _columns(
    results: Sequence[Result], later: Mapping[int, int], now: datetime
) -> dict[str, object]:
    """The rows as the columns that the statement takes."""
    if not results:
        return {name: [] for name in _NAMES}
    columns = zip(*(_row(result, later, now) for result in results), strict=True)
    return {name: list(column) for name, column in zip(_NAMES, columns, strict=True)}


def _write(session: Session, values: Mapping[str, object], states: list[str]) -> int:
    return len(session.execute(RECORD, {**values, "states": states}).all())


def _row(result: Result, later: Mapping[int, int], now: datetime) -> tuple[Any, ...]:
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
        later.get(message.id),
    )


_NAMES = (
    *("ids", "statuses", "addresses", "subjects", "contents", "parts", "reasons", "errors"),
    *("providers", "provider_ids", "costs", "handed", "sent", "batches"),
)
_UPDATE = """
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
"""
RECORD = text(f"{_UPDATE} RETURNING m.id")
# One statement does both, so that neither can be without the other. The batch is locked first:
# whoever pauses or cancels it locks it before its messages, too.
_RECORD_AND_CLAIM = text(
    f"""
    WITH may AS MATERIALIZED (
        SELECT m.id, h.state AS health, h.failures,
               m.state = 'ready' AND h.state NOT IN ('open', 'paused') AS go
        FROM crm_message_batches m JOIN crm_channel_health h ON h.channel = m.channel
        WHERE m.id = :batch AND m.attempts = :token FOR UPDATE OF m
    ), moved AS (
        UPDATE crm_message_batches b
        SET cursor_id = :done, claimed_id = CASE WHEN go THEN :claim ELSE :done END,
            leased_until = CASE WHEN go THEN b.leased_until END
        FROM may WHERE b.id = may.id
        RETURNING b.claimed_id, may.health, may.failures
    ), recorded AS ({_UPDATE} AND EXISTS (SELECT FROM may) RETURNING m.id)
    SELECT claimed_id, health, failures FROM moved
    """  # noqa: S608  (put together from constants of ours)
)
# Locked, so that whoever pauses or cancels at the same time comes before it or after it.
_LATER = text(
    """
    INSERT INTO crm_message_batches (channel, purpose, state, priority, campaign_id, first_id,
        last_id, size, due_at, cursor_id, claimed_id)
    SELECT b.channel, b.purpose, CASE WHEN b.state = 'paused' THEN b.state ELSE 'ready' END,
           b.priority, b.campaign_id, w.first_id, w.last_id, w.size, w.due_at, w.first_id - 1,
           w.first_id - 1
    FROM crm_message_batches b, unnest(
        CAST(:firsts AS bigint[]), CAST(:lasts AS bigint[]), CAST(:sizes AS integer[]),
        CAST(:dues AS timestamptz[])
    ) AS w (first_id, last_id, size, due_at)
    WHERE b.id = :batch AND b.state <> 'cancelled'
    FOR UPDATE OF b
    RETURNING id, due_at
    """
)
_POSTPONE = text(
    """
    UPDATE crm_communication_logs
    SET status = 'deferred', reason = :reason, error_message = :sentence, updated_at = now()
    WHERE id > :after AND id <= :last AND batch_id = :batch AND status = 'pending'
    """
)

"""Messages to many: batches of people, and the messages of a batch once a worker takes it.

A launch writes a row for hundreds of people, so that it costs next to nothing however many they
are. The messages themselves are narrow, too: what a person reads is filled in when it is sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Subquery, func, insert, literal, select, text, update
from sqlalchemy.orm import Session

from crm_core.messaging.models import (
    BATCH_STATE,
    CHANNEL,
    PURPOSE,
    RECIPIENT,
    STATUS,
    Communication,
    MessageBatch,
)
from crm_core.messaging.schemas import BatchState, Channel, MessageStatus, Purpose, RecipientType

MESSAGE_TYPE = "campaign"

CLEARED_AT_ONCE = 50
"""Batches whose messages are skipped in one transaction: some tens of thousands of messages."""


@dataclass(frozen=True)
class Mailing:
    """What all messages of a campaign's run have in common.

    Attributes:
        due_at: not before; None is at once.
        paused: whether they wait until the campaign goes on.
    """

    campaign_id: int
    run_id: int
    purpose: Purpose
    due_at: datetime | None
    paused: bool


@dataclass(frozen=True)
class PeopleBatch:
    """A batch that is for people so far: its messages are written when a worker takes it."""

    id: int
    campaign_id: int
    run_id: int
    channel: Channel
    purpose: Purpose
    first_person: int
    last_person: int
    status: MessageStatus


def queue_mailing(session: Session, mailing: Mailing, parts: Subquery) -> dict[Channel, int]:
    """Queues a batch for each of these ranges of people; gives how many messages a channel has.

    Args:
        parts: ``channel``, ``first_person``, ``last_person`` and ``size``, the number of messages.
    """
    state = BatchState.PAUSED if mailing.paused else BatchState.READY
    given = {
        "channel": parts.c.channel,
        "first_person": parts.c.first_person,
        "last_person": parts.c.last_person,
        "size": parts.c.size,
        "campaign_id": literal(mailing.campaign_id),
        "run_id": literal(mailing.run_id),
        "purpose": literal(mailing.purpose.value, PURPOSE),
        "state": literal(state.value, BATCH_STATE),
        "due_at": func.now() if mailing.due_at is None else literal(mailing.due_at),
    }
    rows = select(*given.values()).order_by(parts.c.first_person)
    queued = (
        insert(MessageBatch)
        .from_select(list(given), rows)
        .returning(MessageBatch.channel, MessageBatch.size)
        .cte("queued")
    )
    total = select(queued.c.channel, func.sum(queued.c.size)).group_by(queued.c.channel)
    return {Channel(channel): int(size) for channel, size in session.execute(total)}


def people_batch(session: Session, batch_id: int) -> PeopleBatch:
    """What is to be known of a batch to write its messages; its row is locked, so that they are
    written once.
    """
    row = session.execute(_PEOPLE_BATCH, {"id": batch_id}).mappings().one()
    return PeopleBatch(
        **{
            **row,
            "channel": Channel(row["channel"]),
            "purpose": Purpose(row["purpose"]),
            "status": MessageStatus(row["status"]),
        }
    )


def write_messages(
    session: Session,
    batch: PeopleBatch,
    people: Select[int, Any],
    *,
    recipient_type: RecipientType,
    template_id: int,
) -> None:
    """Writes a message to each of these people, and tells the batch where they lie.

    Args:
        people: ``person_id`` and ``fields``, what the text may name besides what messaging knows.
    """
    given = people.subquery("people")
    columns = {
        "batch_id": literal(batch.id),
        "recipient_id": given.c.person_id,
        "fields": given.c.fields,
        "campaign_id": literal(batch.campaign_id),
        "template_id": literal(template_id),
        "recipient_type": literal(recipient_type.value, RECIPIENT),
        "channel": literal(batch.channel.value, CHANNEL),
        "purpose": literal(batch.purpose.value, PURPOSE),
        "status": literal(batch.status.value, STATUS),
        "message_type": literal(MESSAGE_TYPE),
    }
    # Ids are drawn after the sort.
    rows = select(*columns.values()).order_by(given.c.person_id)
    written = (
        insert(Communication)
        .from_select(list(columns), rows)
        .returning(Communication.id)
        .cte("written")
    )
    ends = select(
        literal(batch.id).label("batch_id"),
        func.min(written.c.id).label("first_id"),
        func.max(written.c.id).label("last_id"),
    ).subquery()
    before = ends.c.first_id - 1
    session.execute(
        update(MessageBatch)
        .where(MessageBatch.id == ends.c.batch_id)
        .values(
            first_id=ends.c.first_id,
            last_id=ends.c.last_id,
            cursor_id=before,
            claimed_id=before,
            judged_id=before,
        ),
        execution_options={"synchronize_session": False},
    )


def hold_mailings(session: Session, campaign_id: int) -> None:
    """Nothing more of this campaign is handed over, but for the chunk that is on its way."""
    _move(session, campaign_id, {BatchState.READY}, BatchState.PAUSED)


def release_mailings(session: Session, campaign_id: int) -> None:
    """What was held goes on."""
    _move(session, campaign_id, {BatchState.PAUSED}, BatchState.READY)


def cancel_mailings(
    session: Session, campaign_id: int
) -> Mapping[tuple[Channel, MessageStatus], int]:
    """What was not handed over yet never is; ``clear_cancelled`` writes it down of each message.

    Gives how many messages never will be written, by channel and what they waited as.
    """
    unwritten = session.execute(_CANCEL_UNWRITTEN, {"campaign_id": campaign_id}).all()
    # A batch that is born of a retry meanwhile is seen by the second look.
    for _ in range(2):
        _move(session, campaign_id, {BatchState.READY, BatchState.PAUSED}, BatchState.CANCELLED)
    return {
        (Channel(row.channel), MessageStatus(row.status)): int(row.messages) for row in unwritten
    }


def clear_cancelled(session: Session, *, reason: str, campaign_id: int | None = None) -> int:
    """Skips the messages of some cancelled batches; gives how many batches, 0 where none is left.

    A piece a transaction, for a campaign may have millions. What a worker is handing over is left
    to it, and its batch looked at again when that is recorded.

    Args:
        reason: the short code that the messages keep.
    """
    values = {"reason": reason, "campaign_id": campaign_id, "most": CLEARED_AT_ONCE}
    return len(session.execute(_CLEAR, values).all())


def _move(session: Session, campaign_id: int, before: set[BatchState], after: BatchState) -> None:
    session.execute(
        update(MessageBatch)
        .where(
            MessageBatch.campaign_id == campaign_id,
            MessageBatch.state.in_([state.value for state in before]),
        )
        .values(state=after.value),
        execution_options={"synchronize_session": False},
    )


_CLEAR = text(
    """
    WITH cleared AS (
        SELECT id, first_id, last_id FROM crm_message_batches
        WHERE state = 'cancelled' AND finished_at IS NULL AND claimed_id = cursor_id
          AND (CAST(:campaign_id AS bigint) IS NULL OR campaign_id = :campaign_id)
        ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED
    ), skipped AS (
        UPDATE crm_communication_logs m
        SET status = 'skipped', reason = :reason, error_message = 'The campaign was cancelled.',
            updated_at = now()
        FROM cleared c
        WHERE m.id BETWEEN c.first_id AND c.last_id AND m.batch_id = c.id
          AND m.status IN ('pending', 'deferred')
    )
    UPDATE crm_message_batches b SET finished_at = now() FROM cleared c WHERE b.id = c.id
    RETURNING b.id
    """
)
_PEOPLE_BATCH = text(
    """
    SELECT batch_id AS id, campaign_id, run_id, channel, purpose, first_person, last_person, status
    FROM crm_unwritten_messages WHERE batch_id = :id FOR UPDATE
    """
)
# One that a worker has taken meanwhile is written by now, and its messages are cleared.
_CANCEL_UNWRITTEN = text(
    """
    WITH ended AS (
        UPDATE crm_message_batches SET state = 'cancelled', finished_at = now()
        WHERE campaign_id = :campaign_id AND state IN ('ready', 'paused')
          AND run_id IS NOT NULL AND last_id = 0
        RETURNING channel, size, due_at > created_at AS deferred
    )
    SELECT channel, CASE WHEN deferred THEN 'deferred' ELSE 'pending' END AS status,
           sum(size) AS messages
    FROM ended GROUP BY 1, 2
    """
)

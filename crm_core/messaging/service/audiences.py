"""Messages to many: a statement a channel, however many people there are.

The rows are narrow. What a person reads is filled in when it is sent, so that a million messages
take the room of their addresses and no more.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CTE, Insert, Select, func, insert, literal, select, text, update
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
from crm_core.messaging.service.queueing import BATCH

MESSAGE_TYPE = "campaign"

CLEARED_AT_ONCE = 50
"""Batches whose messages are skipped in one transaction: some tens of thousands of messages."""


@dataclass(frozen=True)
class Mailing:
    """What the messages of one channel have in common.

    Attributes:
        due_at: not before; None is at once.
        paused: whether they wait until the campaign goes on.
    """

    campaign_id: int
    recipient_type: RecipientType
    channel: Channel
    purpose: Purpose
    template_id: int
    due_at: datetime | None
    paused: bool


def queue_mailing(session: Session, mailing: Mailing, people: Select[int, Any]) -> int:
    """Queues a message to each of these people, in batches of their own; gives how many.

    Args:
        people: ``person_id`` and ``fields``, what the text may name besides what messaging knows.
    """
    result: Any = session.execute(
        _insertion(mailing, people.cte("people")), execution_options={"preserve_rowcount": True}
    )
    return int(result.rowcount)


def hold_mailings(session: Session, campaign_id: int) -> None:
    """Nothing more of this campaign is handed over, but for the chunk that is on its way."""
    _move(session, campaign_id, {BatchState.READY}, BatchState.PAUSED)


def release_mailings(session: Session, campaign_id: int) -> None:
    """What was held goes on."""
    _move(session, campaign_id, {BatchState.PAUSED}, BatchState.READY)


def cancel_mailings(session: Session, campaign_id: int) -> None:
    """What was not handed over yet never is; ``clear_cancelled`` writes it down of each message."""
    # A batch that is born of a retry meanwhile is seen by the second look.
    for _ in range(2):
        _move(session, campaign_id, {BatchState.READY, BatchState.PAUSED}, BatchState.CANCELLED)


def clear_cancelled(session: Session, *, reason: str, campaign_id: int | None = None) -> int:
    """Skips the messages of some cancelled batches; gives how many batches, 0 where none is left.

    A piece a transaction, for a campaign may have millions. What a worker is handing over is left
    to it, and its batch looked at again when that is recorded.

    Args:
        reason: the short code that the messages keep.
    """
    values = {"reason": reason, "campaign_id": campaign_id, "most": CLEARED_AT_ONCE}
    return len(session.execute(_CLEAR, values).all())


def _insertion(mailing: Mailing, people: CTE) -> Insert:
    """Ids are drawn first, so that a batch is a range of them and each row knows its batch."""
    numbered = select(
        func.nextval("crm_communication_logs_id_seq").label("id"),
        people.c.person_id,
        people.c.fields,
        ((func.row_number().over(order_by=people.c.person_id) - 1) // BATCH).label("part"),
    ).cte("numbered")
    parts = (
        select(
            numbered.c.part,
            func.nextval("crm_message_batches_id_seq").label("batch_id"),
            func.min(numbered.c.id).label("first_id"),
            func.max(numbered.c.id).label("last_id"),
            func.count().label("size"),
        )
        .group_by(numbered.c.part)
        .cte("parts")
    )
    rows = select(
        numbered.c.id,
        parts.c.batch_id,
        numbered.c.person_id,
        numbered.c.fields,
        *_common(mailing),
    ).join_from(numbered, parts, parts.c.part == numbered.c.part)
    wanted = ["id", "batch_id", "recipient_id", "fields", *_COMMON]
    return insert(Communication).from_select(wanted, rows).add_cte(_batches(mailing, parts))


_COMMON = (
    "campaign_id",
    "template_id",
    "recipient_type",
    "channel",
    "purpose",
    "status",
    "message_type",
)


def _common(mailing: Mailing) -> list[Any]:
    waits = MessageStatus.PENDING if mailing.due_at is None else MessageStatus.DEFERRED
    return [
        literal(mailing.campaign_id),
        literal(mailing.template_id),
        literal(mailing.recipient_type.value, RECIPIENT),
        literal(mailing.channel.value, CHANNEL),
        literal(mailing.purpose.value, PURPOSE),
        literal(waits.value, STATUS),
        literal(MESSAGE_TYPE),
    ]


def _batches(mailing: Mailing, parts: CTE) -> CTE:
    state = BatchState.PAUSED if mailing.paused else BatchState.READY
    before = parts.c.first_id - 1
    given = {
        "id": parts.c.batch_id,
        "first_id": parts.c.first_id,
        "last_id": parts.c.last_id,
        "size": parts.c.size,
        "cursor_id": before,
        "claimed_id": before,
        "campaign_id": literal(mailing.campaign_id),
        "channel": literal(mailing.channel.value, CHANNEL),
        "purpose": literal(mailing.purpose.value, PURPOSE),
        "state": literal(state.value, BATCH_STATE),
        "due_at": func.now() if mailing.due_at is None else literal(mailing.due_at),
    }
    return insert(MessageBatch).from_select(list(given), select(*given.values())).cte("batches")


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

"""Messages to many: a statement a channel, however many people there are.

The rows are narrow. What a person reads is filled in when it is sent, so that a million messages
take the room of their addresses and no more.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CTE, Insert, Select, func, insert, literal, select, update
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


def cancel_mailings(session: Session, campaign_id: int, *, reason: str) -> int:
    """What was not handed over yet never is; gives how many messages that are.

    Args:
        reason: the short code that the messages keep.
    """
    cancelled = 0
    # A batch that is born of a retry meanwhile is seen by the second look.
    for _ in range(2):
        open_states = {BatchState.READY, BatchState.PAUSED}
        _move(session, campaign_id, open_states, BatchState.CANCELLED)
        cancelled += _skip_cancelled(session, campaign_id, reason)
    return cancelled


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


def _skip_cancelled(session: Session, campaign_id: int, reason: str) -> int:
    """The messages of cancelled batches; what a worker is handing over is left to it."""
    waiting = [MessageStatus.PENDING.value, MessageStatus.DEFERRED.value]
    on_its_way = Communication.id.between(MessageBatch.cursor_id + 1, MessageBatch.claimed_id)
    result: Any = session.execute(
        update(Communication)
        .where(
            Communication.campaign_id == campaign_id,
            Communication.status.in_(waiting),
            MessageBatch.id == Communication.batch_id,
            MessageBatch.state == BatchState.CANCELLED.value,
            ~on_its_way,
        )
        .values(
            status=MessageStatus.SKIPPED.value,
            reason=reason,
            error_message="The campaign was cancelled.",
            updated_at=func.now(),
        ),
        execution_options={"synchronize_session": False},
    )
    return int(result.rowcount)

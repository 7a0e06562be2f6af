"""What was said between us and one person, both ways, and what became of one message."""

from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm_core.base.clock import Instant, utc_now
from crm_core.messaging.contacts import contacts_of, records_of
from crm_core.messaging.models import Communication, MessageBatch
from crm_core.messaging.schemas import Channel, CommunicationRead, MessageStatus, RecipientType
from crm_core.people.names import names_of

MOST = 100


class Turn(BaseModel):
    """One thing that was said, by us or to us; what we said has a status."""

    model_config = ConfigDict(frozen=True)

    id: int
    ours: bool
    at: Instant
    channel: Channel
    subject: str | None
    content: str | None
    status: MessageStatus | None
    message_type: str | None
    outcome: str | None


Kind = Literal["queued", "waits", "sent", "delivered", "read", "ended"]


class Step(BaseModel):
    """One step of a message's way: what, when, and what is known about it."""

    model_config = ConfigDict(frozen=True)

    kind: Kind
    status: MessageStatus
    at: Instant | None
    detail: str


def thread_of(session: Session, kind: RecipientType, recipient_id: int) -> list[Turn]:
    """The latest hundred things said, oldest first."""
    contact = contacts_of(session, [(kind, recipient_id)]).get((kind, recipient_id))
    addresses = [a for a in (contact.phone, contact.email) if a] if contact else []
    ids = records_of(session, kind, recipient_id)
    given = {"kind": kind.value, "ids": ids, "addresses": addresses, "most": MOST}
    found = session.execute(_THREAD, given).mappings()
    return [Turn.model_validate(dict(row)) for row in reversed(found.all())]


def way_of(session: Session, message: CommunicationRead) -> list[Step]:
    """How far a message has come, oldest first."""
    row = session.execute(
        select(Communication.who, Communication.batch_id).where(Communication.id == message.id)
    ).one()
    by = names_of(session, [row.who])[row.who] if row.who else "a campaign"
    steps = [_step("queued", MessageStatus.PENDING, message.created_at, f"By {by}")]
    if message.status in _WAITING:
        due = session.execute(select(MessageBatch.due_at).where(MessageBatch.id == row.batch_id))
        steps.append(_waits(message, due.scalar()))
    provider = f"Accepted by {message.provider}" if message.provider else "Accepted"
    past: tuple[tuple[Kind, MessageStatus, datetime | None, str], ...] = (
        ("sent", MessageStatus.SENT, message.sent_at, _times(provider, message.attempts)),
        ("delivered", MessageStatus.DELIVERED, message.delivered_at, "It is on their device"),
        ("read", MessageStatus.READ, message.read_at, "They opened it"),
    )
    steps += [_step(kind, status, at, told) for kind, status, at, told in past if at is not None]
    if message.status in _ENDED:
        told = message.error_message or message.reason or ""
        steps.append(_step("ended", message.status, message.updated_at, told))
    return steps


def on_its_way(status: MessageStatus | None, since: datetime) -> bool:
    """Whether more is soon to be heard of a message that was written at ``since``."""
    return status in _MOVING and utc_now() - since < _SOON


def _step(kind: Kind, status: MessageStatus, at: datetime | None, detail: str) -> Step:
    return Step(kind=kind, status=status, at=at, detail=detail)


def _waits(message: CommunicationRead, due: datetime | None) -> Step:
    told = message.error_message or "It goes out within seconds"
    if message.status is MessageStatus.DEFERRED:
        told = message.error_message or "Held until then"
    return _step("waits", message.status, due, told)


def _times(sentence: str, attempts: int) -> str:
    return f"{sentence}, at attempt {attempts}" if attempts > 1 else sentence


_SOON = timedelta(minutes=10)
_MOVING = (MessageStatus.PENDING, MessageStatus.SENT, MessageStatus.DELIVERED)
_WAITING = (MessageStatus.PENDING, MessageStatus.DEFERRED)
_ENDED = (
    MessageStatus.FAILED,
    MessageStatus.SKIPPED,
    MessageStatus.EXPIRED,
    MessageStatus.UNKNOWN,
)

# Each half is cut before they are put together: both walk an index backwards.
_THREAD = text(
    """
    WITH ours AS (
        SELECT id, true AS ours, created_at AS at, channel, subject, content, status,
               message_type, NULL::varchar AS outcome
        FROM crm_communication_logs
        WHERE recipient_type = CAST(:kind AS crm_recipient) AND recipient_id = ANY(:ids)
        ORDER BY id DESC LIMIT :most
    ), theirs AS (
        SELECT id, false, received_at, channel, NULL, text, NULL::crm_message_status, NULL, outcome
        FROM crm_inbound_messages
        WHERE sender = ANY(:addresses) OR (:kind = 'patient' AND patient_id = ANY(:ids))
        ORDER BY id DESC LIMIT :most
    )
    SELECT * FROM (SELECT * FROM ours UNION ALL SELECT * FROM theirs) AS said
    ORDER BY at DESC, ours, id DESC LIMIT :most
    """
)

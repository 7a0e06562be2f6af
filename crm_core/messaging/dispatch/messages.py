"""A message on its way through a worker, and what became of it there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, TextClause, text
from sqlalchemy.orm import Session

from crm_core.messaging import unsubscribing
from crm_core.messaging.contacts import Key
from crm_core.messaging.dispatch.leases import Lease
from crm_core.messaging.gateways import Letter
from crm_core.messaging.schemas import Channel, MessageStatus, Purpose, RecipientType


@dataclass(slots=True)
class Message:
    """One row of the outbox; ``content`` is None until a campaign's text is filled in."""

    id: int
    recipient: Key
    channel: Channel
    purpose: Purpose
    attempts: int
    created_at: datetime
    expires_at: datetime | None
    template_id: int | None
    fields: dict[str, str] | None
    subject: str | None
    content: str | None
    address: str | None
    in_conversation: bool = False
    parts: int | None = None
    price: Decimal | None = None

    @property
    def key(self) -> str:
        """The same for every attempt; a database that was loaded anew does not repeat it."""
        return f"{self.id}-{int(self.created_at.timestamp())}"

    def letter(self) -> Letter:
        """As it is handed to a provider."""
        return Letter(
            id=self.id,
            key=self.key,
            address=self.address or "",
            subject=self.subject,
            content=unsubscribing.filled(self.content or "", self.id),
            purpose=self.purpose,
            in_conversation=self.in_conversation,
        )


@dataclass(slots=True)
class Result:
    """What a row of the outbox becomes.

    Attributes:
        handed: whether this was an attempt.
        due_at: where it waits again, until when.
        hard: the address is at fault.
    """

    message: Message
    status: MessageStatus
    reason: str | None = None
    error: str | None = None
    provider: str | None = None
    provider_id: str | None = None
    cost: Decimal | None = None
    handed: bool = False
    due_at: datetime | None = None
    hard: bool = False


@dataclass
class Judged:
    """Some messages: who gets a letter, and what becomes of the others."""

    letters: list[Message] = field(default_factory=list)
    aside: list[Result] = field(default_factory=list)


def waiting(session: Session, lease: Lease, most: int) -> list[Message]:
    """The next messages of the batch that are still to be sent, in the order of their ids."""
    values = {"batch": lease.batch_id, "after": lease.claimed, "last": lease.last, "most": most}
    return _messages(session, _OF_BATCH, values)


def in_doubt(session: Session, lease: Lease) -> list[Message]:
    """What somebody was handing over when they died."""
    values = {"batch": lease.batch_id, "after": lease.cursor, "last": lease.claimed, "most": None}
    return _messages(session, _OF_BATCH, values)


def unknown(session: Session, channel: Channel, provider: str) -> list[Message]:
    """Lately handed to this provider with nobody knowing what came of it, the newest first."""
    values = {"channel": channel.value, "provider": provider}
    return _messages(session, _UNKNOWN, values)


def numbered(session: Session, provider: str, numbers: Sequence[str]) -> dict[str, int]:
    """Which messages have these numbers of the provider already: ids by number."""
    values = {"provider": provider, "numbers": list(numbers)}
    return {row.provider_id: row.id for row in session.execute(_NUMBERED, values)}


def _messages(
    session: Session, statement: TextClause, values: Mapping[str, object]
) -> list[Message]:
    return [_message(row) for row in session.execute(statement, values).all()]


def _message(row: Row[Any]) -> Message:
    kind, recipient_id, channel, purpose, message_id, *rest = tuple(row)
    recipient = (_RECIPIENTS[kind], recipient_id)
    return Message(message_id, recipient, _CHANNELS[channel], _PURPOSES[purpose], *rest)


# A look into a dictionary costs a tenth of what making the member of an enumeration does.
_RECIPIENTS: Mapping[str, RecipientType] = {one.value: one for one in RecipientType}
_CHANNELS: Mapping[str, Channel] = {one.value: one for one in Channel}
_PURPOSES: Mapping[str, Purpose] = {one.value: one for one in Purpose}

_COLUMNS = """
    SELECT recipient_type, recipient_id, channel, purpose, id, attempts, created_at, expires_at,
           template_id, fields, subject, content, address
    FROM crm_communication_logs
"""
_OF_BATCH = text(
    _COLUMNS
    + """
    WHERE id > :after AND id <= :last AND batch_id = :batch AND status IN ('pending', 'deferred')
    ORDER BY id LIMIT CAST(:most AS integer)
    """
)
_UNKNOWN = text(
    _COLUMNS
    + """
    WHERE status = 'unknown' AND channel = CAST(:channel AS crm_channel) AND provider = :provider
      AND updated_at BETWEEN now() - interval '3 days' AND now() - interval '1 minute'
    ORDER BY id DESC LIMIT 200
    """
)
_NUMBERED = text(
    """
    SELECT provider_id, id FROM crm_communication_logs
    WHERE provider = :provider AND provider_id = ANY(CAST(:numbers AS varchar[]))
    """
)

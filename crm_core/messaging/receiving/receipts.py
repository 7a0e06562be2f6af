"""Receipts: what became of messages. They come twice, late and in any order; state goes forward.

A receipt may overtake the worker that is still writing down the provider's number of the
message: it waits in ``crm_early_receipts`` and is applied as soon as its message is known.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.messaging.receiving.schemas import Receipt
from crm_core.messaging.schemas import Channel, MessageStatus
from crm_core.messaging.suppression import Failed, lift_disproved, suppress

KEPT_DAYS = 3
"""A receipt whose message is not known by then is about a message of another system."""

_AT_ONCE = 1000


@dataclass
class _Message:
    """A locked message, and what the receipts make of it."""

    id: int
    status: MessageStatus
    channel: Channel
    address: str | None
    changed: bool = False
    failed: bool = False
    values: dict[str, Any] = field(default_factory=dict)

    def take(self, receipt: Receipt, now: datetime) -> None:
        """Goes where the receipt says if that is forward."""
        if self.address == "" or not self.status.can_become(receipt.status):
            return  # an empty address: the person was erased while the receipt came in
        self.failed |= MessageStatus.FAILED in {self.status, receipt.status}
        self.status, self.changed = receipt.status, True
        self.values |= {"provider": receipt.provider, "provider_id": receipt.provider_id}
        at = min(receipt.at or now, now).isoformat()
        self.values |= {name: self.values.get(name) or at for name in _SINCE[receipt.status]}
        self.values["reason"] = receipt.failing.value if receipt.failing else None
        self.values["error_message"] = receipt.error

    def row(self) -> dict[str, Any]:
        """For the statement that writes it."""
        return {"id": self.id, "status": self.status.value, **self.values}


_SINCE: dict[MessageStatus, tuple[str, ...]] = {
    MessageStatus.SENT: ("sent_at",),
    MessageStatus.DELIVERED: ("sent_at", "delivered_at"),
    MessageStatus.READ: ("sent_at", "delivered_at", "read_at"),
    MessageStatus.FAILED: (),
}


def apply_receipts(session: Session, receipts: Sequence[Receipt]) -> int:
    """Moves messages forward; gives how many moved. Those nobody knows yet wait."""
    if not receipts:
        return 0
    found = _lock(session, receipts)
    now, early, closed = utc_now(), [], []
    for receipt in receipts:
        message = found.get((receipt.provider, receipt.provider_id))
        if message is None:
            early.append(receipt)
            continue
        message.take(receipt, now)
        if message.address and receipt.failing and receipt.failing.hard and message.changed:
            closed.append(_failed(message, message.address, receipt))
    moved = list({message.id: message for message in found.values() if message.changed}.values())
    _write(session, moved)
    _keep_early(session, early)
    suppress(session, closed)
    arrived = {MessageStatus.DELIVERED, MessageStatus.READ}
    # Only what failed once can have closed an address: most receipts need not ask.
    lift_disproved(session, [one.id for one in moved if one.failed and one.status in arrived])
    return len(moved)


def apply_early(session: Session) -> int:
    """Applies receipts that waited for their message; gives how many there were."""
    rows = session.execute(_MATCHED, {"most": _AT_ONCE}).mappings()
    waited = sorted((row["id"], row["receipt"]) for row in rows)
    apply_receipts(session, [Receipt.model_validate(receipt) for _, receipt in waited])
    return len(waited)


def forget_early(session: Session) -> None:
    """Removes receipts of messages that are not ours."""
    session.execute(_FORGET, {"days": KEPT_DAYS})


def _lock(session: Session, receipts: Sequence[Receipt]) -> dict[tuple[str, str], _Message]:
    """The messages by the provider's number; else the unknown one that carries our number."""
    wanted = [receipt.model_dump(mode="json") for receipt in receipts]
    rows = session.execute(_LOCK, {"wanted": json.dumps(wanted)})
    messages: dict[int, _Message] = {}
    found: dict[tuple[str, str], _Message] = {}
    for row in rows:
        kept = _Message(row.id, MessageStatus(row.status), Channel(row.channel), row.address)
        found[row.told_by, row.told_id] = messages.setdefault(row.id, kept)
    return found


def _failed(message: _Message, address: str, receipt: Receipt) -> Failed:
    reason = receipt.error or "The provider says that the address is no good."
    return Failed(message.channel, address, reason, message.id)


def _write(session: Session, messages: Iterable[_Message]) -> None:
    rows = [message.row() for message in messages]
    if rows:
        session.execute(_UPDATE, {"rows": json.dumps(rows)})


def _keep_early(session: Session, receipts: Sequence[Receipt]) -> None:
    if receipts:
        kept = [receipt.model_dump(mode="json") for receipt in receipts]
        session.execute(_KEEP, {"receipts": json.dumps(kept)})


# An unknown message without a number is found by ours, which the provider gave back, if it went
# to the same address: another installation may number its messages as we do.
_LOCK = text(
    """
    WITH told AS (
        SELECT DISTINCT provider, provider_id, message_id, address
        FROM jsonb_to_recordset(CAST(:wanted AS jsonb))
            AS given (provider varchar, provider_id varchar, message_id bigint, address varchar)
    ), matched AS (
        SELECT c.id, t.provider AS told_by, t.provider_id AS told_id
        FROM told t JOIN crm_communication_logs c
            ON c.provider = t.provider AND c.provider_id = t.provider_id
               AND c.provider_id IS NOT NULL
        UNION
        SELECT c.id, t.provider, t.provider_id
        FROM told t JOIN crm_communication_logs c
            ON c.id = t.message_id AND c.address = t.address
        WHERE c.status = 'unknown' AND c.provider_id IS NULL
    )
    SELECT c.id, c.status, c.channel, c.address, m.told_by, m.told_id
    FROM crm_communication_logs c JOIN matched m ON m.id = c.id
    ORDER BY c.id FOR UPDATE OF c
    """
)
_UPDATE = text(
    """
    UPDATE crm_communication_logs c
    SET status = n.status, reason = n.reason, error_message = n.error_message,
        provider = n.provider, provider_id = n.provider_id,
        sent_at = coalesce(c.sent_at, n.sent_at),
        delivered_at = coalesce(c.delivered_at, n.delivered_at),
        read_at = coalesce(c.read_at, n.read_at), updated_at = now()
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS n (
        id bigint, status crm_message_status, reason varchar, error_message text,
        provider varchar, provider_id varchar,
        sent_at timestamptz, delivered_at timestamptz, read_at timestamptz)
    WHERE c.id = n.id
    """
)
_KEEP = text(
    """
    INSERT INTO crm_early_receipts (provider, provider_id, message_id, receipt)
    SELECT one->>'provider', one->>'provider_id', (one->>'message_id')::bigint, one
    FROM jsonb_array_elements(CAST(:receipts AS jsonb)) one
    """
)
_MATCHED = text(
    """
    DELETE FROM crm_early_receipts WHERE id IN (
        SELECT e.id FROM crm_early_receipts e
        WHERE EXISTS (
                SELECT FROM crm_communication_logs c
                WHERE c.provider = e.provider AND c.provider_id = e.provider_id
                  AND c.provider_id IS NOT NULL)
           OR EXISTS (
                SELECT FROM crm_communication_logs c
                WHERE c.id = e.message_id AND c.status = 'unknown' AND c.provider_id IS NULL
                  AND c.address = e.receipt->>'address')
        ORDER BY e.id LIMIT :most FOR UPDATE SKIP LOCKED)
    RETURNING id, receipt
    """
)
_FORGET = text("DELETE FROM crm_early_receipts WHERE created_at < now() - :days * interval '1 day'")

"""Addresses that failed for good: nothing more is sent there until somebody opens them again."""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.messaging.schemas import Channel


@dataclass(frozen=True)
class Failed:
    """A message that showed that its address is no good; the reason in words."""

    channel: Channel
    address: str
    reason: str
    message_id: int


def suppress(session: Session, failed: Sequence[Failed]) -> None:
    """Closes the addresses; one that is closed already keeps its first reason."""
    if failed:
        session.execute(_CLOSE, {"failed": json.dumps([asdict(one) for one in failed])})


def lift_disproved(session: Session, message_ids: Collection[int]) -> None:
    """Opens addresses again whose message arrived after all."""
    if message_ids:
        session.execute(_OPEN, {"ids": sorted(message_ids)})


_CLOSE = text(
    """
    INSERT INTO crm_suppressed_addresses (channel, address, reason, message_id)
    SELECT channel, address, reason, message_id
    FROM jsonb_to_recordset(CAST(:failed AS jsonb))
        AS given (channel crm_channel, address varchar, reason text, message_id bigint)
    ON CONFLICT (channel, address) WHERE lifted_at IS NULL DO NOTHING
    """
)
_OPEN = text(
    "UPDATE crm_suppressed_addresses SET lifted_at = now()"
    " WHERE message_id = ANY(:ids) AND lifted_at IS NULL"
)

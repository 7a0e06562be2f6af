"""What Termii's webhook says."""

from collections.abc import Mapping
from typing import Any

from crm_core.messaging.gateways.termii import NAME
from crm_core.messaging.receiving.json_body import international, json_object, text_of
from crm_core.messaging.receiving.schemas import Failing, Receipt, Reply, Told, Unreadable
from crm_core.messaging.schemas import Channel, MessageStatus

# Termii writes a state alone or followed by an explanation: `DELIVERED | Message delivered to …`.
_STATES: tuple[tuple[str, MessageStatus, Failing | None], ...] = (
    ("delivered", MessageStatus.DELIVERED, None),
    ("message delivered", MessageStatus.DELIVERED, None),
    ("message sent", MessageStatus.SENT, None),
    ("dnd active", MessageStatus.FAILED, Failing.DND),
    ("rejected", MessageStatus.FAILED, Failing.REJECTED),
    ("expired", MessageStatus.FAILED, Failing.EXPIRED),
    ("message failed", MessageStatus.FAILED, Failing.UNDELIVERED),
    ("failed", MessageStatus.FAILED, Failing.UNDELIVERED),
)


def read(body: bytes) -> Told:
    """One receipt or one reply.

    Raises:
        Unreadable: it is neither.
    """
    said = json_object(body)
    kind, number = text_of(said, "type").lower(), text_of(said, "message_id")
    if not number:
        raise Unreadable("There is no message_id.")
    if kind == "inbound":
        return Told(replies=(_reply(said, number),))
    return Told(receipts=(_receipt(said, number),))


def _receipt(said: Mapping[str, Any], number: str) -> Receipt:
    state = text_of(said, "status")
    for start, status, failing in _STATES:
        if state.lower().startswith(start):
            return Receipt(
                provider=NAME,
                provider_id=number,
                status=status,
                failing=failing,
                error=state if failing else None,
            )
    raise Unreadable(f"The state '{state[:60]}' is unknown.")


def _reply(said: Mapping[str, Any], number: str) -> Reply:
    sender = text_of(said, "sender")
    if not sender:
        raise Unreadable("There is no sender.")
    return Reply(
        provider=NAME,
        provider_id=number,
        channel=Channel.SMS,
        sender=international(sender),
        text=text_of(said, "message"),
    )

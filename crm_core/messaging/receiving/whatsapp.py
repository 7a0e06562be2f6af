"""What WhatsApp's webhook says: states of messages and what people write or tap."""

from collections.abc import Iterator, Mapping
from typing import Any

from crm_core.base.settings import settings
from crm_core.messaging.foreign_text import clean
from crm_core.messaging.gateways.whatsapp import NAME, NOT_ON_WHATSAPP
from crm_core.messaging.receiving.json_body import (
    instant,
    international,
    json_object,
    objects,
    text_of,
)
from crm_core.messaging.receiving.schemas import Failing, Receipt, Reply, Told, Unreadable
from crm_core.messaging.schemas import Channel, MessageStatus

_STATES = {
    "sent": MessageStatus.SENT,
    "delivered": MessageStatus.DELIVERED,
    "read": MessageStatus.READ,
    "played": MessageStatus.READ,
    "failed": MessageStatus.FAILED,
}
_FAILINGS = {
    NOT_ON_WHATSAPP: Failing.BAD_ADDRESS,
    131047: Failing.TOO_LATE,
    131049: Failing.REJECTED,
    131050: Failing.BLOCKED,
}


def read(body: bytes) -> Told:
    """Any number of receipts and replies, those of numbers other than ours left out.

    Raises:
        Unreadable: it is no event of WhatsApp.
    """
    said = json_object(body)
    if said.get("object") != "whatsapp_business_account":
        raise Unreadable("The object is not a WhatsApp account.")
    receipts: list[Receipt] = []
    replies: list[Reply] = []
    for value in _values(said):
        receipts += filter(None, map(_receipt, objects(value.get("statuses"))))
        replies += filter(None, map(_reply, objects(value.get("messages"))))
    return Told(receipts=tuple(receipts), replies=tuple(replies))


def _values(said: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for entry in objects(said.get("entry")):
        for change in objects(entry.get("changes")):
            value = change.get("value")
            if isinstance(value, dict) and _is_ours(value.get("metadata")):
                yield value


def _is_ours(metadata: object) -> bool:
    """An app may serve several numbers, and tells us of all of them."""
    ours = settings().crm_whatsapp_phone_number_id
    number = text_of(metadata, "phone_number_id") if isinstance(metadata, dict) else ""
    return not ours or not number or number == ours


def _receipt(one: Mapping[str, Any]) -> Receipt | None:
    status, number = _STATES.get(text_of(one, "status")), text_of(one, "id")
    if status is None or not number:
        return None
    ours = text_of(one, "biz_opaque_callback_data")
    failing, error = _why(one) if status is MessageStatus.FAILED else (None, None)
    return Receipt(
        provider=NAME,
        provider_id=number,
        status=status,
        at=instant(text_of(one, "timestamp")),
        failing=failing,
        error=error,
        message_id=int(ours) if ours.isdecimal() and len(ours) < 19 else None,
        address=international(text_of(one, "recipient_id")),
    )


def _why(one: Mapping[str, Any]) -> tuple[Failing, str]:
    first = next(iter(objects(one.get("errors"))), {})
    code = first.get("code")
    failing = _FAILINGS.get(code) if isinstance(code, int) else None
    words = text_of(first, "title") or text_of(first, "message") or "WhatsApp gave no reason."
    return failing or Failing.UNDELIVERED, words


def _reply(one: Mapping[str, Any]) -> Reply | None:
    number, sender = text_of(one, "id"), text_of(one, "from")
    if not number or not sender:
        return None
    context = one.get("context")
    return Reply(
        provider=NAME,
        provider_id=number,
        channel=Channel.WHATSAPP,
        sender=international(sender),
        text=_text(one),
        context_id=text_of(context, "id") or None if isinstance(context, dict) else None,
        at=instant(text_of(one, "timestamp")),
    )


def _text(one: Mapping[str, Any]) -> str:
    """What was typed or tapped; pictures and the like are named, for a person to look at."""
    kind = text_of(one, "type")
    part = one.get(kind)
    if isinstance(part, dict) and kind in {"text", "button"}:
        return text_of(part, "body") or text_of(part, "payload") or text_of(part, "text")
    if isinstance(part, dict) and kind == "interactive":
        chosen = part.get(text_of(part, "type"))
        if isinstance(chosen, dict):
            return text_of(chosen, "id") or text_of(chosen, "title")
    return clean(f"[{kind or 'something else'}]")

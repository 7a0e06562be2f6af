"""How messages are called and shown."""

from collections.abc import Mapping

from crm_core.insights.communications import CommunicationRow
from crm_core.messaging.schemas import Channel, MessageStatus, Purpose, RecipientType
from crm_core.ui import tables
from crm_core.ui.formatting import words

PAGE = "pages/communications.py"

CHANNELS = {
    Channel.SMS.value: "SMS",
    Channel.EMAIL.value: "Email",
    Channel.WHATSAPP.value: "WhatsApp",
}
ALL_CHANNELS = {**CHANNELS, Channel.PUSH.value: "App", Channel.CALL.value: "Call"}
PURPOSES = {each.value: words(each.value) for each in Purpose}
RECIPIENTS = {each.value: words(each.value) for each in RecipientType}

COLUMNS = {
    "To": tables.text(width=140),
    "By": tables.text(width=75),
    "Status": tables.state(MessageStatus, width=85),
    "Text": tables.text(width=250),
    "What for": tables.text(width=115),
    "Written": tables.at(width=140),
    "Why not": tables.text(width=260),
}


def row(message: CommunicationRow) -> dict[str, object]:
    """A message in a table."""
    return {
        "To": called(message),
        "By": ALL_CHANNELS[message.channel],
        "Status": message.status,
        "Text": " ".join((message.content or "").split())[:160],
        "What for": message.campaign_name or words(message.message_type),
        "Written": message.created_at,
        "Why not": message.error_message,
    }


def called(message: CommunicationRow) -> str:
    """Whom it goes to, by name where they have one."""
    return message.recipient_name or f"{words(message.recipient_type)} {message.recipient_id}"


def page_of(kind: RecipientType, recipient_id: int) -> tuple[str, Mapping[str, str]] | None:
    """The page of whoever it goes to, and the address there; staff have none."""
    if kind is RecipientType.STAFF:
        return None
    return f"pages/{kind.value}s.py", {kind.value: str(recipient_id), "tab": "messages"}

"""The link with which anybody ends what they get by email: it names the message it came in."""

from datetime import timedelta

from crm_core.base import links
from crm_core.base.clock import utc_now
from crm_core.messaging.filling import UNSUBSCRIBE

PURPOSE = "unsubscribe"
LASTS = timedelta(days=365)

_FIELD = f"{{{UNSUBSCRIBE}}}"


def address_for(message_id: int) -> str:
    """Where the recipient of this message unsubscribes, with one tap or by a mail program."""
    token = links.make_link(PURPOSE, message_id, expires_at=utc_now() + LASTS)
    return links.address_of(PURPOSE, token)


def message_of(token: str) -> int:
    """The message that the link came in; refuses what is made up or over."""
    return links.read_link(PURPOSE, token)


def filled(content: str, message_id: int) -> str:
    """A text in which {unsubscribe} is the link of the message that it is sent in."""
    if _FIELD not in content:
        return content
    return content.replace(_FIELD, address_for(message_id))


def names_link(content: str) -> bool:
    """Whether the text says already how to end it."""
    return f"/links/{PURPOSE}/" in content

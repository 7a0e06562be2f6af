"""Signed links for people without an account: confirm a visit, give stars, unsubscribe.

A link names its purpose, its subject and when it ends, and nothing secret; the signature keeps it
from being made up. That it works once is for the domain to see to, which knows the subject's state.
"""

from datetime import UTC, datetime

from crm_core.base import crypto
from crm_core.base.clock import utc_now
from crm_core.base.errors import Conflict, NotFound
from crm_core.base.settings import settings

_PURPOSE = "link:"
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def make_link(purpose: str, subject: int, *, expires_at: datetime) -> str:
    """A token for one purpose and one record, short enough for an SMS."""
    named = f"{_short(subject)}.{_short(int(expires_at.timestamp()) // 60)}"
    return f"{named}.{_signature(purpose, named)}"


def read_link(purpose: str, token: str) -> int:
    """The record that the token was made for.

    Raises:
        NotFound: it was made up, altered, or is for another purpose.
        Conflict: its time is over.
    """
    named, dot, signature = token.rpartition(".")
    subject, comma, ends = named.partition(".")
    holds = dot and comma and crypto.equal(_signature(purpose, named), signature)
    if not holds:
        raise NotFound("This link is not one of ours: open it again from the message.")
    if datetime.fromtimestamp(int(ends, 36) * 60, UTC) < utc_now():
        raise Conflict("This link has expired: call the hospital, and we will help.")
    return int(subject, 36)


def address_of(purpose: str, token: str) -> str:
    """Where a person opens the link."""
    return f"{public_address()}/links/{purpose}/{token}"


def public_address() -> str:
    """Where the API is reached from outside, with its prefix."""
    given = settings()
    base = given.crm_api_public_url or f"http://localhost:{given.crm_api_port}"
    return f"{base.rstrip('/')}/api/crm-v2"


def _signature(purpose: str, named: str) -> str:
    """Sixteen characters: 96 bits, far from being guessed through a web server."""
    return crypto.sign(_PURPOSE + purpose, named)[:16]


def _short(number: int) -> str:
    """In base 36."""
    written = ""
    while number:
        number, digit = divmod(number, 36)
        written = _DIGITS[digit] + written
    return written or "0"

"""The words of what comes back from a provider, whoever it is."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from crm_core.messaging.schemas import Channel, MessageStatus


class Unreadable(ValueError):
    """Signed by the provider, and yet not what its documentation says: a sentence."""


class Failing(StrEnum):
    """Why a provider could not deliver; what is counted under `reason`."""

    UNDELIVERED = "undelivered"
    DND = "dnd"
    REJECTED = "rejected"
    EXPIRED = "expired"
    BAD_ADDRESS = "bad_address"
    BLOCKED = "blocked"
    TOO_LATE = "outside_24_hours"

    @property
    def hard(self) -> bool:
        """Whether the address itself is at fault, and closed from now on."""
        return self is Failing.BAD_ADDRESS


class Receipt(BaseModel):
    """What became of one message.

    Attributes:
        status: sent, delivered, read or failed.
        at: when, where the provider says so.
        message_id: our own number of it, where the provider gave it back.
        address: whom it went to, which must agree where only our own number is known.
    """

    model_config = ConfigDict(frozen=True)

    provider: str
    provider_id: str
    status: MessageStatus
    at: datetime | None = None
    failing: Failing | None = None
    error: str | None = None
    message_id: int | None = None
    address: str | None = None


class Reply(BaseModel):
    """What a person wrote to us.

    Attributes:
        sender: E.164 number or email address.
        context_id: the provider's number of our message that it answers.
    """

    model_config = ConfigDict(frozen=True)

    provider: str
    provider_id: str
    channel: Channel
    sender: str
    text: str
    context_id: str | None = None
    at: datetime | None = None


class Told(BaseModel):
    """All that one event of a provider told."""

    model_config = ConfigDict(frozen=True)

    receipts: tuple[Receipt, ...] = ()
    replies: tuple[Reply, ...] = ()

"""The words of webhooks that go out."""

import ipaddress
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from crm_core.base.clock import Instant
from crm_core.base.paging import PageRequest
from crm_core.base.words import Name, RecordId


class EventKind(StrEnum):
    """What other systems may want to hear of."""

    PAYOUT_PAID = "payout.paid"
    VISIT_COMPLETED = "visit.completed"
    FEEDBACK_CRITICAL = "feedback.critical"


class DeliveryState(StrEnum):
    """Where a delivery is; after the last attempt it is given up, and a person may replay it."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


def _address(url: str) -> str:
    """Plain http is for programs on this machine alone: what is sent names patients by id."""
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not _is_host(parts) or parts.username:
        raise ValueError("give a whole address, such as https://example.ng/hooks")
    here = parts.hostname == "localhost" or _is_loopback(parts.hostname or "")
    if parts.scheme == "http" and not here:
        raise ValueError("give an https address: events are not sent in the clear")
    return url


def _is_host(parts: SplitResult) -> bool:
    """Whether somebody could be called there: a name that can be looked up, and a port."""
    try:
        return bool((parts.hostname or "").encode("idna")) and parts.port != 0
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


HookAddress = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=500), AfterValidator(_address)
]


class SubscriptionCreate(BaseModel):
    """An address to be told of some kinds of events."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    url: HookAddress
    kinds: Annotated[list[EventKind], Field(min_length=1)]


class SubscriptionRead(BaseModel):
    """A subscription; its secret is shown once, when it is made."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    name: str
    url: str
    kinds: list[EventKind]
    active: bool
    created_at: Instant


class SubscriptionFilter(PageRequest):
    """Subscriptions; ``active`` leaves out those that were ended."""

    active: bool | None = None


class DeliveryRead(BaseModel):
    """One event on its way to one address; ``answered`` is the last HTTP status."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    kind: EventKind
    subject_id: int
    data: dict[str, Any]
    subscription_id: int
    subscription_name: str
    url: str
    state: DeliveryState
    attempts: int
    due_at: Instant
    answered: int | None
    error: str | None
    created_at: Instant
    ended_at: Instant | None


class DeliveryFilter(PageRequest):
    """Deliveries by state and subscription."""

    state: DeliveryState | None = None
    subscription_id: RecordId | None = None

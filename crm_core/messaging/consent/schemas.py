"""The words of consent: choices by channel and purpose, and addresses that are closed."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from crm_core.base.clock import Instant
from crm_core.base.paging import PageRequest
from crm_core.base.words import Line, Reason, RecordId, Search
from crm_core.messaging.schemas import Channel, Purpose, RecipientType


def _asks_first(purpose: Purpose | None) -> Purpose | None:
    if purpose is not None and not purpose.needs_consent:
        raise ValueError(
            "only promotional, educational and survey messages can be refused by purpose:"
            " reminders and answers go out unless the channel is refused"
        )
    return purpose


class Choice(BaseModel):
    """What a person wants or does not want; without a purpose it is the whole channel."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipient_type: RecipientType
    recipient_id: RecordId
    channel: Channel
    purpose: Annotated[Purpose | None, AfterValidator(_asks_first)] = None


class ChoiceMade(Choice):
    """The same, from whoever writes it down: how we know."""

    source: Line
    opted_out: bool = True


class ChoiceRead(BaseModel):
    """The latest choice for a channel and purpose."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    recipient_type: RecipientType
    recipient_id: int
    channel: Channel
    purpose: Purpose | None
    opted_out: bool
    source: str
    created_at: Instant


class SuppressionRead(BaseModel):
    """An address that failed for good."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    channel: Channel
    address: str
    reason: str
    message_id: int | None
    created_at: Instant
    lifted_at: Instant | None


class SuppressionFilter(PageRequest):
    """Closed addresses; ``lifted`` false leaves out those that are open again."""

    channel: Channel | None = None
    lifted: bool | None = None
    search: Search | None = None


class Lifting(BaseModel):
    """Why an address is opened again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: Reason


class Standing(BaseModel):
    """All that decides whether a person may be written to."""

    model_config = ConfigDict(frozen=True)

    agreed: list[Channel]
    choices: list[ChoiceRead]
    suppressions: list[SuppressionRead]

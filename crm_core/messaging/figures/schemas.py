"""The words of figures of messages."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field

from crm_core.base.clock import Instant
from crm_core.base.money import NairaTotal
from crm_core.messaging.schemas import Channel, ChannelState


class HealthHour(BaseModel):
    """What was handed to one provider in one hour, by where it is now.

    Attributes:
        sent: accepted by the provider, and nothing else heard of yet.
    """

    model_config = ConfigDict(frozen=True)

    hour: Instant
    channel: Channel
    provider: str
    sent: int
    delivered: int
    read: int
    failed: int

    @property
    def messages(self) -> int:
        """All that was handed over."""
        return self.sent + self.delivered + self.read + self.failed


class ChannelHealth(BaseModel):
    """One channel: who serves it, whether it sends, and how much waits for it."""

    model_config = ConfigDict(frozen=True)

    channel: Channel
    gateway: str
    sandbox: bool
    state: ChannelState
    reason: str | None
    since: Instant
    retry_at: Instant | None
    waiting: int


class ChannelStats(BaseModel):
    """The last days of one channel; what was read was delivered, what was delivered was sent."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    sent: int
    delivered: int
    read: int
    failed: int
    cost: NairaTotal


class CommunicationStats(ChannelStats):
    """The last days in all, and what is on its way or in doubt at this moment."""

    days: int
    delivery_rate: Decimal | None = Field(alias="deliveryRate")
    read_rate: Decimal | None = Field(alias="readRate")
    waiting: int
    unknown: int
    by_channel: dict[Channel, ChannelStats] = Field(alias="byChannel")

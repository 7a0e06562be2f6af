"""Messages and answers as they are read, and how people can be reached."""

from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict

from crm_core.base.clock import Instant
from crm_core.base.paging import PageRequest
from crm_core.base.words import RecordId
from crm_core.messaging.schemas.states import (
    Channel,
    MessageStatus,
    Purpose,
    RecipientType,
    SkipReason,
)
from crm_core.messaging.schemas.writing import Word


class CommunicationRead(BaseModel):
    """A message as the log shows it; the contract's row, and what we add."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    recipient_type: RecipientType
    recipient_id: int
    campaign_id: int | None
    channel: Channel
    message_type: str
    purpose: Purpose
    subject: str | None
    content: str | None
    status: MessageStatus
    reason: str | None
    sent_at: Instant | None
    delivered_at: Instant | None
    read_at: Instant | None
    error_message: str | None
    provider: str | None
    parts: int | None
    attempts: int
    reference_type: str | None
    reference_id: int | None
    metadata: dict[str, Any]
    created_at: Instant
    updated_at: Instant


class CommunicationFilter(PageRequest):
    """Messages by whom they went to, how, and what became of them.

    Attributes:
        sent_from: handed to the provider at this instant or later; ``sent_to``: before that one.
    """

    recipient_type: RecipientType | None = None
    recipient_id: RecordId | None = None
    channel: Channel | None = None
    status: MessageStatus | None = None
    purpose: Purpose | None = None
    provider: Word | None = None
    campaign_id: RecordId | None = None
    reference_type: Word | None = None
    reference_id: RecordId | None = None
    sent_from: AwareDatetime | None = None
    sent_to: AwareDatetime | None = None


class InboundRead(BaseModel):
    """What somebody answered.

    Attributes:
        sender: E.164 number or email address.
        answers_id: our message that it answers, where the provider says so.
        patient_id: whom the sender's number belongs to, where exactly one patient has it.
    """

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    channel: Channel
    provider: str
    sender: str
    text: str
    answers_id: int | None
    patient_id: int | None
    received_at: datetime


class Contact(BaseModel):
    """How to reach somebody, and what a text may say of them.

    Attributes:
        agreed: channels that the person agreed to.
        gone: why nobody writes to them at all: they died or left, or the record was merged away.
    """

    model_config = ConfigDict(frozen=True)

    recipient_type: RecipientType
    recipient_id: int
    first_name: str
    last_name: str
    phone: str | None
    email: str | None
    agreed: frozenset[Channel]
    gone: SkipReason | None
    hospital: str | None
    points: int | None
    tier: str | None
    benefits: str

    def address(self, channel: Channel) -> str | None:
        """Where a message on this channel goes."""
        return self.email if channel is Channel.EMAIL else self.phone

    def fields(self) -> dict[str, str]:
        """What every text may name."""
        return {
            "name": f"{self.first_name} {self.last_name}".strip(),
            "first_name": self.first_name,
            "hospital": self.hospital or "the hospital",
            "points": f"{self.points:,}" if self.points is not None else "",
            "tier": self.tier or "",
            "benefits": self.benefits,
        }

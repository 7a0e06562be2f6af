"""The words of the messaging domain: one message to one person."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from crm_core.base.clock import Instant
from crm_core.base.paging import PageRequest
from crm_core.base.words import Line, Passage, RecordId


class Channel(StrEnum):
    """A way to reach somebody; push and call are written down but not sent by any gateway."""

    SMS = "sms"
    EMAIL = "email"
    WHATSAPP = "whatsapp"
    PUSH = "push"
    CALL = "call"


class RecipientType(StrEnum):
    """Whom a message goes to."""

    PATIENT = "patient"
    OWNER = "owner"
    STAFF = "staff"


class Purpose(StrEnum):
    """Why one writes; it decides what consent, caps and quiet hours say."""

    PROMOTIONAL = "promotional"
    EDUCATIONAL = "educational"
    SURVEY = "survey"
    REMINDER = "reminder"
    FOLLOW_UP = "follow_up"
    CUSTOM = "custom"

    @property
    def needs_consent(self) -> bool:
        """Whether opt-outs by purpose, caps and quiet hours hold; else only the channel's do."""
        return self in _ASKS_FIRST


_ASKS_FIRST = frozenset({Purpose.PROMOTIONAL, Purpose.EDUCATIONAL, Purpose.SURVEY})


class MessageStatus(StrEnum):
    """Where a message is."""

    PENDING = "pending"
    DEFERRED = "deferred"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    SKIPPED = "skipped"
    EXPIRED = "expired"
    UNKNOWN = "unknown"

    def can_become(self, later: "MessageStatus") -> bool:
        """Whether a message may go from this state to ``later``: only forward.

        A provider may report delivery after it reported failure: delivered wins.
        """
        return later in _FORWARD[self]


_S = MessageStatus
_FORWARD: dict[MessageStatus, frozenset[MessageStatus]] = {
    _S.PENDING: frozenset(
        {
            _S.DEFERRED,
            _S.SENT,
            _S.DELIVERED,
            _S.READ,
            _S.FAILED,
            _S.SKIPPED,
            _S.EXPIRED,
            _S.UNKNOWN,
        }
    ),
    _S.DEFERRED: frozenset({_S.PENDING, _S.SENT, _S.FAILED, _S.SKIPPED, _S.EXPIRED, _S.UNKNOWN}),
    _S.UNKNOWN: frozenset({_S.SENT, _S.DELIVERED, _S.READ, _S.FAILED}),
    _S.SENT: frozenset({_S.DELIVERED, _S.READ, _S.FAILED}),
    _S.DELIVERED: frozenset({_S.READ}),
    _S.FAILED: frozenset({_S.DELIVERED, _S.READ}),
    _S.READ: frozenset(),
    _S.SKIPPED: frozenset(),
    _S.EXPIRED: frozenset(),
}


class BatchState(StrEnum):
    """Where a batch is; a paused one waits for its campaign."""

    READY = "ready"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"


class ChannelState(StrEnum):
    """Whether a channel sends.

    Closed is the good state, as of an electric circuit: everything flows. Open waits after
    failures of the provider, half open tries with one message, paused waits for a person.
    """

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    PAUSED = "paused"


class SkipReason(StrEnum):
    """Why somebody gets nothing; also the words of a campaign's preview."""

    NO_CONSENT = "no_consent"
    OPTED_OUT = "opted_out"
    NO_ADDRESS = "no_address"
    INVALID_NUMBER = "invalid_number"
    SUPPRESSED = "suppressed"
    DECEASED = "deceased"
    MERGED = "merged"
    LEFT = "left"
    ERASED = "erased"
    NOT_THERE = "not_there"
    NO_TEMPLATE = "no_template"


SKIP_SENTENCES: dict[SkipReason, str] = {
    SkipReason.NO_CONSENT: "Did not agree to this channel.",
    SkipReason.OPTED_OUT: "Asked not to get this.",
    SkipReason.NO_ADDRESS: "No phone number or email address is known.",
    SkipReason.INVALID_NUMBER: "The number is no Nigerian mobile number.",
    SkipReason.SUPPRESSED: "The address failed for good before.",
    SkipReason.DECEASED: "The patient has died.",
    SkipReason.MERGED: "The record was merged into another one of this person.",
    SkipReason.LEFT: "They do not work here any more.",
    SkipReason.ERASED: "The person was erased on request.",
    SkipReason.NOT_THERE: "There is no such person.",
    SkipReason.NO_TEMPLATE: "There is no text for this channel.",
}

NOBODY = frozenset({SkipReason.ERASED, SkipReason.NOT_THERE})
"""Whoever names them is told that there is nobody: of the erased there is no record to be found."""

Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]


class Outgoing(BaseModel):
    """One message that a domain wants sent.

    Args:
        channel: None picks the best one that the person agreed to and can be reached by.
        template: name of a template, filled with ``fields`` and with what messaging knows itself
            (name, first_name, hospital, points, tier); otherwise ``content`` is the text.
        reference_type: with ``reference_id`` the record it is about; it is shown there.
        dedupe_key: unique for ever; the same key again gives the first message and sends nothing.
        send_at: not before; expires_at: not after.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipient_type: RecipientType
    recipient_id: RecordId
    purpose: Purpose
    message_type: Word
    channel: Channel | None = None
    template: str | None = None
    content: str | None = None
    subject: str | None = None
    fields: dict[str, str] = Field(default_factory=dict)
    reference_type: Word | None = None
    reference_id: RecordId | None = None
    dedupe_key: str | None = None
    send_at: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None


class MessageSend(BaseModel):
    """A message that a person writes to one person."""

    model_config = ConfigDict(extra="forbid")

    recipient_type: RecipientType
    recipient_id: RecordId
    channel: Channel
    content: Passage
    subject: Line | None = None


class MessageSettlement(BaseModel):
    """What a person found out about messages that were unknown, and how."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcome: Literal["sent", "failed"]
    reason: Passage


class ChannelPause(BaseModel):
    """Why a channel is to wait."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: Passage


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

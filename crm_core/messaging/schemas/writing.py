"""What is to be sent, by a domain or by a person."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from crm_core.base.words import Line, Passage, RecordId
from crm_core.messaging.schemas.states import Channel, Purpose, RecipientType

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

"""The words of texts: templates by name and channel, and how one reads for a person."""

from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)

from crm_core.base.clock import Instant
from crm_core.base.money import Naira
from crm_core.base.paging import PageRequest
from crm_core.base.words import Line, Passage, RecordId, Search
from crm_core.messaging.fields import check_fields
from crm_core.messaging.filling import UNSUBSCRIBE, fields_in
from crm_core.messaging.schemas import Channel, Purpose, RecipientType, Word


def _none_if_empty(given: object) -> object:
    """A form sends an empty field where nothing was written."""
    return given or None


Subject = Annotated[Line, AfterValidator(check_fields)]
Body = Annotated[Passage, AfterValidator(check_fields)]


class TemplateSave(BaseModel):
    """A text for one channel; saved under a name that is there, it is that text's next version."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Word
    channel: Channel
    purpose: Purpose
    subject: Annotated[Subject | None, BeforeValidator(_none_if_empty)] = Field(
        None, validate_default=True
    )
    body: Body

    @field_validator("subject")
    @classmethod
    def email_has_one(cls, subject: str | None, info: ValidationInfo) -> str | None:
        """An email needs a subject; on other channels it would be lost silently."""
        channel = info.data.get("channel")
        if channel is Channel.EMAIL and subject is None:
            raise ValueError("give the email a subject")
        if channel not in (Channel.EMAIL, None) and subject is not None:
            raise ValueError("only an email has a subject: leave it empty")
        return subject

    @field_validator("body")
    @classmethod
    def promotion_has_a_way_out(cls, body: str, info: ValidationInfo) -> str:
        """Whoever gets a promotional email can have no more of them with one tap."""
        kind = (info.data.get("channel"), info.data.get("purpose"))
        if kind == (Channel.EMAIL, Purpose.PROMOTIONAL) and UNSUBSCRIBE not in fields_in(body):
            raise ValueError(
                f"a promotional email needs the opt-out line: put {{{UNSUBSCRIBE}}} into it"
            )
        return body


class TemplateRead(BaseModel):
    """One version of a text; ``current`` is the one that is sent."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    name: str
    channel: Channel
    purpose: Purpose
    subject: str | None
    body: str
    version: int
    current: bool
    created_by: str
    created_at: Instant


class TemplateFilter(PageRequest):
    """Texts by channel, purpose and name; without ``current`` their earlier versions too."""

    channel: Channel | None = None
    purpose: Purpose | None = None
    name: Word | None = None
    search: Search | None = None
    current: bool | None = None


class TemplateSend(BaseModel):
    """A text for one person; ``fields`` are those that only whoever sends it knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipient_type: RecipientType
    recipient_id: RecordId
    channel: Channel
    template: Word
    fields: dict[Word, Line] = Field(default_factory=dict)


class PreviewAsk(BaseModel):
    """A text that is being written, and whom to read it as."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipient_type: RecipientType
    recipient_id: RecordId
    channel: Channel
    purpose: Purpose = Purpose.CUSTOM
    subject: Subject | None = None
    content: Body
    fields: dict[Word, str] = Field(default_factory=dict)


class Preview(BaseModel):
    """How a text reads for one person, and what it costs.

    Attributes:
        refusal: why this person would not get it, in a sentence.
        examples: fields that are filled with an example, since only a real event has them.
        warning: what ₦ and toned letters do to the price.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    address: str | None
    subject: str | None
    content: str
    encoding: str | None
    parts: int | None
    length: int
    cost: Naira
    warning: str | None
    refusal: str | None
    examples: list[str]

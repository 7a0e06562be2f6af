"""What is given: new feedback, corrections, and what people do with a case."""

import unicodedata
from datetime import date, time
from decimal import Decimal
from typing import Annotated, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from crm_core.base.echo import Echo
from crm_core.base.words import Line, Name, Prose, Reason, RecordId
from crm_core.feedback.schemas.reading import FeedbackRead
from crm_core.feedback.schemas.states import (
    AlarmTopic,
    FeedbackStatus,
    FeedbackType,
    Priority,
    SourceType,
    SuggestionState,
)
from crm_core.messaging.schemas import Channel

LONGEST = 100_000
"""Characters of a message; more is refused with a sentence."""


def _as_written(text: str) -> str:
    """Nothing is taken off; what PostgreSQL cannot keep or no keyboard types is refused."""
    if any(unicodedata.category(c) == "Cc" and c not in "\n\t\r" for c in text):
        raise ValueError("remove the control characters from this text")
    return text


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("this must not be empty")
    return text


Message = Annotated[str, StringConstraints(max_length=LONGEST), AfterValidator(_as_written)]
Stars = Annotated[int, Field(ge=1, le=5)]
Likely = Annotated[int, Field(ge=0, le=10)]
Answer = Annotated[Prose, Field(min_length=1)]


class FeedbackCreate(BaseModel):
    """A piece of feedback, as somebody gave it."""

    model_config = ConfigDict(extra="forbid")

    source_type: SourceType
    source_id: RecordId
    type: FeedbackType
    message: Annotated[Message, AfterValidator(_said)]
    hospital_id: RecordId | None = None
    department_id: RecordId | None = None
    about_staff_id: RecordId | None = Field(None, description="Whom a compliment is about")
    category: Line | None = None
    rating: Stars | None = None
    nps: Likely | None = Field(None, description="How likely to recommend us, 0 to 10")
    subject: Line | None = None
    priority: Priority | None = None


_WRITABLE = frozenset(
    {
        "type",
        "priority",
        "category",
        "subject",
        "hospital_id",
        "department_id",
        "about_staff_id",
        "version",
        "status",
        "assigned_to",
    }
)


class FeedbackUpdate(Echo):
    """What staff may correct; what was said, and by whom, stays as it was given."""

    only_read: ClassVar[frozenset[str]] = frozenset(FeedbackRead.model_fields) - _WRITABLE

    type: FeedbackType | None = None
    priority: Priority | None = None
    category: Line | None = None
    subject: Line | None = None
    hospital_id: RecordId | None = None
    department_id: RecordId | None = None
    about_staff_id: RecordId | None = None
    status: FeedbackStatus | None = Field(None, description="As it is: states change by their call")
    assigned_to: RecordId | None = Field(None, description="As it is: see `/assign`")
    version: int | None = None

    @field_validator("type", "priority", mode="before")
    @classmethod
    def required_stay(cls, value: object) -> object:
        """What every piece has cannot be emptied."""
        if value is None:
            raise ValueError("this cannot be empty")
        return value


class FeedbackAssignment(BaseModel):
    """Who takes a case on."""

    model_config = ConfigDict(extra="forbid")

    staff_id: RecordId


class FeedbackReply(BaseModel):
    """An answer to the giver; without a channel it goes by the best one. A call is written down."""

    model_config = ConfigDict(extra="forbid")

    content: Answer
    channel: Channel | None = None
    subject: Line | None = None


class FeedbackNote(BaseModel):
    """A remark for colleagues."""

    model_config = ConfigDict(extra="forbid")

    content: Answer


class Resolution(BaseModel):
    """What was done about it; the giver is told in these words."""

    model_config = ConfigDict(extra="forbid")

    resolution: Annotated[Prose, Field(min_length=3)]


class FeedbackReason(BaseModel):
    """Why a case waits or is reopened."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class FeedbackMerge(BaseModel):
    """The newer piece that says the same."""

    model_config = ConfigDict(extra="forbid")

    duplicate_id: RecordId


class SuggestionOutcome(BaseModel):
    """What becomes of a suggestion; the giver is told."""

    model_config = ConfigDict(extra="forbid")

    state: SuggestionState
    note: Annotated[Prose, Field(max_length=1000)] = ""


class Invitation(BaseModel):
    """A link for stars; one of a visit is made once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source_type: SourceType
    source_id: RecordId
    visit_id: RecordId | None = None
    hospital_id: RecordId | None = None
    department_id: RecordId | None = None


class LinkAnswer(BaseModel):
    """What comes through a link."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stars: Stars
    comment: Message = ""
    nps: Likely | None = None


class HoursChange(BaseModel):
    """When people work on a weekday; without hours it is a day off."""

    model_config = ConfigDict(extra="forbid")

    weekday: Annotated[int, Field(ge=1, le=7)]
    opens: time | None = None
    closes: time | None = None

    @model_validator(mode="after")
    def both_or_neither(self) -> "HoursChange":
        """A day has both its hours, the first before the second, or none."""
        if (self.opens is None) != (self.closes is None):
            raise ValueError("give both hours, or none for a day off")
        if self.opens is not None and self.closes is not None and self.opens >= self.closes:
            raise ValueError("give a closing hour after the opening hour")
        return self


class HolidayChange(BaseModel):
    """A public holiday that the calendar lacks, or one of its days that is worked after all."""

    model_config = ConfigDict(extra="forbid")

    day: date
    is_holiday: bool = True
    name: Name


class AlarmWordCreate(BaseModel):
    """A word or phrase; with ``*`` at its end it stands for everything that begins so."""

    model_config = ConfigDict(extra="forbid")

    word: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=60)]
    topic: AlarmTopic

    @field_validator("word")
    @classmethod
    def has_letters(cls, value: str) -> str:
        """At least three letters before any ``*``, so that no star makes everything critical."""
        if sum(letter.isalnum() for letter in value) < 3 or "*" in value[:-1]:
            raise ValueError("give at least three letters, and * only at the end")
        return value


class TargetChange(BaseModel):
    """Working hours until an answer and until it is resolved."""

    model_config = ConfigDict(extra="forbid")

    type: FeedbackType
    priority: Priority
    response_hours: Annotated[Decimal, Field(ge=Decimal("0.25"), le=2000)]
    resolution_hours: Annotated[Decimal, Field(ge=Decimal("0.25"), le=2000)]

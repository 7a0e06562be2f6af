"""Campaigns as people write them: what is asked for, and what is refused while it is written."""

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from crm_core.base.echo import Echo
from crm_core.base.words import Line, Name, Passage, Prose
from crm_core.campaigns.schemas.states import CampaignType, Goal, TargetAudience
from crm_core.campaigns.segments.schemas import Criteria
from crm_core.messaging.filling import UNSUBSCRIBE
from crm_core.messaging.schemas import Channel

OWNER_FIELDS = frozenset({"name", "first_name", "hospital", UNSUBSCRIBE})
PATIENT_FIELDS = OWNER_FIELDS | {"points", "tier", "benefits", "time", "date"}
APPOINTMENT_FIELDS = frozenset({"time", "date"})
"""These say when the person's next appointment is."""

_BRACES = re.compile(r"\{([^{}]*)\}")
LONGEST = 5000


def _known_fields(text: str) -> str:
    """A patient never reads a name in braces: what is in braces must be a field, exactly."""
    for name in _BRACES.findall(text):
        if name not in PATIENT_FIELDS:
            known = ", ".join(f"{{{field}}}" for field in sorted(PATIENT_FIELDS))
            raise ValueError(f"there is no field {{{name[:40]}}}: use {known}")
    if set("{}") & set(_BRACES.sub("", text)):
        raise ValueError("a brace opens or closes no field: write {name}, or leave the brace out")
    return text


Template = Annotated[Passage, StringConstraints(max_length=LONGEST), AfterValidator(_known_fields)]
Subject = Annotated[Line, AfterValidator(_known_fields)]


def fields_of(text: str) -> set[str]:
    """The names of the fields in a text."""
    return set(_BRACES.findall(text))


def _each_once(channels: list[Channel]) -> list[Channel]:
    return list(dict.fromkeys(channels))


Channels = Annotated[list[Channel], Field(min_length=1, max_length=5), AfterValidator(_each_once)]
ControlPercent = Annotated[int, Field(ge=0, le=50, description="People left out to compare with")]
Days = Annotated[int, Field(ge=1, le=365)]


class ChannelText(BaseModel):
    """What is said on one channel; the subject is an email's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    body: Template
    subject: Subject | None = None


_ONLY_READ = frozenset(
    {
        "id",
        "status",
        "status_note",
        "start_date",
        "end_date",
        "total_recipients",
        "messages_sent",
        "messages_delivered",
        "messages_read",
        "response_rate",
        "created_by",
        "created_by_name",
        "submitted_at",
        "approved_by",
        "approved_by_name",
        "approved_at",
        "launched_by",
        "created_at",
        "updated_at",
    }
)


class CampaignCreate(Echo):
    """A new campaign, a draft at first; somebody else than its drafter approves it.

    Attributes:
        message_template: the text for every channel that has none of its own in ``texts``.
        control_percent: share of those who could be written to that is left out, to compare with.
        goal_days: for so many days after the launch, what people do counts towards the goal.
        repeat_after_days: in an open campaign a person may get it again so many days later;
            without it once for ever.
    """

    only_read: ClassVar[frozenset[str]] = _ONLY_READ | {"version"}

    name: Name
    type: CampaignType
    target_audience: TargetAudience
    message_template: Template
    description: Prose | None = None
    channels: Channels = Field(default_factory=lambda: [Channel.SMS, Channel.EMAIL])
    segment_criteria: Criteria = Field(default_factory=Criteria)
    texts: dict[Channel, ChannelText] = Field(default_factory=dict)
    scheduled_date: AwareDatetime | None = None
    control_percent: ControlPercent = 10
    goal: Goal = Goal.NONE
    goal_days: Days = 14
    repeat_after_days: Days | None = None

    @model_validator(mode="after")
    def belongs_together(self) -> "CampaignCreate":
        """Audience, criteria and texts fit each other."""
        if problem := what_clashes(self):
            raise ValueError(problem)
        return self


class CampaignUpdate(Echo):
    """Any subset of what may be written; ``version`` refuses an edit of what others changed."""

    only_read: ClassVar[frozenset[str]] = _ONLY_READ

    name: Name | None = None
    type: CampaignType | None = None
    target_audience: TargetAudience | None = None
    message_template: Template | None = None
    description: Prose | None = None
    channels: Channels | None = None
    segment_criteria: Criteria | None = None
    texts: dict[Channel, ChannelText] | None = None
    control_percent: ControlPercent | None = None
    scheduled_date: AwareDatetime | None = None
    goal: Goal | None = None
    goal_days: Days | None = None
    repeat_after_days: Days | None = None
    version: int | None = Field(None, ge=1)

    @field_validator(
        "name",
        "type",
        "target_audience",
        "message_template",
        "channels",
        "segment_criteria",
        "texts",
        "control_percent",
        "goal",
        "goal_days",
        mode="before",
    )
    @classmethod
    def required_stay(cls, value: object) -> object:
        """What every campaign has cannot be emptied."""
        if value is None:
            raise ValueError("this cannot be empty")
        return value


def texts_of(campaign: CampaignCreate) -> Mapping[Channel, ChannelText]:
    """The text of every channel; an email without a subject of its own has the campaign's name."""
    return {
        channel: _with_subject(channel, campaign.texts.get(channel), campaign)
        for channel in campaign.channels
    }


def _with_subject(
    channel: Channel, own: ChannelText | None, campaign: CampaignCreate
) -> ChannelText:
    text = own or ChannelText(body=campaign.message_template)
    if channel is not Channel.EMAIL:
        return ChannelText(body=text.body)
    return text if text.subject else ChannelText(body=text.body, subject=campaign.name)


def what_clashes(campaign: CampaignCreate) -> str | None:
    """What about a campaign does not fit together, in a sentence; None where all does."""
    return _about_audience(campaign) or _about_subjects(campaign) or _about_owners(campaign)


def _about_audience(campaign: CampaignCreate) -> str | None:
    chosen = campaign.target_audience is TargetAudience.SPECIFIC_SEGMENT
    if chosen != bool(campaign.segment_criteria.conditions):
        return (
            "give segment_criteria at least one condition, or choose another audience"
            if chosen
            else "segment_criteria take the audience specific_segment: leave them out otherwise"
        )
    if campaign.repeat_after_days is not None and not campaign.type.stays_open:
        return "only a reminder goes on after its launch: leave repeat_after_days out"
    return None


def _about_subjects(campaign: CampaignCreate) -> str | None:
    """A campaign's name is the subject of an email that has none of its own."""
    own = campaign.texts.get(Channel.EMAIL)
    if Channel.EMAIL not in campaign.channels or (own is not None and own.subject):
        return None
    try:
        _known_fields(campaign.name)
    except ValueError as error:
        return f"the name is the subject of the email: {error}, or give the email its own subject"
    return None


def _about_owners(campaign: CampaignCreate) -> str | None:
    if campaign.target_audience is not TargetAudience.ALL_OWNERS:
        return None
    if campaign.goal is not Goal.NONE:
        return "what owners do is not counted: leave the goal out"
    texts = [campaign.message_template, *(text.body for text in campaign.texts.values())]
    texts += [
        text.subject or "" for text in (*campaign.texts.values(), *texts_of(campaign).values())
    ]
    foreign = set().union(*map(fields_of, texts)) - OWNER_FIELDS
    return f"owners have no {{{min(foreign)}}}: leave it out" if foreign else None

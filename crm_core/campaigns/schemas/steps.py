"""What a person says with a step of a campaign, and which state of it they had before them."""

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from crm_core.base.words import Line, Reason


class Seen(BaseModel):
    """The ``version`` of the campaign that was looked at; the step is refused where it changed."""

    model_config = ConfigDict(extra="forbid")

    version: int | None = Field(None, ge=1)


class Rejection(Seen):
    """What is wrong with a campaign, for its drafter."""

    note: Reason


class CampaignCancellation(Seen):
    """Why a campaign ends before its time."""

    reason: Reason


class Schedule(Seen):
    """When a campaign that was approved goes out by itself."""

    scheduled_date: AwareDatetime


class AudienceList(Seen):
    """An uploaded list: codes, phone numbers or email addresses of patients."""

    entries: list[Line] = Field(min_length=1, max_length=100_000)

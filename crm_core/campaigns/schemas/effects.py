"""What a campaign brought about, compared with those who were left out by lot."""

from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from crm_core.campaigns.schemas.states import CampaignStatus, CampaignType, Goal


class Conclusion(StrEnum):
    """What the comparison says."""

    NO_GOAL = "no_goal"
    NO_CONTROL = "no_control"
    TOO_EARLY = "too_early"
    MORE = "more"
    FEWER = "fewer"
    NO_DIFFERENCE = "no_difference"


class Group(BaseModel):
    """People, and how many of them did what the campaign was for."""

    model_config = ConfigDict(frozen=True)

    people: int
    converted: int

    @property
    def share(self) -> float:
        """Of 1; 0 where there is nobody."""
        return self.converted / self.people if self.people else 0.0


class EffectRead(BaseModel):
    """The effect of a campaign; shares and their difference are of 1.

    Attributes:
        difference: share of those written to − share of the control group.
        low: lower end of the difference's 95 % interval (Newcombe's hybrid score).
        high: its upper end; both None where a group is empty.
    """

    model_config = ConfigDict(frozen=True)

    goal: Goal
    days: int
    treated: Group
    control: Group
    difference: float | None
    low: float | None
    high: float | None
    conclusion: Conclusion
    sentence: str


class Comparison(BaseModel):
    """A campaign beside others."""

    model_config = ConfigDict(frozen=True)

    id: int
    name: str
    type: CampaignType
    status: CampaignStatus
    recipients: int
    sent: int
    delivered: int
    read: int
    answered: int
    failed: int
    cost: Decimal
    effect: EffectRead

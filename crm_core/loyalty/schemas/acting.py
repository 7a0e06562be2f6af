"""What is asked for: points, a correction, a tier, a reward."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from crm_core.base.words import Line, Name, Prose, Reason, RecordId
from crm_core.loyalty.schemas.states import Points, Tier


class Earn(BaseModel):
    """Points given by another system; with a reference they are given once."""

    model_config = ConfigDict(extra="forbid")

    points: Points
    description: Line
    reference_type: Name | None = None
    reference_id: Annotated[Name, Field(max_length=100)] | None = None


class Redeem(BaseModel):
    """A reward, or a number of points with what they are for."""

    model_config = ConfigDict(extra="forbid")

    reward_id: RecordId | None = None
    points: Points | None = None
    description: Line | None = None


class Adjustment(BaseModel):
    """A correction, up or down, with its reason."""

    model_config = ConfigDict(extra="forbid")

    points: Annotated[int, Field(ge=-1_000_000, le=1_000_000)]
    reason: Reason


class TierChange(BaseModel):
    """A tier set by hand: it holds until the next review."""

    model_config = ConfigDict(extra="forbid")

    tier: Tier
    reason: Reason = "set by staff"


class RewardCreate(BaseModel):
    """What points can be exchanged for."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    description: Prose = ""
    cost: Points
    tier_cost: Points | None = Field(None, description="What it costs from `tier_cost_from` up")
    tier_cost_from: Tier | None = None
    minimum_tier: Tier = Tier.BRONZE
    stock: Annotated[int, Field(ge=0)] | None = Field(None, description="None: without end")
    valid_from: date | None = None
    valid_to: date | None = None

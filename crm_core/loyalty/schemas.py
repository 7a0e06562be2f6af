"""The words of the loyalty domain: members, tiers, points, rewards."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from crm_core.base.clock import Instant
from crm_core.base.paging import PageRequest
from crm_core.base.words import Line, Name, Prose, Reason, RecordId
from crm_core.patients.schemas import PatientFilter, PatientRead


class Tier(StrEnum):
    """From the first to the highest."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"
    PLATINUM = "platinum"

    @property
    def rank(self) -> int:
        """0 for bronze to 3 for platinum."""
        return list(Tier).index(self)

    @property
    def next(self) -> "Tier | None":
        """One step up; None at the top."""
        above = list(Tier)[self.rank + 1 :]
        return above[0] if above else None

    @property
    def below(self) -> "Tier":
        """One step down; bronze stays bronze."""
        return list(Tier)[max(0, self.rank - 1)]


class TransactionType(StrEnum):
    """What a row of the ledger is."""

    EARNED = "earned"
    REDEEMED = "redeemed"
    EXPIRED = "expired"
    ADJUSTED = "adjusted"


class Rule(StrEnum):
    """Why points came or went: with the source it is the key that nothing is earned twice by."""

    WELCOME = "welcome"
    VISIT = "visit"
    REFERRER = "referrer"
    REFERRED = "referred"
    TIER_BONUS = "tier_bonus"
    GIVEN = "given"
    RETURNED = "returned"
    PAID_BACK = "paid_back"
    REDEEMED = "redeemed"
    EXPIRED = "expired"
    MERGED = "merged"
    ADJUSTMENT = "adjustment"


Points = Annotated[int, Field(ge=1, le=1_000_000)]


class MemberRead(PatientRead):
    """A patient with what the programme knows of them: the contract's patient row."""

    loyalty_points: int
    loyalty_tier: Tier


class MemberFilter(PatientFilter):
    """Patients, also by tier and points."""

    loyalty_tier: Tier | None = None
    points_from: int | None = Field(None, ge=0, le=10**15)


class TransactionRead(BaseModel):
    """A row of the ledger; ``points`` is signed."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    patient_id: int
    transaction_type: TransactionType
    points: int
    balance_after: int
    description: str
    reference_type: str | None
    reference_id: str | None
    expiry_date: date | None
    created_at: Instant


class TransactionFilter(PageRequest):
    """The ledger by patient, kind and day."""

    patient_id: RecordId | None = None
    transaction_type: TransactionType | None = None
    date_from: date | None = None
    date_to: date | None = None

    @property
    def sort(self) -> Literal["newest", "latest"]:
        """The newest first either way; chosen by the index that the filter needs."""
        days = self.date_from or self.date_to
        return "latest" if days and not self.patient_id else "newest"


class Consumed(BaseModel):
    """What took points from a lot; negative where a cancelled redemption gave them back."""

    model_config = ConfigDict(frozen=True)

    transaction_id: int
    points: int
    description: str
    created_at: Instant


class LotRead(BaseModel):
    """Points earned together, which expire together, and what has consumed them since."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    patient_id: int
    rule: Rule
    description: str
    points: int
    remaining: int
    counts_for_tier: bool
    earned_on: date
    expires_on: date
    consumed: list[Consumed]


class Expiring(BaseModel):
    """Points that end on a day."""

    model_config = ConfigDict(frozen=True)

    points: int
    expiry_date: date


class LoyaltyRead(BaseModel):
    """Explain my balance: what is there, where it came from, when it ends, why this tier."""

    model_config = ConfigDict(frozen=True)

    loyalty_points: int
    loyalty_tier: Tier
    tier_points: int
    points_to_next_tier: int | None
    next_tier: Tier | None
    tier_reason: str
    benefits: list[str] = Field(description="What the tier brings, in words")
    owed: int
    expiring: list[Expiring]
    lots: list[LotRead]
    transactions: list[TransactionRead]


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


class RewardRead(BaseModel):
    """A reward with what is left of it."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    name: str
    description: str
    cost: int
    tier_cost: int | None
    tier_cost_from: Tier | None
    minimum_tier: Tier
    stock: int | None
    valid_from: date | None
    valid_to: date | None
    active: bool
    created_at: Instant


class RewardFilter(PageRequest):
    """Rewards, also those that are no longer offered."""

    active: Literal[True] | None = None


class RedemptionRead(BaseModel):
    """A reward taken; cancelling it restores the lots it was paid from."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    patient_id: int
    reward_id: int | None
    description: str
    points: int
    transaction_id: int
    created_at: Instant
    cancelled_at: Instant | None


class TierMovement(BaseModel):
    """A change of tier and its cause."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    patient_id: int
    old_tier: Tier
    new_tier: Tier
    cause: str
    created_at: Instant


class PatientStats(BaseModel):
    """The cards of the patients page; on the wire the names are in camelCase."""

    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True, serialize_by_alias=True
    )

    total_patients: int
    active_patients: int
    inactive_patients: int
    deceased_patients: int
    new_this_month: int
    tiers: dict[Tier, int]


class LoyaltyStats(BaseModel):
    """The programme in figures; the liability is outstanding points × naira a point.

    On the wire the names are in camelCase.
    """

    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True, serialize_by_alias=True
    )

    members: int
    members_by_tier: dict[Tier, int]
    points_outstanding: int
    points_earned: int
    points_redeemed: int
    points_expired: int
    naira_a_point: Decimal
    liability: Decimal

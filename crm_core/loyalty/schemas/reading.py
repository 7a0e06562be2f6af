"""Members, the ledger, rewards and figures as they are read."""

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from crm_core.base.clock import Instant
from crm_core.base.paging import PageRequest
from crm_core.base.words import RecordId
from crm_core.loyalty.schemas.states import Rule, Tier, TransactionType
from crm_core.patients.schemas import PatientFilter, PatientRead


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

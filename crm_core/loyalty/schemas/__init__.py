"""The words of the loyalty domain: members, tiers, points, rewards."""

from crm_core.loyalty.schemas.acting import Adjustment, Earn, Redeem, RewardCreate, TierChange
from crm_core.loyalty.schemas.reading import (
    Consumed,
    Expiring,
    LotRead,
    LoyaltyRead,
    LoyaltyStats,
    MemberFilter,
    MemberRead,
    PatientStats,
    RedemptionRead,
    RewardFilter,
    RewardRead,
    TierMovement,
    TransactionFilter,
    TransactionRead,
)
from crm_core.loyalty.schemas.states import Points, Rule, Tier, TransactionType

__all__ = [
    "Adjustment",
    "Consumed",
    "Earn",
    "Expiring",
    "LotRead",
    "LoyaltyRead",
    "LoyaltyStats",
    "MemberFilter",
    "MemberRead",
    "PatientStats",
    "Points",
    "Redeem",
    "RedemptionRead",
    "RewardCreate",
    "RewardFilter",
    "RewardRead",
    "Rule",
    "Tier",
    "TierChange",
    "TierMovement",
    "TransactionFilter",
    "TransactionRead",
    "TransactionType",
]

"""Commands of the loyalty domain: enrolment, earning, tiers, rewards."""

from crm_core.loyalty.service.closing import close_members, lock_members
from crm_core.loyalty.service.cohorts import count_cohorts
from crm_core.loyalty.service.earning import (
    VISITS,
    adjust,
    award_visit,
    earn,
    expire_points,
    fold_sums,
    lock_for_visits,
    undo_visit,
)
from crm_core.loyalty.service.enrolment import register_patient
from crm_core.loyalty.service.rewards import (
    cancel_redemption,
    cost_for,
    create_reward,
    redeem,
    why_not,
    withdraw_reward,
)
from crm_core.loyalty.service.tiers import review_tiers, set_tier

__all__ = [
    "VISITS",
    "adjust",
    "award_visit",
    "cancel_redemption",
    "close_members",
    "cost_for",
    "count_cohorts",
    "create_reward",
    "earn",
    "expire_points",
    "fold_sums",
    "lock_for_visits",
    "lock_members",
    "redeem",
    "register_patient",
    "review_tiers",
    "set_tier",
    "undo_visit",
    "why_not",
    "withdraw_reward",
]

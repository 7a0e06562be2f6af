"""What each tier brings its members, as the settings and the rewards have it today."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from crm_core.loyalty.schemas import Tier


class Benefits(BaseModel):
    """What members of a tier have before others.

    Attributes:
        multiplier: of the points of a visit.
        early_minutes: so much sooner than bronze members they hear of a time that became free.
        reserved: rewards that are not for every tier and are for this one.
        cheaper: rewards that cost this tier less, with both costs.
    """

    model_config = ConfigDict(frozen=True)

    tier: Tier
    multiplier: Decimal
    early_minutes: int
    reserved: list[str]
    cheaper: list[str]

    @property
    def sentences(self) -> list[str]:
        """Each benefit in words; none for a tier that brings nothing."""
        said = []
        if self.multiplier > 1:
            said.append(f"{self.multiplier.normalize():f} times the points of every visit")
        if self.early_minutes:
            said.append(f"hears of a freed time {self.early_minutes} minutes before bronze members")
        if self.reserved:
            said.append(f"may take {', '.join(self.reserved)}")
        return [*said, *self.cheaper]


def benefits_of(session: Session, tier: Tier) -> Benefits:
    """The benefits of one tier."""
    return by_tier(session)[tier]


def by_tier(session: Session) -> dict[Tier, Benefits]:
    """Those of every tier, in two short statements however many members want to know."""
    settings: dict[str, Decimal] = {row.name: row.value for row in session.execute(_SETTINGS)}
    # By how much tiers hear of free times is the appointments' own setting.
    ahead = int(settings["appointments.head_start_minutes"])
    rewards = session.execute(_REWARDS).all()
    return {
        tier: Benefits(
            tier=tier,
            multiplier=settings.get(f"loyalty.{tier}_multiplier", Decimal(1)),
            early_minutes=ahead * (tier.rank - Tier.BRONZE.rank),
            reserved=[each.name for each in rewards if _reserved(each.minimum_tier, tier)],
            cheaper=_cheaper(rewards, tier),
        )
        for tier in Tier
    }


def _reserved(minimum: str, tier: Tier) -> bool:
    return Tier.BRONZE.rank < Tier(minimum).rank <= tier.rank


def _cheaper(rewards: Sequence[Row[*tuple[Any, ...]]], tier: Tier) -> list[str]:
    return [
        f"{each.name} for {each.tier_cost:,} instead of {each.cost:,} points"
        for each in rewards
        if each.tier_cost_from is not None
        and max(Tier(each.tier_cost_from).rank, Tier(each.minimum_tier).rank) <= tier.rank
    ]


_SETTINGS = text(
    "SELECT name, value FROM crm_parameters"
    " WHERE name LIKE 'loyalty.%multiplier' OR name = 'appointments.head_start_minutes'"
)
_REWARDS = text(
    """
    SELECT name, minimum_tier, cost, tier_cost, tier_cost_from FROM crm_rewards
    WHERE active AND (minimum_tier <> 'bronze' OR tier_cost_from IS NOT NULL)
      AND (stock IS NULL OR stock > 0)
      AND coalesce(valid_from <= crm_lagos_today(), true)
      AND coalesce(valid_to >= crm_lagos_today(), true)
    ORDER BY cost, id LIMIT 20
    """
)

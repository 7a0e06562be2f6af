"""Tiers: up at once, down one step at the yearly review, by hand until then."""

from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base import parameters
from crm_core.base.clock import lagos_today
from crm_core.base.errors import Conflict
from crm_core.loyalty import standing
from crm_core.loyalty.models import LoyaltyAccount
from crm_core.loyalty.schemas import Rule, Tier, TierChange
from crm_core.loyalty.service import ledger
from crm_core.loyalty.service.ledger import Credit
from crm_core.people.schemas import Actor, Permission


def set_tier(session: Session, patient_id: int, data: TierChange, *, actor: Actor) -> None:
    """Sets a tier by hand, with a reason; it holds until the next review."""
    actor.require(Permission.LOYALTY_ADJUST)
    account = ledger.lock_account(session, patient_id)
    if account.tier == data.tier:
        raise Conflict(f"This patient is {data.tier} already.")
    rises = data.tier.rank > Tier(account.tier).rank
    reached = standing.tier_for(session, standing.tier_points(session, account.id))
    cause = f"Set by {actor.name}: {data.reason}"
    held = data.tier.rank < reached.rank
    ledger.change_tier(session, account, data.tier, cause=cause, held=held)
    if rises:
        award_bonus(session, account, data.tier)


def raise_tier(session: Session, account: LoyaltyAccount) -> None:
    """After an earning: the tier that the points of the last months reach, if it is higher.

    A lower one that was set by hand holds until the review.
    """
    if account.tier_held:
        return
    points = standing.tier_points(session, account.id)
    reached = standing.tier_for(session, points)
    if reached.rank > Tier(account.tier).rank:
        ledger.change_tier(
            session, account, reached, cause=f"Earned {points:,} points in twelve months"
        )
        award_bonus(session, account, reached)


def award_bonus(session: Session, account: LoyaltyAccount, tier: Tier) -> None:
    """Points for a rise, once a tier in a patient's life; they do not count towards tiers."""
    if tier is Tier.BRONZE:
        return
    bonus = Credit(
        points=int(parameters.value_of(session, f"loyalty.{tier}_bonus")),
        rule=Rule.TIER_BONUS,
        description=f"Bonus for rising to {tier}",
        reference_type="tier",
        reference_id=tier.value,
    )
    ledger.credit(session, account, bonus)


def review_tiers(session: Session, *, limit: int = 1000) -> int:
    """The yearly review of members whose day has come: one step down where points do not hold it.

    Gives how many were reviewed; the job calls again until none is left.
    """
    due = list(session.execute(_DUE, {"limit": limit}).scalars())
    ledger.lock_accounts(session, due)
    for patient_id in due:
        account = ledger.lock_record(session, patient_id)
        if account.review_on <= lagos_today():
            _review(session, account)
    return len(due)


def year_after(day: date) -> date:
    """The same day a year later, for a review."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:  # 29 February
        return day.replace(year=day.year + 1, day=28)


def _review(session: Session, account: LoyaltyAccount) -> None:
    session.execute(_NEXT_REVIEW, {"patient_id": account.id, "day": _day_after_today(account)})
    session.refresh(account)
    points = standing.tier_points(session, account.id)
    tier = Tier(account.tier)
    if standing.tier_for(session, points).rank < tier.rank:
        cause = f"Yearly review: {points:,} points in twelve months"
        ledger.change_tier(session, account, tier.below, cause=cause)
    else:
        raise_tier(session, account)


def _day_after_today(account: LoyaltyAccount) -> date:
    """A review that was missed for years takes one step all the same."""
    day = account.review_on
    while day <= lagos_today():
        day = year_after(day)
    return day


_DUE = text(
    "SELECT id FROM crm_loyalty_accounts WHERE review_on <= crm_lagos_today() AND NOT merged"
    " ORDER BY review_on, id LIMIT :limit"
)
_NEXT_REVIEW = text(
    "UPDATE crm_loyalty_accounts SET review_on = :day, tier_held = false WHERE id = :patient_id"
)

"""Rewards and redemptions: the whole amount or nothing, from the lots that end soonest."""

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from crm_core.base.clock import lagos_today, utc_now
from crm_core.base.errors import Conflict, Invalid, NotFound
from crm_core.loyalty.models import LoyaltyAccount, Redemption, Reward
from crm_core.loyalty.schemas import (
    Redeem,
    RedemptionRead,
    RewardCreate,
    RewardRead,
    Rule,
    Tier,
    TransactionRead,
    TransactionType,
)
from crm_core.loyalty.service import ledger
from crm_core.loyalty.service.earning import read_transaction
from crm_core.loyalty.service.ledger import Debit
from crm_core.loyalty.service.moving import move_points
from crm_core.people.schemas import Actor, Permission


def create_reward(session: Session, data: RewardCreate, *, actor: Actor) -> RewardRead:
    """Adds something that points can be exchanged for."""
    actor.require(Permission.LOYALTY_ADJUST)
    if (data.tier_cost is None) != (data.tier_cost_from is None):
        raise Invalid.field("tier_cost_from", "Give the cheaper cost and its tier together.")
    if data.valid_from and data.valid_to and data.valid_to < data.valid_from:
        raise Invalid.field("valid_to", "Give an end on or after the start.")
    reward = Reward(**{k: getattr(v, "value", v) for k, v in data.model_dump().items()})
    session.add(reward)
    session.flush()
    session.refresh(reward)
    return RewardRead.model_validate(reward)


def withdraw_reward(session: Session, reward_id: int, *, actor: Actor) -> RewardRead:
    """No longer offered; what was taken stays."""
    actor.require(Permission.LOYALTY_ADJUST)
    reward = _locked_reward(session, reward_id)
    reward.active = False
    session.flush()
    return RewardRead.model_validate(reward)


def redeem(session: Session, patient_id: int, data: Redeem, *, actor: Actor) -> TransactionRead:
    """Exchanges points for a reward, or for what is described.

    Raises:
        Conflict: not enough points, no stock, not offered now or not to this tier.
    """
    actor.require(Permission.LOYALTY_REDEEM)
    if (data.reward_id is None) == (data.points is None):
        raise Invalid.field("reward_id", "Give a reward, or points with a description.")
    account = ledger.lock_account(session, patient_id)
    if data.reward_id is not None:
        points, description = _take_reward(session, data.reward_id, Tier(account.tier))
    elif data.points is not None and data.description:
        points, description = data.points, data.description
    else:
        raise Invalid.field("description", "Say what the points are redeemed for.")
    made = _spend(session, account, points, description)
    session.add(
        Redemption(
            patient_id=patient_id,
            reward_id=data.reward_id,
            description=description,
            points=points,
            transaction_id=made,
        )
    )
    session.flush()
    return read_transaction(session, made)


def cancel_redemption(session: Session, redemption_id: int, *, actor: Actor) -> RedemptionRead:
    """Gives the points back to the very lots they came from, and the reward to the stock."""
    actor.require(Permission.LOYALTY_REDEEM)
    patient_id = session.scalar(select(Redemption.patient_id).where(Redemption.id == redemption_id))
    if patient_id is None:
        raise NotFound("Redemption not found")
    [stayed] = ledger.lock_stayed(session, [patient_id])
    account = ledger.lock_record(session, patient_id)
    redemption = session.get(
        Redemption, redemption_id, with_for_update=True, populate_existing=True
    )
    if redemption is None or redemption.cancelled_at is not None:
        raise Conflict("This redemption was cancelled already.")
    why = f"Cancelled: {redemption.description}"
    ledger.give_back(session, account, redemption.transaction_id, description=why)
    redemption.cancelled_at = utc_now()
    if redemption.reward_id is not None:
        session.execute(_RESTOCK, {"reward_id": redemption.reward_id})
    session.flush()
    # Lots that ended in the meantime end again at once.
    account = ledger.lock_record(session, patient_id)
    if account.merged:
        move_points(session, stayed, account, why=why)
    return RedemptionRead.model_validate(redemption)


def cost_for(reward: RewardRead, tier: Tier) -> int:
    """What the reward costs a member of this tier."""
    cheaper = reward.tier_cost is not None and reward.tier_cost_from is not None
    if cheaper and tier.rank >= Tier(reward.tier_cost_from or Tier.BRONZE).rank:
        return reward.tier_cost or reward.cost
    return reward.cost


def why_not(reward: RewardRead, tier: Tier) -> str | None:
    """Why a member of this tier cannot have the reward today; None where points alone decide."""
    today = lagos_today()
    if not reward.active or (reward.valid_to and reward.valid_to < today):
        return f"{reward.name} is no longer offered."
    if reward.valid_from and reward.valid_from > today:
        return f"{reward.name} is offered from {reward.valid_from:%d %B %Y} on."
    if tier.rank < reward.minimum_tier.rank:
        return f"{reward.name} is for {reward.minimum_tier} members and above."
    if reward.stock == 0:
        return f"There is no {reward.name} left."
    return None


def _spend(session: Session, account: LoyaltyAccount, points: int, description: str) -> int:
    spent = Debit(points, Rule.REDEEMED, description, TransactionType.REDEEMED)
    return ledger.debit(session, account, spent)


def _take_reward(session: Session, reward_id: int, tier: Tier) -> tuple[int, str]:
    """Takes one from the stock; gives its cost for this tier and its name."""
    row = _locked_reward(session, reward_id)
    reward = RewardRead.model_validate(row)
    refusal = why_not(reward, tier)
    if refusal is not None:
        raise Conflict(refusal)
    if reward.stock is not None:
        session.execute(update(Reward).where(Reward.id == reward_id).values(stock=Reward.stock - 1))
    return cost_for(reward, tier), reward.name


def _locked_reward(session: Session, reward_id: int) -> Reward:
    reward = session.get(Reward, reward_id, with_for_update=True, populate_existing=True)
    if reward is None:
        raise NotFound("Reward not found")
    return reward


_RESTOCK = text("UPDATE crm_rewards SET stock = stock + 1 WHERE id = :reward_id")

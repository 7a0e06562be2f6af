"""Rewards: what they cost whom, when, and while there are any."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from crm_core.base.clock import lagos_today
from crm_core.base.db import reading, transaction
from crm_core.base.errors import Conflict, Forbidden, Invalid, NotFound
from crm_core.loyalty import queries, service
from crm_core.loyalty.schemas import Redeem, RewardCreate, RewardFilter
from crm_core.people.schemas import Role
from tests.loyalty.acts import books, cancel, latest_redemption, points, redeem, set_tier, spend
from tests.make import make_actor
from tests.make_patients import ADJUSTER, DESK, make_patient, make_reward
from tests.together import kinds, together

DAY = timedelta(days=1)


def stock(session: Session, reward_id: int) -> int | None:
    rewards = queries.list_rewards(RewardFilter(limit=100)).page(session).rows
    return next(reward.stock for reward in rewards if reward.id == reward_id)


def test_a_reward_is_exchanged_for_its_cost(session: Session) -> None:
    member, reward = make_patient(session), make_reward(session, 60, name="Blood test")
    taken = redeem(session, member.id, reward_id=reward.id)
    assert (taken.transaction_type, taken.points, taken.balance_after) == ("redeemed", -60, 40)
    assert taken.description == "Blood test"
    [redemption] = queries.redemptions_of(session, member.id)
    assert (redemption.reward_id, redemption.points) == (reward.id, 60)
    with pytest.raises(Conflict, match="Not enough points: 40 of 60"):
        redeem(session, member.id, reward_id=reward.id)


def test_a_reward_too_dear_stays_in_stock(session: Session) -> None:
    member, reward = make_patient(session), make_reward(session, 101, stock=1)
    with pytest.raises(Conflict, match="Not enough"), session.begin_nested():
        redeem(session, member.id, reward_id=reward.id)
    assert stock(session, reward.id) == 1


def test_the_stock_runs_out_and_a_cancelled_one_comes_back(session: Session) -> None:
    member, other = make_patient(session), make_patient(session)
    reward = make_reward(session, 10, stock=1)
    redeem(session, member.id, reward_id=reward.id)
    with pytest.raises(Conflict, match=r"no .* left"):
        redeem(session, other.id, reward_id=reward.id)
    cancel(session, latest_redemption(session, member.id))
    assert stock(session, reward.id) == 1
    redeem(session, other.id, reward_id=reward.id)


def test_a_reward_without_end_stays_so(session: Session) -> None:
    member, reward = make_patient(session), make_reward(session, 10)
    redeem(session, member.id, reward_id=reward.id)
    cancel(session, latest_redemption(session, member.id))
    assert stock(session, reward.id) is None


def test_a_reward_of_a_tier_is_for_it_and_above(session: Session) -> None:
    member, reward = make_patient(session), make_reward(session, 10, minimum_tier="gold")
    for lower in ("bronze", "silver"):
        if lower != "bronze":
            set_tier(session, member.id, lower)
        with pytest.raises(Conflict, match="for gold members and above"):
            redeem(session, member.id, reward_id=reward.id)
    for high in ("gold", "platinum"):
        set_tier(session, member.id, high)
        redeem(session, member.id, reward_id=reward.id)


@pytest.mark.parametrize(
    ("held", "cost"), [("bronze", 50), ("silver", 50), ("gold", 20), ("platinum", 20)]
)
def test_from_a_tier_on_it_is_cheaper(session: Session, held: str, cost: int) -> None:
    member = make_patient(session)
    if held != "bronze":
        set_tier(session, member.id, held)
    reward = make_reward(session, 50, tier_cost=20, tier_cost_from="gold")
    assert redeem(session, member.id, reward_id=reward.id).points == -cost


def test_it_is_offered_from_its_first_to_its_last_day(session: Session) -> None:
    member, today = make_patient(session), lagos_today()
    for first, last in ((today, today), (today - DAY, None), (None, today + DAY)):
        reward = make_reward(session, 10, valid_from=first, valid_to=last)
        redeem(session, member.id, reward_id=reward.id)
    early = make_reward(session, 10, valid_from=today + DAY)
    late = make_reward(session, 10, valid_to=today - DAY)
    with pytest.raises(Conflict, match="is offered from"):
        redeem(session, member.id, reward_id=early.id)
    with pytest.raises(Conflict, match="no longer offered"):
        redeem(session, member.id, reward_id=late.id)


def test_a_withdrawn_reward_is_no_longer_offered_but_can_be_handed_back(session: Session) -> None:
    member, reward = make_patient(session), make_reward(session, 10, stock=5)
    redeem(session, member.id, reward_id=reward.id)
    assert not service.withdraw_reward(session, reward.id, actor=ADJUSTER).active
    with pytest.raises(Conflict, match="no longer offered"):
        redeem(session, member.id, reward_id=reward.id)
    cancel(session, latest_redemption(session, member.id))
    assert points(session, member.id) == 100
    offered = queries.list_rewards(RewardFilter(active=True)).page(session).rows
    assert reward.id not in [row.id for row in offered]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({}, "reward_id"),
        ({"reward_id": 1, "points": 5, "description": "x"}, "reward_id"),
        ({"points": 5}, "description"),
    ],
)
def test_what_is_redeemed_must_be_said_once(
    session: Session, given: dict[str, object], path: str
) -> None:
    member = make_patient(session)
    with pytest.raises(Invalid) as caught:
        redeem(session, member.id, **given)
    assert caught.value.problems[0].path == path


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"tier_cost": 5}, "tier_cost_from"),
        ({"tier_cost_from": "gold"}, "tier_cost_from"),
        ({"valid_from": "2026-02-02", "valid_to": "2026-02-01"}, "valid_to"),
    ],
)
def test_a_reward_that_makes_no_sense_is_refused(
    session: Session, given: dict[str, object], path: str
) -> None:
    with pytest.raises(Invalid) as caught:
        make_reward(session, 10, **given)
    assert caught.value.problems[0].path == path


def test_who_may_do_what_with_rewards(session: Session) -> None:
    member, reward = make_patient(session), make_reward(session, 10)
    analyst = make_actor(Role.ANALYST)
    with pytest.raises(Forbidden):
        service.redeem(session, member.id, Redeem(reward_id=reward.id), actor=analyst)
    with pytest.raises(Forbidden):
        service.create_reward(session, RewardCreate(name="Tea", cost=5), actor=DESK)
    with pytest.raises(Forbidden):
        service.withdraw_reward(session, reward.id, actor=DESK)
    with pytest.raises(NotFound):
        redeem(session, member.id, reward_id=10**9)


def test_the_last_one_in_stock_is_taken_once(own_database: str) -> None:
    with transaction(who="staff:1") as session:
        members = [make_patient(session).id for _ in range(8)]
        reward = make_reward(session, 10, stock=1).id

    def take(member: int) -> int:
        with transaction(who="staff:1") as session:
            return redeem(session, member, reward_id=reward).points

    outcomes = together([lambda member=member: take(member) for member in members])  # type: ignore[misc] # a lambda's default has no type
    assert kinds(outcomes) == ["Conflict"] * 7 + ["int"]
    with reading() as session:
        assert stock(session, reward) == 0
        assert books(session) == []


def test_a_redemption_is_cancelled_once_however_many_try(own_database: str) -> None:
    with transaction(who="staff:1") as session:
        member = make_patient(session).id
        spend(session, member, 70)
        redemption = latest_redemption(session, member)

    def give_back() -> int:
        with transaction(who="staff:1") as session:
            return cancel(session, redemption).id

    assert kinds(together([give_back] * 8)) == ["Conflict"] * 7 + ["int"]
    with reading() as session:
        assert points(session, member) == 100
        assert books(session) == []


def test_200_redemptions_at_once_spend_one_balance_once(own_database: str) -> None:
    with transaction(who="staff:1") as session:
        member = make_patient(session).id

    def take() -> int:
        with transaction(who="staff:1") as session:
            return spend(session, member, 100).points

    # The pool has thirty connections: the others wait for one as requests do.
    outcomes = together([take] * 200)
    assert kinds(outcomes) == ["Conflict"] * 199 + ["int"]
    with reading() as session:
        assert points(session, member) == 0
        assert books(session) == []

"""The ledger driven at random: one step at a time, and by several threads at once.

After each step, and at the end of the threads, the books are right: balances, lots and
consumptions agree, nothing is negative or awarded twice, every tier is what the rule says.
"""

from collections.abc import Callable
from random import Random

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from crm_core.base.db import reading, transaction
from crm_core.base.errors import Conflict, Refusal
from crm_core.loyalty import merging, queries, service
from crm_core.loyalty.schemas import Tier
from crm_core.loyalty.service import ledger
from crm_core.patients.invariants import invariants as patient_rules
from tests.loyalty.acts import adjust, books, cancel, earn, merge, redeem, set_tier, spend, visit
from tests.make_patients import DESK, make_patient, make_reward
from tests.together import together

SPARE = 4
"""So many members are left at least: merging stops there."""

Step = Callable[[Session, Random, list[int]], object]


def _earn(session: Session, dice: Random, members: list[int]) -> object:
    reference = f"bill {dice.randrange(12)}" if dice.random() < 0.5 else ""
    return earn(session, dice.choice(members), dice.choice([1, 7, 50, 250, 499, 500]), reference)


def _redeem(session: Session, dice: Random, members: list[int]) -> object:
    if dice.random() < 0.5:
        return spend(session, dice.choice(members), dice.choice([1, 10, 99, 100, 400, 1000]))
    rewards = session.execute(text("SELECT id FROM crm_rewards ORDER BY id")).scalars().all()
    return redeem(session, dice.choice(members), reward_id=dice.choice(rewards))


def _cancel(session: Session, dice: Random, members: list[int]) -> object:
    taken = session.execute(text("SELECT id FROM crm_redemptions ORDER BY id")).scalars().all()
    return cancel(session, dice.choice(taken)) if taken else None


def _visit(session: Session, dice: Random, members: list[int]) -> object:
    member = dice.choice(members)
    visit(session, member, f"{member}-{dice.randrange(4)}", dice.choice(service.VISITS))
    return None


def _undo(session: Session, dice: Random, members: list[int]) -> object:
    member = dice.choice(members)
    service.undo_visit(session, member, visit_id=f"{member}-{dice.randrange(4)}")
    return None


def _end(session: Session, dice: Random, members: list[int]) -> object:
    """Some of a member's lots turn out to end sooner, on a day that may have gone by."""
    member = dice.choice(members)
    ledger.lock_accounts(session, [member])
    return session.execute(
        text(
            "SELECT crm_test_end(id, :days) FROM crm_loyalty_lots"
            " WHERE patient_id = :id AND remaining > 0 AND mod(id, 3) = :n"
        ),
        {"id": member, "n": dice.randrange(3), "days": dice.choice([-1, 0, 3])},
    ).all()


def _expire(session: Session, dice: Random, members: list[int]) -> object:
    return service.expire_points(session, limit=3)


def _adjust(session: Session, dice: Random, members: list[int]) -> object:
    return adjust(session, dice.choice(members), dice.choice([-300, -20, -1, 1, 20, 300]))


def _merge(session: Session, dice: Random, members: list[int]) -> object:
    if dice.random() < 0.7:
        return None
    left = session.execute(
        text("SELECT id FROM crm_patients WHERE merged_into_id IS NULL ORDER BY id")
    )
    unmerged = list(left.scalars())
    if len(unmerged) <= SPARE:
        return None
    return merge(session, *dice.sample(unmerged, 2))


def _part(session: Session, dice: Random, members: list[int]) -> object:
    """The latest merges first: one that was built on cannot be undone."""
    undoable = session.execute(
        text("SELECT gone_id FROM crm_patient_merges WHERE undone_at IS NULL ORDER BY id DESC")
    )
    merged = list(undoable.scalars())
    if not merged or dice.random() < 0.5:
        return None
    merging.part_patients(session, dice.choice(merged[:2]), actor=DESK)
    return None


def _set_tier(session: Session, dice: Random, members: list[int]) -> object:
    set_tier(session, dice.choice(members), dice.choice(list(Tier)).value)
    return None


def _come_due(session: Session, dice: Random, members: list[int]) -> object:
    due = "UPDATE crm_loyalty_accounts SET review_on = crm_lagos_today() WHERE id = :id"
    return session.execute(text(due), {"id": dice.choice(members)})


def _review(session: Session, dice: Random, members: list[int]) -> object:
    return service.review_tiers(session, limit=3)


def _register(session: Session, dice: Random, members: list[int]) -> object:
    friend = queries.get_member(session, dice.choice(members))
    new = make_patient(session, referral_code=friend.referral_code)
    members.append(new.id)
    return new


def _fold(session: Session, dice: Random, members: list[int]) -> object:
    return service.fold_sums(session)


STEPS: tuple[Step, ...] = (
    *(_earn, _earn, _redeem, _redeem, _visit, _visit, _visit, _undo, _cancel, _adjust),
    *(_end, _expire, _merge, _part, _set_tier, _come_due, _review, _register, _fold),
)


def _start(session: Session) -> list[int]:
    """Members, each referred by the one before, and rewards of all sorts."""
    members = [make_patient(session)]
    for _ in range(7):
        members.append(make_patient(session, referral_code=members[-1].referral_code))
    make_reward(session, 30, stock=6)
    make_reward(session, 120, tier_cost=60, tier_cost_from="silver")
    make_reward(session, 80, minimum_tier="silver")
    return [member.id for member in members]


def _may_end_lots(url: str) -> None:
    """The tests' own way of letting days pass, since the ledger cannot be rewritten."""
    with psycopg.connect(url) as admin:
        admin.execute(
            "CREATE FUNCTION crm_test_end(lot bigint, days integer) RETURNS void LANGUAGE sql"
            " SECURITY DEFINER AS $$"
            " SELECT set_config('session_replication_role', 'replica', true);"
            " UPDATE crm_loyalty_transactions SET expiry_date = crm_lagos_today() + days"
            "  WHERE id = lot;"
            " SELECT set_config('session_replication_role', 'origin', true);"
            " UPDATE crm_loyalty_lots SET expires_on = crm_lagos_today() + days WHERE id = lot"
            " $$"
        )


def _faults(session: Session) -> list[str]:
    return [*books(session), *patient_rules(session)]


@pytest.mark.parametrize("seed", range(2))
def test_the_books_are_right_after_every_step(own_database: str, seed: int) -> None:
    _may_end_lots(own_database)
    dice, done = Random(seed), set()
    with transaction(who="staff:1") as session:
        members = _start(session)
    deck = [step for _ in range(5) for step in dice.sample(STEPS, len(STEPS))]
    for number, step in enumerate(deck):
        try:
            with transaction(who="staff:1") as session:
                step(session, dice, members)
            done.add(step)
        except Refusal:
            pass
        with reading() as session:
            assert (number, step.__name__, _faults(session)) == (number, step.__name__, [])
    # Merging is tried a few times only; everything else has happened.
    assert set(STEPS) - {_merge} <= done


def test_several_threads_at_once_leave_the_books_right(own_database: str) -> None:
    _may_end_lots(own_database)
    with transaction(who="staff:1") as session:
        members = _start(session)

    def run(seed: int) -> list[str]:
        dice, own, refused = Random(seed), list(members), []
        for _ in range(40):
            step = dice.choice(STEPS)
            try:
                with transaction(who=f"staff:{seed}") as session:
                    step(session, dice, own)
            except Refusal as refusal:
                refused.append(str(refusal))
        return refused

    outcomes = together([lambda seed=seed: run(seed) for seed in range(5)])  # type: ignore[misc] # a lambda's default has no type
    failures = [found for found in outcomes if isinstance(found, BaseException)]
    assert failures == []
    with reading() as session:
        assert _faults(session) == []


def test_friends_who_visit_at_the_same_moment_do_not_deadlock(own_database: str) -> None:
    with transaction(who="staff:1") as session:
        first = make_patient(session)
        friends = [first, *(make_patient(session, referral_code=first.referral_code) for _ in "12")]

    def run(member: int, number: int) -> None:
        with transaction(who="staff:1") as session:
            visit(session, member, f"{member}-{number}")

    jobs = [lambda m=m, n=n: run(m.id, n) for n in range(5) for m in friends]
    failures = [found for found in together(jobs) if isinstance(found, DBAPIError | Conflict)]
    assert failures == []
    with reading() as session:
        assert _faults(session) == []
        member = queries.get_member(session, first.id)
    assert member.loyalty_points == 100 + 5 * 50 + 2 * 100

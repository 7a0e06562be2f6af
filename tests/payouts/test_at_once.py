"""Several people at the same moment: one approval, one history line, one payment, no deadlock."""

import hashlib
import random
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from threading import Barrier

import pytest
from sqlalchemy.orm import Session

from crm_core.base import idempotency
from crm_core.base.db import SessionFactory, transaction
from crm_core.base.preflight import Receipt
from crm_core.payouts import queries, service
from crm_core.payouts.invariants import invariants
from crm_core.payouts.schemas import PayoutRead
from crm_core.people.schemas import Actor, Role
from tests.make import make_actor
from tests.make_business import APPROVER, FINANCE, make_owner
from tests.observe import history_of
from tests.payouts.acts import (
    SECOND,
    THRESHOLD,
    approve,
    create,
    get,
    line,
    live_approvals,
    new,
    payout_in,
    steps_of,
)
from tests.payouts.walking import AMOUNTS, NAMES, PEOPLE, take
from tests.together import kinds, together

MONTHS = [{"period_start": f"2025-0{m}-01", "period_end": f"2025-0{m}-28"} for m in range(1, 6)]


def made(state: str = "pending", gross: str = "100000") -> PayoutRead:
    with SessionFactory.begin() as session:
        return payout_in(session, state) if state != "pending" else new(session, gross)


def as_one(actor: Actor, act: Callable[[Session], object]) -> Callable[[], object]:
    """What a door does: one attributed transaction."""

    def run() -> object:
        with transaction(who=actor.key, why="clicked") as session:
            return act(session)

    return run


def assert_all_holds() -> None:
    with SessionFactory() as session:
        assert list(invariants(session)) == []


def test_two_approvers_clicking_at_once_make_one_approval(own_database: str) -> None:
    payout = made()
    clicks = [
        as_one(actor, partial(approve, payout_id=payout.id, actor=actor))
        for actor in (APPROVER, SECOND)
    ]
    assert kinds(together(clicks)) == ["Conflict", "PayoutRead"]
    with SessionFactory() as session:
        assert len(live_approvals(session, payout.id)) == 1
        assert steps_of(session, payout.id) == [("pending", "approved")]
        approved_by = get(session, payout.id).approved_by
        last = history_of(session, "crm_payouts", payout.id)[-1]
        assert (last["who"], last["why"]) == (approved_by, "clicked")
    assert_all_holds()


def test_two_approvers_at_once_of_a_large_payout_are_the_two_it_takes(own_database: str) -> None:
    payout = made(gross=str(THRESHOLD))
    clicks = [
        as_one(APPROVER, lambda s: approve(s, payout.id, APPROVER)),
        as_one(SECOND, lambda s: approve(s, payout.id, SECOND)),
    ]
    outcomes = together(clicks)
    assert kinds(outcomes) == ["PayoutRead", "PayoutRead"]
    with SessionFactory() as session:
        assert get(session, payout.id).status == "approved"
        assert steps_of(session, payout.id) == [("pending", "approved")]


def test_a_double_click_approves_once(own_database: str) -> None:
    payout = made(gross=str(THRESHOLD))
    click = as_one(APPROVER, lambda s: approve(s, payout.id))
    assert kinds(together([click] * 3)) == ["Conflict", "Conflict", "PayoutRead"]
    with SessionFactory() as session:
        assert live_approvals(session, payout.id) == [APPROVER.person]


def test_a_commit_sent_twice_at_once_is_done_once(own_database: str) -> None:
    ids = [made().id, made().id]
    with SessionFactory() as session:
        fingerprint = service.plan_approval(session, ids, actor=APPROVER).fingerprint
    commit = as_one(
        APPROVER, lambda s: service.commit_approval(s, fingerprint, ids, actor=APPROVER)
    )
    outcomes = together([commit] * 3)
    assert sorted(r.changed for r in outcomes if isinstance(r, Receipt)) == [0, 0, 2]
    with SessionFactory() as session:
        assert [steps_of(session, i) for i in ids] == [[("pending", "approved")]] * 2


def test_a_replay_with_the_same_key_does_it_once(own_database: str) -> None:
    payout = made()

    def click(session: Session) -> object:
        wanted = hashlib.sha256(b"approve").digest()
        first = idempotency.claim(session, "k1", who=APPROVER.key, request_hash=wanted)
        if first is not None:
            return first.body
        status = approve(session, payout.id).status
        given = idempotency.Answer(200, status.value)
        idempotency.answer(session, "k1", who=APPROVER.key, given=given)
        return status.value

    assert together([as_one(APPROVER, click)] * 4) == ["approved"] * 4
    with SessionFactory() as session:
        assert len(live_approvals(session, payout.id)) == 1
        assert len(history_of(session, "crm_payouts", payout.id)) == 2


def test_a_payout_is_paid_once_however_many_say_so_at_once(own_database: str) -> None:
    payout = made("approved")

    def say(session: Session, reference: str) -> Receipt:
        lines = [line(payout, reference)]
        plan = service.plan_payment(session, lines, actor=FINANCE)
        return service.commit_payment(session, plan.fingerprint, lines, actor=FINANCE)

    sayings = [as_one(FINANCE, partial(say, reference=f"NIP{n}")) for n in range(4)]
    outcomes = together(sayings)
    assert sorted(r.changed for r in outcomes if isinstance(r, Receipt)) == [0, 0, 0, 1]
    with SessionFactory() as session:
        [attempt] = queries.attempts_of(session, payout.id)
        assert get(session, payout.id).bank_reference == attempt.bank_reference
    assert_all_holds()


def test_sending_and_undoing_at_once_one_wins(own_database: str) -> None:
    payout = made("approved")
    with SessionFactory() as session:
        file = service.plan_file(session, [payout.id], actor=FINANCE).fingerprint
        back = service.plan_undo(session, [payout.id], actor=APPROVER).fingerprint
    ids = [payout.id]
    outcomes = together(
        [
            as_one(FINANCE, lambda s: service.commit_file(s, file, ids, actor=FINANCE)),
            as_one(APPROVER, lambda s: service.commit_undo(s, back, ids, actor=APPROVER)),
        ]
    )
    done = [o for o in outcomes if isinstance(o, Receipt) and o.changed == 1]
    assert len(done) == 1
    assert_all_holds()


def test_twenty_people_approving_the_same_fifty_never_deadlock(own_database: str) -> None:
    with SessionFactory.begin() as session:
        owners = [make_owner(session).id for _ in range(10)]
        ids = [create(session, o, month).id for o in owners for month in MONTHS]
    looked = Barrier(20)

    def run(seed: int) -> Receipt:
        actor = make_actor(Role.APPROVER)
        mine = random.Random(seed).sample(ids, len(ids))
        with SessionFactory() as session:
            plan = service.plan_approval(session, mine, actor=actor)
        looked.wait(timeout=60)
        with transaction(who=actor.key) as session:
            return service.commit_approval(session, plan.fingerprint, mine, actor=actor)

    outcomes = together([partial(run, n) for n in range(20)])
    assert sorted(r.changed for r in outcomes if isinstance(r, Receipt)) == [0] * 19 + [50]
    with SessionFactory() as session:
        assert all(len(live_approvals(session, i)) == 1 for i in ids)
    assert_all_holds()


@pytest.mark.parametrize("seed", [1, 2])
def test_four_people_doing_anything_leave_everything_right(own_database: str, seed: int) -> None:
    with SessionFactory.begin() as session:
        owner = make_owner(session).id
        ids = [create(session, owner, month).id for month in MONTHS[:4]]

    def walk(number: int) -> int:
        chance = random.Random(f"{seed} {number}")
        taken = 0
        for _ in range(60):
            name, payout_id = chance.choice(NAMES), chance.choice(ids)
            person, amount = chance.choice(PEOPLE), chance.choice(AMOUNTS)
            with transaction(who=person.key) as session:
                taken += take(session, name, payout_id, person, amount)
        return taken

    outcomes = together([partial(walk, n) for n in range(4)])
    assert all(isinstance(taken, int) and taken > 0 for taken in outcomes), f"seed {seed}"
    with SessionFactory() as session:
        for payout_id in ids:
            steps = [("", "pending"), *steps_of(session, payout_id)]
            assert all(a[1] == b[0] for a, b in pairwise(steps))
            assert steps[-1][1] == get(session, payout_id).status
    assert_all_holds()

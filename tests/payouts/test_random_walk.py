"""People do anything in any order: the code and a model written from the rules never disagree."""

from decimal import Decimal

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from crm_core.owners import queries as owners
from crm_core.payouts import queries
from crm_core.payouts.invariants import invariants
from crm_core.people.schemas import Actor
from tests.make_business import APPROVER
from tests.observe import sql
from tests.payouts.acts import BOTH, SECOND, create, get, live_approvals, new, steps_of
from tests.payouts.model import Model
from tests.payouts.walking import AMOUNTS, NAMES, PEOPLE, expect, take

Step = tuple[str, int, Actor, Decimal]
steps = st.tuples(
    st.sampled_from(NAMES), st.integers(0, 1), st.sampled_from(PEOPLE), st.sampled_from(AMOUNTS)
)
walks = st.lists(steps, min_size=5, max_size=30)


def script(*acts: tuple[str, Actor]) -> list[Step]:
    """A walk of the large payout, for what chance comes upon too seldom."""
    return [(name, 1, person, AMOUNTS[2]) for name, person in acts]


AGAIN = script(
    *[("approve", APPROVER), ("approve", SECOND), ("send", BOTH), ("undo", SECOND)],
    *[("fail", BOTH), ("approve", APPROVER), ("undo", SECOND), ("undo", APPROVER)],
    *[("approve", SECOND), ("approve", APPROVER), ("undo", BOTH), ("approve", BOTH)],
    *[("approve", SECOND), ("pay", BOTH), ("undo", SECOND), ("reverse", BOTH)],
)


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(walk=walks)
@example(walk=AGAIN)
def test_code_and_model_agree_step_by_step(session: Session, walk: list[Step]) -> None:
    point = session.begin_nested()
    owner_id = new(session, "1").owner_id
    sql(session, "UPDATE crm_payouts SET period_start = '2020-01-01', period_end = '2020-01-31'")
    payouts = [create(session, owner_id, actor=BOTH), new(session, str(AMOUNTS[2]))]
    models = [Model(payout.created_by, payout.net_amount) for payout in payouts]
    seen = [{payout.payment_reference} for payout in payouts]
    for name, which, person, amount in walk:
        payout_id, model = payouts[which].id, models[which]
        assert take(session, name, payout_id, person, amount) == expect(model, name, person, amount)
        compare(session, payout_id, model)
        seen[which].add(get(session, payout_id).payment_reference)
    assert [len(references) for references in seen] == [model.references for model in models]
    paid = sum((m.net for m in models[:1] if m.paid), Decimal(0))
    assert owners.get_owner(session, owner_id).lifetime_value == paid
    assert list(invariants(session)) == []
    point.rollback()


def compare(session: Session, payout_id: int, model: Model) -> None:
    payout = get(session, payout_id)
    assert (payout.status, payout.net_amount) == (model.state, model.net)
    assert set(live_approvals(session, payout_id)) == model.approvers
    assert len(steps_of(session, payout_id)) == model.steps
    if model.state in ("pending", "failed"):
        assert payout.approvals_needed == model.needed
    outcomes = [attempt.outcome for attempt in queries.attempts_of(session, payout_id)]
    assert outcomes.count("paid") == (model.state in ("paid", "reversed"))

"""The state machine: every act from every state, and every step by plain SQL."""

from itertools import product

import pytest
from sqlalchemy.orm import Session

from crm_core.base.errors import Conflict, Forbidden, NotFound
from crm_core.payouts import queries
from crm_core.payouts.invariants import invariants
from crm_core.payouts.schemas import TRANSITIONS, PayoutStatus
from crm_core.people.schemas import Role
from tests.make import make_actor
from tests.observe import refused_by, sql
from tests.payouts.acts import ACTS, LEADS, get, payout_in, steps_of

STATES = [status.value for status in PayoutStatus]


def test_code_and_database_hold_the_same_table(session: Session) -> None:
    rows = sql(session, "SELECT old_status, new_status FROM crm_payout_transitions").all()
    ours = {(old.value, new.value) for old, targets in TRANSITIONS.items() for new in targets}
    assert {tuple(row) for row in rows} == ours


def test_the_acts_walk_every_step_of_the_table_but_going_back() -> None:
    walked = {step for steps in LEADS.values() for step in steps.items()}
    table = {(old.value, new.value) for old, targets in TRANSITIONS.items() for new in targets}
    # Paying by hand begins an attempt on its way; undoing has tests of its own.
    assert table - walked == {("approved", "pending")}
    assert walked - table == {("approved", "paid")}


@pytest.mark.parametrize(("act", "state"), list(product(ACTS, STATES)))
def test_an_act_leads_where_the_rules_say_or_is_refused(
    session: Session, act: str, state: str
) -> None:
    payout = payout_in(session, state)
    steps = len(steps_of(session, payout.id))
    expected = LEADS[act].get(state)
    if expected is None:
        with pytest.raises(Conflict), session.begin_nested():
            ACTS[act](session, payout.id)
        assert get(session, payout.id) == payout
        assert len(steps_of(session, payout.id)) == steps
    else:
        ACTS[act](session, payout.id)
        assert get(session, payout.id).status == expected
        by_hand = (act, state) == ("pay", "approved")
        assert len(steps_of(session, payout.id)) == steps + (2 if by_hand else 1)
    assert list(invariants(session)) == []


@pytest.mark.parametrize("state", STATES)
def test_plain_sql_cannot_take_a_step_that_the_rules_do_not_know(
    session: Session, state: str
) -> None:
    payout = payout_in(session, state)
    step = "UPDATE crm_payouts SET status = :new WHERE id = :id"
    for other in PayoutStatus:
        if other != state and not PayoutStatus(state).can_become(other):
            with refused_by(session, "payout_transition"):
                sql(session, step, new=other.value, id=payout.id)


def test_a_payout_cannot_begin_as_anything_but_pending(session: Session) -> None:
    payout = payout_in(session, "cancelled")
    with refused_by(session, "payout_begins_pending"):
        sql(
            session,
            "INSERT INTO crm_payouts (owner_id, period_start, period_end, gross_revenue,"
            " deductions, net_amount, created_by, status)"
            " SELECT owner_id, period_start, period_end, 1, 0, 1, 'sql', 'approved'"
            " FROM crm_payouts WHERE id = :id",
            id=payout.id,
        )


@pytest.mark.parametrize("act", [act for act in ACTS if act != "send"])
def test_an_act_on_no_payout_is_not_found(session: Session, act: str) -> None:
    with pytest.raises(NotFound):
        ACTS[act](session, 999_999)


@pytest.mark.parametrize(
    ("statement", "refusal"),
    [
        ("INSERT INTO crm_payout_transitions VALUES ('pending', 'paid')", "permission denied"),
        ("DELETE FROM crm_payout_transitions", "permission denied"),
        ("ALTER TABLE crm_payouts DISABLE TRIGGER payout_change", "must be owner"),
        ("DROP TRIGGER payout_change ON crm_payouts", "must be owner"),
        ("SET session_replication_role = replica", "permission denied"),
        ("DELETE FROM crm_payouts", "permission denied"),
        ("TRUNCATE crm_payouts CASCADE", "permission denied"),
        ("DELETE FROM crm_payout_approvals", "permission denied"),
        ("DELETE FROM crm_payout_attempts", "permission denied"),
        ("UPDATE crm_payout_files SET digest = ''", "permission denied"),
    ],
)
def test_the_application_cannot_rewrite_the_rules_or_remove_the_proof(
    session: Session, statement: str, refusal: str
) -> None:
    with refused_by(session, refusal):
        sql(session, statement)


def test_each_state_is_shown_with_what_it_totals(session: Session) -> None:
    for state in STATES:
        payout_in(session, state)
    stats = queries.payout_stats(session)
    assert {total.status: total.count for total in stats.statuses} == dict.fromkeys(STATES, 1)


@pytest.mark.parametrize("act", list(ACTS))
def test_those_who_only_read_do_nothing(session: Session, act: str) -> None:
    payout = payout_in(session, next(iter(LEADS[act])))
    with pytest.raises(Forbidden):
        ACTS[act](session, payout.id, make_actor(Role.VIEWER, Role.ADMIN, Role.ANALYST))

"""The state machine: every act from every state, and every step by plain SQL."""

from itertools import product

import pytest
from sqlalchemy.orm import Session

from crm_core.base.errors import Conflict, Forbidden, NotFound
from crm_core.feedback.invariants import invariants
from crm_core.feedback.schemas import TRANSITIONS, FeedbackStatus
from crm_core.people.schemas import Role
from tests.feedback.acts import ACTS, LEADS, feedback_in, get, steps_of
from tests.make import make_actor
from tests.make_feedback import answer, make_feedback
from tests.observe import refused_by, sql

STATES = [status.value for status in FeedbackStatus]


def test_code_and_database_hold_the_same_table(session: Session) -> None:
    rows = sql(session, "SELECT old_status, new_status FROM crm_feedback_transitions").all()
    ours = {(old.value, new.value) for old, targets in TRANSITIONS.items() for new in targets}
    assert {tuple(row) for row in rows} == ours


@pytest.mark.parametrize(("act", "state"), list(product(ACTS, STATES)))
def test_an_act_leads_where_the_rules_say_or_is_refused(
    session: Session, act: str, state: str
) -> None:
    piece = feedback_in(session, state)
    expected = LEADS[act].get(state)
    if expected is None:
        with pytest.raises(Conflict, match=piece.feedback_code), session.begin_nested():
            ACTS[act](session, piece.id)
        session.expire_all()
        assert get(session, piece.id) == piece
    else:
        ACTS[act](session, piece.id)
        assert get(session, piece.id).status == expected
        assert steps_of(session, piece.id)[-1] == expected
    assert list(invariants(session)) == []


@pytest.mark.parametrize("state", STATES)
def test_plain_sql_cannot_take_a_step_that_the_rules_do_not_know(
    session: Session, state: str
) -> None:
    piece = feedback_in(session, state)
    step = "UPDATE crm_feedback SET status = :new WHERE id = :id"
    for other in FeedbackStatus:
        if other != state and not FeedbackStatus(state).can_become(other):
            with refused_by(session, "feedback_transition"):
                sql(session, step, new=other.value, id=piece.id)


def test_feedback_begins_as_new(session: Session) -> None:
    piece = make_feedback(session)
    with refused_by(session, "feedback_begins_new"):
        sql(
            session,
            "INSERT INTO crm_feedback (patient_id, type, message, created_by, status)"
            " VALUES (:giver, 'complaint', 'x', 'sql', 'acknowledged')",
            giver=piece.source_id,
        )


@pytest.mark.parametrize("act", list(ACTS))
def test_an_act_on_no_feedback_is_not_found(session: Session, act: str) -> None:
    with pytest.raises(NotFound):
        ACTS[act](session, 999_999)


@pytest.mark.parametrize("act", list(ACTS))
def test_those_who_only_read_do_nothing(session: Session, act: str) -> None:
    piece = feedback_in(session, next(iter(LEADS[act])))
    with pytest.raises(Forbidden):
        ACTS[act](session, piece.id, make_actor(Role.FINANCE, Role.ADMIN, Role.ANALYST))


@pytest.mark.parametrize(
    ("statement", "refusal"),
    [
        ("INSERT INTO crm_feedback_transitions VALUES ('new', 'closed')", "permission denied"),
        ("DELETE FROM crm_feedback", "permission denied"),
        ("DELETE FROM crm_feedback_entries", "permission denied"),
        ("UPDATE crm_feedback_entries SET body = ''", "append-only"),
        ("UPDATE crm_feedback_entries SET who = ''", "permission denied"),
        ("UPDATE crm_feedback_sums SET pieces = 0", "permission denied"),
        ("UPDATE crm_feedback SET message = 'All was well'", "feedback_fixed"),
        ("UPDATE crm_feedback SET created_at = now() + interval '1 day'", "feedback_fixed"),
    ],
)
def test_the_application_cannot_rewrite_what_was_said_or_done(
    session: Session, statement: str, refusal: str
) -> None:
    answer(session, make_feedback(session).id)
    with refused_by(session, refusal):
        sql(session, statement)

"""Several people at the same moment: a link, a resolution, a merge, an escalation happen once."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.db import SessionFactory, transaction
from crm_core.feedback import queries, service
from crm_core.feedback.invariants import invariants
from crm_core.feedback.schemas import FeedbackMerge, Invitation, LinkAnswer, SourceType
from crm_core.people.schemas import Role
from tests import make_feedback as make
from tests.feedback.acts import ACTS
from tests.make_business import make_owner
from tests.together import kinds, together

pytestmark = pytest.mark.usefixtures("own_database")


@pytest.fixture(autouse=True)
def holds(own_database: str) -> Iterator[None]:
    """Whatever happened, what must hold does."""
    yield
    with SessionFactory() as session:
        assert list(invariants(session)) == []


def as_one(act: Callable[[Session], object]) -> Callable[[], object]:
    """What a door does: one attributed transaction."""

    def run() -> object:
        with transaction(who="staff:1", why="clicked") as session:
            return act(session)

    return run


def made(**more: object) -> int:
    with SessionFactory.begin() as session:
        return make.make_feedback(session, **more).id


def test_a_link_is_answered_once(own_database: str) -> None:
    with SessionFactory.begin() as session:
        giver = make_owner(session).id
        service.invite(
            session,
            Invitation(source_type=SourceType.OWNER, source_id=giver),
            actor=make.VIEWER,
        )
        link = session.execute(text("SELECT id FROM crm_feedback_invitations")).scalar_one()
    answers = [
        as_one(lambda s: service.answer_invitation(s, link, LinkAnswer(stars=2), actor=make.VIEWER))
    ] * 4
    outcomes = together(answers)
    assert kinds(outcomes) == ["Conflict"] * 3 + ["FeedbackRead"]
    with SessionFactory() as session:
        assert session.execute(text("SELECT count(*) FROM crm_owner_ratings")).scalar() == 1


def test_a_case_is_resolved_once_and_its_giver_told_once(own_database: str) -> None:
    case = made()
    outcomes = together([as_one(lambda s: ACTS["resolve"](s, case))] * 4)
    assert kinds(outcomes) == ["Conflict"] * 3 + ["FeedbackRead"]
    with SessionFactory() as session:
        told = [m["message_type"] for m in make.sent_about(session, case)]
        assert told.count("feedback_resolved") == 1


def test_answers_at_the_same_moment_are_all_kept(own_database: str) -> None:
    case = made()
    outcomes = together([as_one(lambda s: ACTS["reply"](s, case))] * 4)
    assert kinds(outcomes) == ["FeedbackRead"] * 4
    with SessionFactory() as session:
        lines = [line.kind for line in queries.thread_of(session, case)]
        assert [kind.value for kind in lines].count("answer") == 4


def test_two_merges_of_the_same_pair_do_not_deadlock(own_database: str) -> None:
    first = made()
    with SessionFactory() as session:
        giver = queries.get_feedback(session, first).source_id
    second = made(source_type="patient", source_id=giver)

    def merge(one: int, other: int) -> Callable[[], object]:
        data = FeedbackMerge(duplicate_id=other)
        return as_one(lambda s: service.merge_feedback(s, one, data, actor=make.VIEWER))

    outcomes = together([merge(first, second), merge(second, first)] * 2)
    assert kinds(outcomes) == ["Conflict"] * 3 + ["FeedbackRead"]


def test_two_workers_escalate_a_late_case_once(own_database: str) -> None:
    with SessionFactory.begin() as session:
        make.worker(session, Role.APPROVER)
    made()
    # Of other settings, so that nobody takes the time for the clock's own.
    late = "UPDATE crm_feedback SET response_due_at = now() - interval '1 hour', clock_basis = ''"
    with SessionFactory.begin() as session:
        session.execute(text(late))
    outcomes = together([as_one(service.escalate_late)] * 3)
    assert sorted(int(str(outcome)) for outcome in outcomes) == [0, 0, 1]

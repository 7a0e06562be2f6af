"""Two pieces that say the same become one case: thread, urgency, and what comes for it later."""

import pytest
from sqlalchemy.orm import Session

from crm_core.base.errors import Conflict, Invalid
from crm_core.feedback import queries, service
from crm_core.feedback.invariants import invariants
from crm_core.feedback.schemas import FeedbackUpdate, LinkAnswer, Priority
from crm_core.owners import queries as owners
from crm_core.people.schemas import Role
from tests import make_feedback as make
from tests.feedback.acts import ACTS, get, inbound, merge, rate
from tests.make_business import make_owner
from tests.observe import executed, sql


def two(session: Session, **second: object) -> tuple[int, int]:
    first = make.make_feedback(session)
    giver = {"source_type": "patient", "source_id": first.source_id}
    return first.id, make.make_feedback(session, **giver, **second).id


def test_a_merged_case_has_one_thread_and_the_higher_priority(session: Session) -> None:
    first, second = two(session, priority="high", message="I waited again.")
    make.answer(session, second, "We heard you.")
    assert merge(session, first, second).priority == "high"
    bodies = [line.body for line in queries.thread_of(session, first)]
    assert "We heard you." in bodies
    assert [piece.id for piece in queries.merged_into(session, first)] == [second]
    assert list(invariants(session)) == []


def test_the_newer_goes_into_the_older_and_only_open_ones(session: Session) -> None:
    first, second = two(session)
    with pytest.raises(Conflict, match="is the older one"):
        merge(session, second, first)
    with pytest.raises(Invalid, match="another piece"):
        merge(session, first, first)
    make.resolve(session, second)
    with pytest.raises(Conflict, match="reopen it first"):
        merge(session, first, second)


def test_a_merged_case_that_waited_leaves_no_clock_standing(session: Session) -> None:
    first, second = two(session)
    ACTS["wait"](session, second)
    merge(session, first, second)
    assert list(invariants(session)) == []


def test_stars_that_an_owner_gave_twice_for_the_same_count_once(session: Session) -> None:
    owner = make_owner(session)
    giver = {"source_type": "owner", "source_id": owner.id}
    first = make.make_feedback(session, rating=4, **giver)
    second = make.make_feedback(session, rating=1, **giver)
    merge(session, first.id, second.id)
    assert owners.get_owner(session, owner.id).satisfaction_score == 4
    assert list(invariants(session)) == []


# What was merged before


def several(session: Session, number: int, **more: object) -> list[int]:
    """Pieces of one giver, the oldest first."""
    first = make.make_feedback(session, **more)
    giver = {"source_type": first.source_type.value, "source_id": first.source_id}
    rest = [make.make_feedback(session, **giver, **more).id for _ in range(number - 1)]
    return [first.id, *rest]


def test_a_case_brings_what_was_merged_into_it(session: Session) -> None:
    first, second, third = several(session, 3)
    make.answer(session, third, "We heard you.")
    merge(session, second, third)
    merge(session, first, second)
    assert get(session, third).merged_into_id == first
    assert [piece.id for piece in queries.merged_into(session, first)] == [second, third]
    assert "We heard you." in [line.body for line in queries.thread_of(session, first)]
    assert list(invariants(session)) == []


def test_however_many_come_along_it_is_the_same_statements(session: Session) -> None:
    counts = []
    for number in (3, 6):
        first, second, *others = several(session, number)
        for other in others:
            merge(session, second, other)
        with executed(session) as seen:
            merge(session, first, second)
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_an_answer_to_a_message_about_any_of_them_reaches_the_case_that_stayed(
    session: Session,
) -> None:
    first, second, third = several(session, 3)
    make.answer(session, third)
    line = queries.thread_of(session, third)[-1]
    merge(session, second, third)
    merge(session, first, second)
    assert service.take_answer(session, inbound(patient_id=None, answers=line.communication_id))
    last = queries.thread_of(session, first)[-1]
    assert (last.kind, last.feedback_id) == ("incoming", first)


def test_an_owners_stars_for_all_of_them_count_once(session: Session) -> None:
    owner = make_owner(session)
    giver = {"source_type": "owner", "source_id": owner.id}
    first = make.make_feedback(session, rating=5, **giver).id
    second = make.make_feedback(session, **giver).id
    third = make.make_feedback(session, rating=1, **giver).id
    merge(session, second, third)
    merge(session, first, second)
    assert owners.get_owner(session, owner.id).satisfaction_score == 5
    assert list(invariants(session)) == []


def test_what_a_person_said_of_the_words_stands_for_the_whole_case(session: Session) -> None:
    first, second = two(session, message="The music was to die for, nobody died.")
    lowered = FeedbackUpdate(priority=Priority.LOW)
    service.update_feedback(session, second, lowered, actor=make.VIEWER)
    assert merge(session, first, second).priority == "medium"
    assert list(invariants(session)) == []


# Stars through the link of a case that was merged since


def reopened_and_merged(session: Session) -> tuple[int, int]:
    """The newer was resolved, its giver asked, and then it was one with the older after all."""
    first, second = two(session)
    ACTS["resolve"](session, second)
    ACTS["reopen"](session, second)
    merge(session, first, second)
    return first, second


def test_stars_for_a_merged_case_are_the_stars_of_the_case_that_stayed(session: Session) -> None:
    first, second = reopened_and_merged(session)
    make.resolve(session, first)
    rated = rate(session, second, 1)
    assert (rated.id, rated.status, rated.satisfaction_rating) == (first, "reopened", 1)
    assert get(session, second).satisfaction_rating is None
    assert list(invariants(session)) == []


def test_words_of_harm_through_the_link_of_a_merged_case_alarm(session: Session) -> None:
    make.worker(session, Role.APPROVER)
    first, second = reopened_and_merged(session)
    link = sql(session, "SELECT max(id) FROM crm_feedback_invitations").scalar()
    said = LinkAnswer(stars=1, comment="He collapsed at home.")
    service.answer_invitation(session, link, said, actor=make.VIEWER)
    stayed = get(session, first)
    assert (stayed.priority, stayed.escalated_at is not None) == ("critical", True)
    assert get(session, second).priority == "medium"
    assert list(invariants(session)) == []

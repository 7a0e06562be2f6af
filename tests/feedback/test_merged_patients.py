"""Two records of one person become one: what was said under either is theirs, and they are told."""

import pytest
from sqlalchemy.orm import Session

from crm_core.base.errors import Conflict
from crm_core.feedback import queries, service
from crm_core.feedback.invariants import invariants
from crm_core.feedback.schemas import FeedbackFilter, Invitation, LinkAnswer, SourceType
from crm_core.loyalty.merging import part_patients
from tests import make_feedback as make
from tests.feedback.acts import ACTS, get, inbound, merge
from tests.make_feedback import make_feedback
from tests.make_patients import DESK, join, make_patient
from tests.observe import executed, sql


@pytest.fixture
def person(session: Session) -> tuple[int, int]:
    """A record that stays, and one of the same person that will be merged into it."""
    return make_patient(session, "Ada Obi").id, make_patient(session, "Ada Obi").id


def said_by(session: Session, patient_id: int) -> int:
    return make_feedback(session, source_type="patient", source_id=patient_id).id


def test_what_was_said_under_a_merged_record_is_found(
    session: Session, person: tuple[int, int]
) -> None:
    stays, gone = person
    said = [said_by(session, patient) for patient in person]
    said_by(session, make_patient(session, "Bola Ade").id)
    join(session, stays, gone)
    found = queries.list_queue(FeedbackFilter(patient_id=stays)).page(session)
    assert sorted(row.id for row in found.rows) == said


@pytest.mark.parametrize("act", ["reply", "resolve"])
def test_the_giver_is_told_at_the_record_that_stayed(
    session: Session, person: tuple[int, int], act: str
) -> None:
    stays, gone = person
    case = said_by(session, gone)
    join(session, stays, gone)
    ACTS[act](session, case)
    told = make.sent_about(session, case)[-1]
    assert (told["recipient_id"], told["status"]) == (stays, "pending")


def test_what_is_said_under_a_merged_record_is_taken_in_as_the_one_that_stayed(
    session: Session, person: tuple[int, int]
) -> None:
    stays, gone = person
    join(session, stays, gone)
    case = get(session, said_by(session, gone))
    assert case.source_id == stays
    assert make.sent_about(session, case.id)[-1]["status"] == "pending"


def test_what_they_write_without_context_belongs_to_their_open_case(
    session: Session, person: tuple[int, int]
) -> None:
    stays, gone = person
    case = said_by(session, gone)
    make.answer(session, case)
    join(session, stays, gone)
    for patient in person:
        assert service.take_answer(session, inbound(patient_id=patient))
    other = make_patient(session, "Bola Ade").id
    assert not service.take_answer(session, inbound(patient_id=other))


def test_pieces_under_both_records_are_of_one_person(
    session: Session, person: tuple[int, int]
) -> None:
    stays, gone = person
    first, second = said_by(session, stays), said_by(session, gone)
    with pytest.raises(Conflict, match="different people"), session.begin_nested():
        merge(session, first, second)
    join(session, stays, gone)
    for one, other in ((first, second), (second, first)):
        piece = queries.get_feedback(session, one)
        assert [row.id for row in queries.possible_duplicates(session, piece)] == [other]
    assert merge(session, first, second).id == first
    assert list(invariants(session)) == []
    part_patients(session, gone, actor=DESK)
    assert list(invariants(session)) == []


def test_a_piece_inside_another_persons_case_is_found_by_verify(session: Session) -> None:
    first = make_feedback(session)
    giver = {"source_type": "patient", "source_id": first.source_id}
    second, stranger = make_feedback(session, **giver), make_feedback(session)
    merge(session, first.id, second.id)
    sql(
        session,
        "UPDATE crm_feedback SET merged_into_id = :other WHERE id = :id",
        other=stranger.id,
        id=second.id,
    )
    assert any("has another giver" in sentence for sentence in invariants(session))


def test_the_record_that_stayed_is_asked_for_stars(
    session: Session, person: tuple[int, int]
) -> None:
    stays, gone = person
    join(session, stays, gone)
    wanted = Invitation(source_type=SourceType.PATIENT, source_id=gone)
    sent = service.invite(session, wanted, actor=make.VIEWER)
    assert sent is not None
    assert (sent.recipient_id, sent.status) == (stays, "pending")


def test_a_link_that_went_to_a_merged_record_brings_a_piece_of_the_one_that_stayed(
    session: Session, person: tuple[int, int]
) -> None:
    stays, gone = person
    wanted = Invitation(source_type=SourceType.PATIENT, source_id=gone)
    sent = service.invite(session, wanted, actor=make.VIEWER)
    join(session, stays, gone)
    assert sent is not None
    assert sent.reference_id is not None
    said = service.answer_invitation(
        session, sent.reference_id, LinkAnswer(stars=2), actor=make.VIEWER
    )
    assert said.source_id == stays


def test_any_number_of_links_takes_the_same_statements(session: Session) -> None:
    counts = []
    for number in (1, 6):
        wanted = [
            Invitation(source_type=SourceType.PATIENT, source_id=make_patient(session).id)
            for _ in range(number)
        ]
        with executed(session) as seen:
            service.invite_all(session, wanted, actor=make.VIEWER)
        counts.append(len(seen))
    assert counts[0] == counts[1]

"""Feedback comes in: as it was written, with its alarm, its place, its people told."""

import pytest
from sqlalchemy.orm import Session

from crm_core.base.errors import Invalid, NotFound
from crm_core.feedback import lists, queries, service
from crm_core.feedback.alarm import find_words
from crm_core.feedback.invariants import invariants
from crm_core.feedback.schemas import FeedbackFilter, FeedbackUpdate, Priority
from crm_core.hospitals import doctors
from crm_core.hospitals.schemas import DepartmentCreate
from crm_core.owners import queries as owners
from crm_core.people.schemas import Role
from tests import make_feedback as make
from tests.make import make_actor
from tests.make_business import make_hospital, make_owner
from tests.make_patients import make_patient
from tests.observe import sql

HOSTILE = [
    "<script>alert('x')</script><img src=x onerror=alert(1)>",
    '=HYPERLINK("http://evil.example","open")',
    "@SUM(A1:A9)+cmd|' /C calc'!A0",
    "\u202eright to left\u202c and \u200finvisible\u200b marks",
    "'; DROP TABLE crm_feedback; --",
    "{first_name} {unknown} %(who)s %s ${x} `x` **bold** $$",
    "  blanks before and after \n\n",
    "Ẹ kú iṣẹ́, o ṣeun: ńdá mmā 🙏🏾",
]


@pytest.mark.parametrize("said", HOSTILE)
def test_whatever_is_said_is_kept_as_it_was_written(session: Session, said: str) -> None:
    piece = make.make_feedback(session, message=said)
    assert piece.message == said
    assert queries.get_feedback(session, piece.id).message == said


def test_a_hundred_thousand_letters_are_kept(session: Session) -> None:
    said = "ọ̀rọ̀ " * 14_285
    piece = make.make_feedback(session, message=said)
    assert queries.get_feedback(session, piece.id).message == said
    row = queries.list_queue(FeedbackFilter.model_validate({})).page(session).rows[0]
    assert len(row.excerpt) <= lists.EXCERPT


@pytest.mark.parametrize("kind", ["patient", "owner", "staff"])
def test_everybody_may_say_something_and_is_told_that_it_arrived(
    session: Session, kind: str
) -> None:
    piece = make.make_feedback(session, source_type=kind)
    assert (piece.source_type, piece.status) == (kind, "new")
    (told,) = make.sent_about(session, piece.id)
    assert (told["recipient_type"], told["recipient_id"]) == (kind, piece.source_id)


@pytest.mark.parametrize("kind", ["patient", "owner", "staff"])
def test_nobody_says_nothing(session: Session, kind: str) -> None:
    with pytest.raises((NotFound, Invalid)):
        make.make_feedback(session, source_type=kind, source_id=999_999)


def test_a_place_that_is_not_named_is_the_givers_own(session: Session) -> None:
    own, other = make_hospital(session), make_hospital(session)
    owner = make_owner(session, hospital_id=own.id)
    giver = {"source_type": "owner", "source_id": owner.id}
    assert make.make_feedback(session, **giver).hospital_id == own.id
    assert make.make_feedback(session, hospital_id=other.id, **giver).hospital_id == other.id


def test_a_department_brings_its_hospital_and_no_other(session: Session) -> None:
    hospital, other = make_hospital(session), make_hospital(session)
    data = DepartmentCreate(hospital_id=hospital.id, name="Pharmacy")
    pharmacy = doctors.create_department(session, data, actor=make_actor(Role.APPROVER))
    piece = make.make_feedback(session, department_id=pharmacy.id)
    assert (piece.hospital_id, piece.department_name) == (hospital.id, "Pharmacy")
    with pytest.raises(Invalid, match="no such department in this hospital"):
        make.make_feedback(session, department_id=pharmacy.id, hospital_id=other.id)


# Words of alarm


@pytest.mark.parametrize(
    "said",
    [
        "My father DIED in the queue",
        "She was bleeding for an hour",
        "He got the Wrong  medication.",
        "My record was leaked to my employer",
        "I saw someone else's results",
        "It is a d\u200bata bre\u200bach",
        "He died\u0301.",
    ],
)
def test_words_of_harm_or_a_breach_make_it_critical_and_supervisors_hear_of_it(
    session: Session, said: str
) -> None:
    supervisor = make.worker(session, Role.APPROVER)
    piece = make.make_feedback(session, message=said, priority="low")
    assert piece.priority is Priority.CRITICAL
    assert piece.alarm_words
    assert piece.escalated_at is not None
    told = sql(
        session,
        "SELECT recipient_id FROM crm_communication_logs"
        " WHERE message_type = 'feedback_escalation'",
    ).scalars()
    assert supervisor.id in set(told)


@pytest.mark.parametrize(
    "said", ["A diet was served", "The dying light", "Leakage of the roof", "I studied the bill"]
)
def test_words_that_only_look_alike_alarm_nobody(said: str) -> None:
    words = ["died", "dead", "leaked", "data breach", "bleed*"]
    assert find_words(said, words) == []


def test_a_word_stands_for_its_beginnings_only_where_it_says_so() -> None:
    assert find_words("bleeding, bled", ["bleed*", "bled"]) == ["bled", "bleed*"]
    assert find_words("bleeding", ["bleed"]) == []
    assert find_words("", ["bleed"]) == find_words("bleed", []) == []


def test_a_person_may_say_otherwise_and_that_stands(session: Session) -> None:
    piece = make.make_feedback(session, message="The music was to die for, nobody died.")
    lowered = FeedbackUpdate(priority=Priority.LOW)
    service.update_feedback(session, piece.id, lowered, actor=make.VIEWER)
    make.resolve(session, piece.id)
    assert queries.get_feedback(session, piece.id).priority is Priority.LOW
    assert list(invariants(session)) == []


# Compliments, stars


def test_a_compliment_reaches_the_colleague_it_is_about_once(session: Session) -> None:
    nurse = make.worker(session)
    piece = make.make_feedback(
        session, type="compliment", message="Nurse Ada was kind.", about_staff_id=nurse.id
    )
    again = FeedbackUpdate(about_staff_id=nurse.id, category="Staff")
    service.update_feedback(session, piece.id, again, actor=make.VIEWER)
    praise = [m for m in make.sent_about(session, piece.id) if m["recipient_type"] == "staff"]
    assert [(m["recipient_id"], "Nurse Ada was kind." in m["content"]) for m in praise] == [
        (nurse.id, True)
    ]


def test_a_compliment_that_is_filed_later_reaches_them_then(session: Session) -> None:
    nurse = make.worker(session)
    piece = make.make_feedback(session, type="survey_response", about_staff_id=nurse.id)
    assert len(make.sent_about(session, piece.id)) == 1
    filed = FeedbackUpdate.model_validate({"type": "compliment"})
    service.update_feedback(session, piece.id, filed, actor=make.VIEWER)
    assert make.sent_about(session, piece.id)[-1]["recipient_id"] == nurse.id


def test_an_owners_stars_move_the_owners_score_and_a_patients_move_nobodys(
    session: Session,
) -> None:
    owner = make_owner(session)
    for stars in (5, 2):
        make.make_feedback(session, source_type="owner", source_id=owner.id, rating=stars)
    make.make_feedback(session, source_id=make_patient(session).id, source_type="patient", rating=1)
    assert owners.get_owner(session, owner.id).satisfaction_score == 3.5
    assert list(invariants(session)) == []


def test_it_is_found_by_its_number_and_by_words_of_what_was_said(session: Session) -> None:
    piece = make.make_feedback(session, subject="Ọbẹ̀ tutù", message="The soup came cold.")
    make.make_feedback(session)
    for asked in (piece.feedback_code.lower(), "soup cold", "obe", "SOU"):
        filters = FeedbackFilter.model_validate({"search": asked})
        found = queries.list_queue(filters).page(session)
        assert [row.id for row in found.rows] == [piece.id], asked
    for asked in ("FDB-", "fdb-x", "soup warm", "'; --", "***"):
        filters = FeedbackFilter.model_validate({"search": asked})
        assert queries.list_queue(filters).page(session).total == 0, asked

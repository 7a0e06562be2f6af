"""What happens by itself: escalations, reminders, closing, sums, scores at night."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from crm_core.appointments.service.completing import ASK
from crm_core.base.parameters import change_parameter
from crm_core.feedback import queries, service
from crm_core.feedback.figures import queries as figures
from crm_core.feedback.figures.schemas import StatsFilter
from crm_core.feedback.invariants import invariants
from crm_core.feedback.schemas import FeedbackAssignment, FeedbackMerge
from crm_core.people.schemas import Role
from crm_core.worker.feedback import ask_for_feedback
from crm_core.worker.jobs import app
from tests import make_feedback as make
from tests.feedback.acts import ACTS, get
from tests.make_business import make_hospital
from tests.make_patients import make_patient
from tests.observe import executed, sql


def late(session: Session, number: int = 1) -> list[int]:
    """Cases whose time to answer has passed."""
    ids = [make.make_feedback(session).id for _ in range(number)]
    sql(
        session,
        "UPDATE crm_feedback SET response_due_at = now() - interval '1 hour' WHERE id = ANY(:ids)",
        ids=ids,
    )
    return ids


def messages(session: Session, kind: str) -> list[str]:
    found = sql(
        session,
        "SELECT content FROM crm_communication_logs WHERE message_type = :kind ORDER BY id",
        kind=kind,
    )
    return list(found.scalars())


def test_late_cases_are_escalated_once_in_one_message_a_supervisor(session: Session) -> None:
    supervisors = [make.worker(session, Role.APPROVER) for _ in range(2)]
    ids = late(session, 12)
    assert service.escalate_late(session) == 12
    assert service.escalate_late(session) == 0
    told = messages(session, "feedback_escalation")
    assert len(told) == len(supervisors)
    assert "12 cases need a supervisor" in told[0]
    assert all(get(session, each).escalated_at for each in ids)


def test_a_new_due_time_that_passes_is_another_occasion(session: Session) -> None:
    make.worker(session, Role.APPROVER)
    (case,) = late(session)
    service.escalate_late(session)
    make.answer(session, case)
    sql(session, "UPDATE crm_feedback SET resolution_due_at = now() - interval '1 minute'")
    assert service.escalate_late(session) == 1
    assert len(messages(session, "feedback_escalation")) == 2


def test_supervisors_hear_of_it_after_the_hours_that_are_set(session: Session) -> None:
    late(session)
    change_parameter(session, "feedback.escalate_hours_late", Decimal(2))
    assert service.escalate_late(session) == 0
    change_parameter(session, "feedback.escalate_hours_late", Decimal("0.5"))
    assert service.escalate_late(session) == 1


def test_what_waits_or_has_ended_is_not_late(session: Session) -> None:
    for act in ("wait", "resolve"):
        ACTS[act](session, make.make_feedback(session).id)
    assert service.escalate_late(session) == 0


def test_people_are_reminded_once_of_what_is_due_soon(session: Session) -> None:
    colleague = make.worker(session)
    pieces = [make.make_feedback(session) for _ in range(2)]
    for piece in pieces:
        to = FeedbackAssignment(staff_id=colleague.id)
        service.assign_feedback(session, piece.id, to, actor=make.VIEWER)
    sql(session, "UPDATE crm_feedback SET response_due_at = now() + interval '1 hour'")
    make.make_feedback(session)
    assert service.remind_assignees(session) == 2
    assert service.remind_assignees(session) == 0
    (told,) = messages(session, "feedback_reminder")
    assert "2 of your cases are due soon" in told
    assert all(piece.feedback_code in told for piece in pieces)


def test_what_was_resolved_long_ago_is_closed(session: Session) -> None:
    old, fresh = make.make_feedback(session), make.make_feedback(session)
    for piece in (old, fresh):
        make.resolve(session, piece.id)
    sql(
        session,
        "UPDATE crm_feedback SET resolved_at = now() - interval '15 days' WHERE id = :id",
        id=old.id,
    )
    assert service.close_old(session) == 1
    assert get(session, old.id).status == "closed"
    assert get(session, fresh.id).status == "resolved"


def resolved_long_ago(session: Session, number: int) -> None:
    """Resolved cases that nobody reopened in time."""
    for _ in range(number):
        make.resolve(session, make.make_feedback(session).id)
    sql(
        session,
        "UPDATE crm_feedback SET resolved_at = now() - interval '15 days'"
        " WHERE status = 'resolved'",
    )


@pytest.mark.parametrize(
    ("arrange", "job"),
    [(late, service.escalate_late), (resolved_long_ago, service.close_old)],
    ids=["escalate", "close"],
)
def test_the_number_of_statements_does_not_grow_with_the_cases(
    session: Session, arrange: Callable[[Session, int], object], job: Callable[[Session], int]
) -> None:
    make.worker(session, Role.APPROVER)
    counts = []
    for number in (2, 8):
        arrange(session, number)
        session.expunge_all()
        with executed(session) as seen:
            assert job(session) == number
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_a_completed_visit_is_asked_about_by_the_job_of_its_name(session: Session) -> None:
    patient, hospital = make_patient(session), make_hospital(session)
    assert ASK in app.tasks
    for _ in range(2):
        ask_for_feedback(
            visit_id=5, patient_id=patient.id, hospital_id=hospital.id, department_id=None
        )
    (told,) = messages(session, "feedback_request")
    assert hospital.name in told


def test_sums_are_the_same_before_and_after_they_are_folded(session: Session) -> None:
    hospital = make_hospital(session)
    for rating in (5, 4, 1):
        make.make_feedback(session, rating=rating, hospital_id=hospital.id, category="Food")
    ACTS["resolve"](session, make.make_feedback(session, hospital_id=hospital.id).id)
    before = figures.totals(session, StatsFilter())
    assert service.fold_sums(session) > 0
    assert service.fold_sums(session) == 0
    after = figures.totals(session, StatsFilter())
    assert before == after
    assert (after.pieces, after.ratings, after.satisfied, after.unsatisfied) == (4, 3, 2, 1)
    assert (after.resolved, after.responded) == (1, 1)
    assert list(invariants(session)) == []


def test_a_piece_that_is_filed_elsewhere_moves_in_the_sums(session: Session) -> None:
    piece = make.make_feedback(session, rating=1, category="Food")
    service.fold_sums(session)
    sql(session, "UPDATE crm_feedback SET category = 'Billing' WHERE id = :id", id=piece.id)
    names = {
        topic.name: topic.unsatisfied for topic in figures.worst_topics(session, StatsFilter())
    }
    assert names == {"billing": 1}
    assert [topic.category for topic in figures.topics(session, StatsFilter())] == ["billing"]
    assert list(invariants(session)) == []


def test_a_merged_piece_counts_no_more(session: Session) -> None:
    first = make.make_feedback(session)
    giver = {"source_type": "patient", "source_id": first.source_id}
    second = make.make_feedback(session, **giver)
    data = FeedbackMerge(duplicate_id=second.id)
    service.merge_feedback(session, first.id, data, actor=make.VIEWER)
    assert figures.totals(session, StatsFilter()).pieces == 1
    assert queries.open_counts(session, None)["open"] == 1

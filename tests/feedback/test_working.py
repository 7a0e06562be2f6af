"""Working on cases: answers of every kind, waiting, resolving, reopening, merging, telling."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.base.errors import Conflict, Invalid
from crm_core.feedback import queries, service
from crm_core.feedback.invariants import invariants
from crm_core.feedback.schemas import (
    EntryKind,
    FeedbackAssignment,
    FeedbackReply,
    Invitation,
    SourceType,
    SuggestionOutcome,
    SuggestionState,
)
from crm_core.messaging.schemas import Channel
from crm_core.owners import queries as owners
from crm_core.people.schemas import Role
from tests import make_feedback as make
from tests.feedback.acts import ACTS, feedback_in, get, inbound, rate
from tests.make_business import make_owner
from tests.make_patients import make_patient
from tests.observe import history_of, sql


@pytest.mark.parametrize("channel", ["sms", "whatsapp", "email", "call", None])
def test_an_answer_on_any_channel_ends_the_clock_of_the_answer(
    session: Session, channel: str | None
) -> None:
    patient = make_patient(
        session,
        email="ada.obi@email.com",
        communication_preferences=dict.fromkeys(("sms", "email", "whatsapp", "push"), True),
    )
    piece = make.make_feedback(session, source_type="patient", source_id=patient.id)
    data = FeedbackReply.model_validate({"content": "We are sorry.", "channel": channel})
    after = service.reply_to_source(session, piece.id, data, actor=make.VIEWER)
    assert after.responded_at is not None
    assert after.response_late is False
    line = queries.thread_of(session, piece.id)[-1]
    assert (line.kind, line.body) == ("answer", "We are sorry.")
    assert (line.communication_id is None) == (channel == "call")


def test_an_acknowledgement_is_no_answer(session: Session) -> None:
    piece = feedback_in(session, "acknowledged")
    assert piece.responded_at is None


def test_an_answer_that_reaches_nobody_does_not_count(session: Session) -> None:
    piece = make.make_feedback(session, source_type="staff")
    data = FeedbackReply(content="Sorry.", channel=Channel.SMS)
    with pytest.raises(Conflict, match="Nothing was sent"), session.begin_nested():
        service.reply_to_source(session, piece.id, data, actor=make.VIEWER)
    assert get(session, piece.id).responded_at is None


def test_a_case_goes_only_to_somebody_who_may_work_on_it(session: Session) -> None:
    piece, clerk = make.make_feedback(session), make.worker(session, Role.FINANCE)
    with pytest.raises(Invalid, match="may work on feedback"):
        service.assign_feedback(
            session, piece.id, FeedbackAssignment(staff_id=clerk.id), actor=make.VIEWER
        )


def test_the_giver_is_told_how_it_was_resolved_with_a_link(session: Session) -> None:
    piece = make.make_feedback(session)
    make.resolve(session, piece.id, "Two more nurses are at the desk.")
    told = make.sent_about(session, piece.id)[-1]
    assert told["message_type"] == "feedback_resolved"
    assert "Two more nurses are at the desk." in told["content"]
    assert "/links/feedback/" in told["content"]


def test_resolving_answers_who_was_never_answered(session: Session) -> None:
    piece = make.make_feedback(session)
    after = make.resolve(session, piece.id)
    assert (after.responded_at, after.response_minutes) == (after.resolved_at, 0)
    assert after.due_at is None


@pytest.mark.parametrize(("stars", "status"), [(1, "reopened"), (2, "reopened"), (3, "resolved")])
def test_few_stars_reopen(session: Session, stars: int, status: str) -> None:
    piece = make.make_feedback(session)
    make.resolve(session, piece.id)
    after = rate(session, piece.id, stars)
    assert (after.status, after.satisfaction_rating) == (status, stars)
    assert list(invariants(session)) == []


def test_the_second_reopening_goes_to_the_supervisors_and_the_first_does_not(
    session: Session,
) -> None:
    make.worker(session, Role.APPROVER)
    piece = make.make_feedback(session)
    make.resolve(session, piece.id)
    rate(session, piece.id, 1)
    assert get(session, piece.id).escalated_at is None
    make.resolve(session, piece.id)
    rate(session, piece.id, 2)
    assert get(session, piece.id).escalated_at is not None
    lines = [line.kind for line in queries.thread_of(session, piece.id)]
    assert lines.count(EntryKind.ESCALATED) == 1


def test_an_owners_stars_for_the_resolution_move_the_score_again(session: Session) -> None:
    owner = make_owner(session)
    piece = make.make_feedback(session, source_type="owner", source_id=owner.id, rating=2)
    make.resolve(session, piece.id)
    rate(session, piece.id, 1)
    assert owners.get_owner(session, owner.id).satisfaction_score == 1.5
    pulls = [(mark.source, mark.pull) for mark in owners.marks_of(session, owner.id)]
    assert [str(pull) for _, pull in pulls] == ["0.50", "-0.50"]
    assert pulls[0][0] == f"feedback-{piece.id}-resolution-0"


def test_a_new_resolution_asks_anew_and_the_old_link_is_used_up(session: Session) -> None:
    piece = make.make_feedback(session)
    make.resolve(session, piece.id)
    rate(session, piece.id, 1)
    again = make.resolve(session, piece.id)
    assert again.satisfaction_rating is None
    assert rate(session, piece.id, 5).status == "resolved"
    with pytest.raises(Conflict, match="answered already"):
        rate(session, piece.id, 1)


def test_a_link_that_is_over_is_refused(session: Session) -> None:
    piece = make.make_feedback(session)
    make.resolve(session, piece.id)
    sql(session, "UPDATE crm_feedback_invitations SET expires_at = now() - interval '1 minute'")
    with pytest.raises(Conflict, match="expired"):
        rate(session, piece.id, 1)


# What the giver writes back


def test_a_reply_ends_waiting_and_stands_in_the_thread(session: Session) -> None:
    piece = make.make_feedback(session)
    make.answer(session, piece.id, "Which day was it?")
    ACTS["wait"](session, piece.id)
    assert service.take_answer(session, inbound(patient_id=piece.source_id))
    assert get(session, piece.id).status == "in_progress"
    assert "It was Monday." in [line.body for line in queries.thread_of(session, piece.id)]


def test_a_reply_to_a_message_about_a_case_belongs_to_that_case(session: Session) -> None:
    first = make.make_feedback(session)
    giver = {"source_type": "patient", "source_id": first.source_id}
    second = make.make_feedback(session, **giver)
    for piece in (first, second):
        make.answer(session, piece.id)
    # Without a context two cases are for a person to tell apart.
    assert not service.take_answer(session, inbound(patient_id=first.source_id))
    line = queries.thread_of(session, second.id)[-1]
    to_it = inbound(patient_id=first.source_id, answers=line.communication_id)
    assert service.take_answer(session, to_it)
    assert queries.thread_of(session, second.id)[-1].kind == "incoming"


def test_what_belongs_to_no_open_case_is_left_to_others(session: Session) -> None:
    piece = make.make_feedback(session)
    assert not service.take_answer(session, inbound(patient_id=piece.source_id))
    make.resolve(session, piece.id)
    assert not service.take_answer(session, inbound(patient_id=piece.source_id))
    assert not service.take_answer(session, inbound(patient_id=None))


def test_a_reply_of_harm_makes_the_case_critical(session: Session) -> None:
    piece = make.make_feedback(session)
    make.answer(session, piece.id)
    told = inbound(patient_id=piece.source_id, text="He collapsed at home.")
    assert service.take_answer(session, told)
    assert get(session, piece.id).priority == "critical"


# Suggestions, links, history


def test_what_is_done_stays_done(session: Session) -> None:
    piece = make.make_feedback(session, type="suggestion")
    for state in (SuggestionState.PLANNED, SuggestionState.DONE):
        outcome = SuggestionOutcome(state=state)
        service.decide_suggestion(session, piece.id, outcome, actor=make.VIEWER)
    with pytest.raises(Conflict, match="done already"):
        again = SuggestionOutcome(state=SuggestionState.PLANNED)
        service.decide_suggestion(session, piece.id, again, actor=make.VIEWER)
    told = [m["content"] for m in make.sent_about(session, piece.id)]
    assert any("is planned" in each for each in told)
    assert any("is done" in each for each in told)


def test_any_number_of_links_takes_the_same_statements_and_a_visit_is_asked_once(
    session: Session,
) -> None:
    wanted = [
        Invitation(
            source_type=SourceType.PATIENT, source_id=make_patient(session).id, visit_id=visit
        )
        for visit in (1, 2, 2, 3)
    ]
    assert len(service.invite_all(session, wanted, actor=make.VIEWER)) == 3
    assert service.invite_all(session, wanted, actor=make.VIEWER) == []


def test_everything_is_in_the_history_with_who_did_it(session: Session) -> None:
    piece = feedback_in(session, "reopened")
    told = [line["after"].get("status") for line in history_of(session, "crm_feedback", piece.id)]
    assert [status for status in told if status] == ["new", "resolved", "reopened"]


def test_the_last_resort_of_a_link_is_its_own_day(session: Session) -> None:
    sent = service.invite(
        session,
        Invitation(source_type=SourceType.PATIENT, source_id=make_patient(session).id),
        actor=make.VIEWER,
    )
    assert sent is not None
    expires = sql(session, "SELECT expires_at FROM crm_feedback_invitations").scalar()
    assert timedelta(days=13) < expires - utc_now() < timedelta(days=15)

"""The feedback page: queue, a case, taking in, figures, owners' scores, settings."""

from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from crm_core.feedback import queries, rules, service
from crm_core.feedback.schemas import FeedbackAssignment, FeedbackFilter, FeedbackStatus
from crm_core.owners import queries as owners
from crm_core.people.schemas import Role
from tests import make_feedback as make
from tests.feedback.acts import feedback_in
from tests.make_business import make_hospital, make_owner
from tests.make_feedback import lagos
from tests.make_patients import make_patient
from tests.observe import executed, sql
from tests.pages.acting import cells, chips, errors, fill, htmls, labels, metric, press, texts

Open = Callable[..., AppTest]


@pytest.fixture
def feedback(visit: Open) -> Open:
    """``feedback(Role.VIEWER, tab="satisfaction")``: the feedback page at that address."""
    return partial(visit, "pages/feedback.py")


def thread(page: AppTest) -> str:
    return "".join(htmls(page))


# The queue


def test_an_empty_queue_says_what_to_do(feedback: Open) -> None:
    page = feedback(Role.VIEWER)
    assert any(told.startswith("Nothing is to be done here.") for told in texts(page))
    assert metric(page, "Open") == "0"


def test_somebody_without_a_role_sees_nothing(feedback: Open, session: Session) -> None:
    make.make_feedback(session)
    page = feedback()
    assert errors(page) == ["You may not see feedback: ask an administrator for a role that may."]
    assert not page.dataframe


def test_what_is_late_comes_first_with_its_clock_on_the_row(
    feedback: Open, session: Session
) -> None:
    fresh = make.make_feedback(session, priority="critical")
    late = make.feedback_since(session, lagos("2026-01-05 09:00"), priority="low")
    sql(
        session,
        "UPDATE crm_feedback SET response_due_at = '2026-01-06', resolution_due_at = '2026-01-07'"
        " WHERE id = :id",
        id=late,
    )
    page = feedback(Role.VIEWER)
    code = queries.get_feedback(session, late).feedback_code
    assert cells(page, "Feedback") == [code, fresh.feedback_code]
    clocks = [str(cell) for cell in cells(page, "Clock")]
    assert clocks[0].endswith("late to answer")
    assert clocks[1].startswith("in ")
    assert chips(page, "State")[0] == ["Overdue", "New"]
    assert metric(page, "Past their time") == "1"


def test_a_card_leaves_only_its_cases(feedback: Open, session: Session) -> None:
    make.make_feedback(session)
    page = feedback(Role.VIEWER, overdue="yes")
    assert cells(page, "Feedback") == []
    page = feedback(Role.VIEWER, unassigned="yes")
    assert len(cells(page, "Feedback")) == 1


def test_mine_are_those_of_whoever_looks(feedback: Open, session: Session) -> None:
    make.make_feedback(session)
    kept = make.make_feedback(session)
    page = feedback(Role.VIEWER, mine="yes")
    assert cells(page, "Feedback") == []
    person = int(sql(session, "SELECT max(id) FROM crm_staff").scalar())
    to = FeedbackAssignment(staff_id=person)
    service.assign_feedback(session, kept.id, to, actor=make.VIEWER)
    page.run()
    assert cells(page, "Feedback") == [kept.feedback_code]
    assert metric(page, "With me") == "1"


def test_the_queue_costs_the_same_however_long_it_is(feedback: Open, session: Session) -> None:
    counts = []
    for _ in range(2):
        for _ in range(3):
            make.make_feedback(session)
        page = feedback(Role.VIEWER)
        with executed(session) as seen:
            page.run()
        counts.append(len(seen))
    assert counts[0] == counts[1]


# A case


def test_a_case_shows_what_was_said_harmlessly(feedback: Open, session: Session) -> None:
    piece = make.make_feedback(
        session,
        subject="<img src=x onerror=alert(1)>",
        message="<script>alert(1)</script>\u202e=HYPERLINK(1) **bold** $x$",
    )
    page = feedback(Role.VIEWER, feedback=piece.id)
    shown = thread(page)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\u202e=HYPERLINK(1) **bold** $x$" in shown
    assert "<script>" not in shown
    assert "<img" not in shown
    assert "unicode-bidi:isolate" in shown


def test_answering_by_a_message_moves_the_case_on(feedback: Open, session: Session) -> None:
    piece = make.make_feedback(session)
    page = feedback(Role.VIEWER, feedback=piece.id, do="answer")
    fill(page, "answer-", content="We are sorry.")
    press(page, "Send the answer")
    assert queries.get_feedback(session, piece.id).status == "in_progress"
    assert make.sent_about(session, piece.id)[-1]["content"] == "We are sorry."
    assert "We are sorry." in thread(page)


def test_an_answer_that_cannot_be_sent_is_refused_in_place(
    feedback: Open, session: Session
) -> None:
    piece = make.make_feedback(session, source_type="staff")
    page = feedback(Role.VIEWER, feedback=piece.id, do="answer")
    fill(page, "answer-", content="We are sorry.", channel="sms")
    press(page, "Send the answer")
    assert errors(page)[0].startswith("Nothing was sent: No phone number")
    assert queries.get_feedback(session, piece.id).status == "new"


def test_resolving_takes_a_note(feedback: Open, session: Session) -> None:
    piece = make.make_feedback(session)
    page = feedback(Role.VIEWER, feedback=piece.id, do="resolve")
    press(page, "Resolve")
    assert errors(page) == ["This is required."]
    fill(page, "resolve-", resolution="Two more nurses.")
    press(page, "Resolve")
    assert queries.get_feedback(session, piece.id).status == "resolved"


def test_resolve_and_next_opens_the_next_of_the_queue(feedback: Open, session: Session) -> None:
    first, second = make.make_feedback(session, priority="high"), make.make_feedback(session)
    page = feedback(Role.VIEWER, feedback=first.id, do="resolve")
    fill(page, "resolve-", resolution="Two more nurses.")
    press(page, "Resolve and next")
    assert page.query_params["feedback"] == str(second.id)
    page = feedback(Role.VIEWER, feedback=second.id, do="resolve")
    fill(page, "resolve-", resolution="Chairs were bought.")
    press(page, "Resolve and next")
    assert "feedback" not in page.query_params
    assert any("Nothing is to be done here." in told for told in texts(page))


def test_a_case_is_given_to_somebody(feedback: Open, session: Session) -> None:
    piece, colleague = make.make_feedback(session), make.worker(session)
    page = feedback(Role.VIEWER, feedback=piece.id, do="assign")
    fill(page, "assign-", staff_id=colleague.id)
    press(page, "Give it to them")
    after = queries.get_feedback(session, piece.id)
    assert (after.assigned_to, after.status) == (colleague.id, "acknowledged")


@pytest.mark.parametrize(
    ("state", "do", "button", "after"),
    [
        ("in_progress", "wait", "Stop the clock", "waiting"),
        ("waiting", "start", "Go on", "in_progress"),
        ("resolved", "close", "Close it", "closed"),
        ("closed", "reopen", "Reopen it", "reopened"),
    ],
)
def test_each_state_has_its_actions(
    feedback: Open, session: Session, *, state: str, do: str, button: str, after: str
) -> None:
    piece = feedback_in(session, state)
    page = feedback(Role.VIEWER, feedback=piece.id, do=do)
    if do in ("wait", "reopen"):
        fill(page, f"{do}-", reason="Because of this")
    press(page, button)
    assert queries.get_feedback(session, piece.id).status == after


def test_merging_offers_the_newer_ones_of_the_same_giver(feedback: Open, session: Session) -> None:
    first = make.make_feedback(session)
    giver = {"source_type": "patient", "source_id": first.source_id}
    second = make.make_feedback(session, message="I waited again.", **giver)
    make.make_feedback(session)
    page = feedback(Role.VIEWER, feedback=first.id, do="merge")
    press(page, "Merge it into this one")
    assert queries.get_feedback(session, second.id).merged_into_id == first.id
    assert "I waited again." in thread(page)


def test_those_who_only_read_have_no_actions(feedback: Open, session: Session) -> None:
    piece = make.make_feedback(session)
    page = feedback(Role.ANALYST, feedback=piece.id)
    assert not page.exception
    assert not {"Answer", "Resolve"} & labels(page)
    assert all(pills.key != "_do" for pills in page.get("button_group"))


def test_a_case_that_is_not_there_is_said_so(feedback: Open) -> None:
    assert errors(feedback(Role.VIEWER, feedback=999_999)) == ["Feedback not found"]


# Taking in


def test_feedback_is_taken_in_and_opened(feedback: Open, session: Session) -> None:
    patient = make_patient(session, "Ngozi Eze")
    page = feedback(Role.VIEWER, tab="take-in", **{"from": "patient", "find": "ngozi"})
    fill(page, "take-", message="The food was cold.", category="Food", rating=2)
    press(page, "Take it in")
    (row,) = queries.list_queue(FeedbackFilter.model_validate({})).page(session).rows
    assert (row.source_id, row.category, row.rating) == (patient.id, "Food", 2)
    assert page.query_params["feedback"] == str(row.id)


def test_taking_in_nothing_is_refused_beside_the_field(feedback: Open, session: Session) -> None:
    make_owner(session, "Ada Obi")
    page = feedback(Role.VIEWER, tab="take-in", **{"from": "owner"})
    press(page, "Take it in")
    assert errors(page) == ["This must not be empty."]


def test_a_link_is_sent_on_request(feedback: Open, session: Session) -> None:
    owner = make_owner(session)
    page = feedback(Role.VIEWER, tab="take-in", **{"from": "owner"})
    press(page, "Send a link")
    sent = sql(session, "SELECT recipient_id, message_type FROM crm_communication_logs").all()
    assert [tuple(row) for row in sent] == [(owner.id, "feedback_request")]


# Figures


def test_satisfaction_without_feedback_says_so(feedback: Open) -> None:
    page = feedback(Role.ANALYST, tab="satisfaction")
    assert metric(page, "CSAT") == "–"
    assert any("Nobody has given stars" in told for told in texts(page))


@pytest.mark.parametrize("by", ["", "hospital", "owner", "department"])
def test_satisfaction_by_each_place(feedback: Open, session: Session, by: str) -> None:
    hospital = make_hospital(session, "Lekki General")
    make_owner(session, "Ada Obi", hospital_id=hospital.id)
    for rating in (5, 5, 4, 1):
        make.make_feedback(
            session, rating=rating, nps=9, hospital_id=hospital.id, category="Waiting time"
        )
    page = feedback(Role.ANALYST, tab="satisfaction", by=by)
    assert metric(page, "CSAT") == "75 %"
    assert metric(page, "NPS") == "+100"
    assert cells(page, "Pieces") == [4]
    names = {"hospital": "Lekki General", "owner": "Ada Obi", "department": "No department named"}
    assert cells(page, "Name")[0] == names.get(by, cells(page, "Name")[0])


def test_an_owners_score_shows_what_drags_it_down(feedback: Open, session: Session) -> None:
    owner = make_owner(session, "Ada Obi")
    giver = {"source_type": "owner", "source_id": owner.id}
    make.make_feedback(session, rating=5, **giver)
    make.make_feedback(session, rating=1, category="Payouts", **giver)
    page = feedback(Role.ANALYST, tab="owner-scores")
    assert cells(page, "Score") == [3.0]
    page = feedback(Role.ANALYST, tab="owner-scores", **{"owner-score": owner.id})
    assert cells(page, "About") == ["Payouts", ""]
    assert cells(page, "Without it")[0] == "5.00 (+2.00)"
    assert owners.get_owner(session, owner.id).satisfaction_score == 3


# Settings


def test_an_administrator_changes_targets_hours_and_words(feedback: Open, session: Session) -> None:
    page = feedback(Role.ADMIN, tab="settings")
    fill(
        page,
        "target-",
        type="complaint",
        priority="low",
        response_hours="12",
        resolution_hours="60",
    )
    press(page, "Set the target")
    fill(page, "hours-", weekday=6, opens="09:00", closes="13:00")
    press(page, "Set the hours")
    fill(page, "word-", word="Infected", topic="harm")
    press(page, "Add it")
    low = next(
        each for each in rules.list_targets(session)
        if (each.type, each.priority) == ("complaint", "low")
    )  # fmt: skip
    assert (low.response_hours, low.resolution_hours) == (12, 60)
    assert str(rules.list_hours(session)[5].opens) == "09:00:00"
    assert "infected" in [word.word for word in rules.list_alarm_words(session)]


def test_others_read_the_settings_and_change_nothing(feedback: Open) -> None:
    page = feedback(Role.VIEWER, tab="settings")
    assert len(cells(page, "Holiday")) > 20
    assert not {"Set the target", "Set the hours", "Add it"} & labels(page)


def test_the_list_is_filtered_by_its_address(feedback: Open, session: Session) -> None:
    make.make_feedback(session, rating=1, category="Food")
    kept = make.make_feedback(session, rating=5, category="food", type="compliment")
    page = feedback(Role.VIEWER, tab="all-feedback", category="FOOD", band="satisfied")
    assert cells(page, "Feedback") == [kept.feedback_code]
    page = feedback(Role.VIEWER, tab="all-feedback", status=FeedbackStatus.CLOSED.value)
    assert any("No feedback is like this" in told for told in texts(page))

"""A visit's states: the table of transitions, what each step writes, bulk acts, and steps back."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm_core.appointments import service
from crm_core.appointments.queries import get_appointment, notices_of
from crm_core.appointments.schemas import (
    MOVES,
    TRANSITIONS,
    AppointmentRead,
    AppointmentStatus,
    Cancellation,
    StatusCommit,
    StatusSelection,
    StepBack,
)
from crm_core.base.db import SessionFactory
from crm_core.base.errors import Conflict, Forbidden, NotFound
from crm_core.base.preflight import get_receipt
from crm_core.loyalty.queries import get_member
from crm_core.messaging.queries import get_communication
from crm_core.patients.queries import get_patient
from tests.make_appointments import SUPERVISOR, begin_ago, in_days, make_doctor, make_visit
from tests.make_patients import DESK, make_patient
from tests.together import together

WHY = StepBack(reason="a wrong click")


def test_the_database_and_the_words_have_the_same_transitions(session: Session) -> None:
    rows = session.execute(
        text("SELECT old_status, new_status FROM crm_appointment_transitions")
    ).all()
    assert {tuple(row) for row in rows} == {
        (old.value, new.value) for old, later in TRANSITIONS.items() for new in later
    }


def test_each_step_is_stamped(session: Session) -> None:
    visit = make_visit(session)
    for step, stamp in (
        (service.confirm_appointment, "confirmed_at"),
        (service.arrive, "checked_in_at"),
        (service.start, "started_at"),
        (service.complete, "completed_at"),
    ):
        before = get_appointment(session, visit.id)
        assert getattr(before, stamp) is None
        after = step(session, visit.id, actor=DESK)
        assert getattr(after, stamp) is not None
        assert after.previous_status == before.status


@pytest.mark.parametrize("status", MOVES)
def test_what_is_over_goes_nowhere(session: Session, status: AppointmentStatus) -> None:
    visit = make_visit(session)
    service.cancel_appointment(session, visit.id, Cancellation(), actor=DESK)
    plan = service.plan_move(session, StatusSelection(ids=[visit.id], status=status), actor=DESK)
    assert plan.accepted == []
    assert "is cancelled: it cannot become" in plan.verdicts[0].reason


def test_plain_sql_cannot_jump_either(session: Session) -> None:
    visit = make_visit(session)
    with pytest.raises(IntegrityError, match="cannot go from scheduled to completed"):
        session.execute(
            text(
                "UPDATE crm_appointments SET status = 'completed', completed_at = now()"
                " WHERE id = :id"
            ),
            {"id": visit.id},
        )


def test_a_checked_in_patient_is_never_marked_as_missed(session: Session) -> None:
    visit = make_visit(session)
    begin_ago(session, visit.id, hours=5)
    service.arrive(session, visit.id, actor=DESK)
    with pytest.raises(Conflict, match="is arrived"):
        service.mark_no_show(session, visit.id, actor=DESK)
    assert service.mark_missed(session) == 0


def test_nobody_has_missed_what_has_not_begun(session: Session) -> None:
    visit = make_visit(session)
    with pytest.raises(Conflict, match="has not begun"):
        service.mark_no_show(session, visit.id, actor=DESK)


def test_the_job_marks_who_did_not_come_once_the_time_is_over(session: Session) -> None:
    late, here, ahead = make_visit(session), make_visit(session), make_visit(session)
    begin_ago(session, late.id, minutes=61)
    begin_ago(session, here.id, minutes=59)
    session.execute(
        text("UPDATE crm_appointments SET status_changed_at = now() - interval '2 days'")
    )
    assert service.mark_missed(session) == 1
    assert [get_appointment(session, one.id).status for one in (late, here, ahead)] == [
        "no_show",
        "scheduled",
        "scheduled",
    ]


def test_what_a_supervisor_set_back_is_not_marked_again(session: Session) -> None:
    visit = make_visit(session)
    begin_ago(session, visit.id, hours=3)
    service.mark_no_show(session, visit.id, actor=DESK)
    back = service.undo(session, visit.id, WHY, actor=SUPERVISOR)
    assert back.status == "scheduled"
    assert service.mark_missed(session) == 0


def test_cancelling_keeps_the_reason_and_tells_the_patient(session: Session) -> None:
    visit = make_visit(session)
    reason = Cancellation(reason="The doctor is ill")
    gone = service.cancel_appointment(session, visit.id, reason, actor=DESK)
    assert (gone.status, gone.cancellation_reason) == ("cancelled", "The doctor is ill")
    last = notices_of(session, visit.id)[-1]
    assert last.kind == "cancelled"
    assert last.message_id is not None
    assert "was cancelled" in (get_communication(session, last.message_id).content or "")


def test_completing_brings_points_the_count_and_the_question(session: Session) -> None:
    patient = make_patient(session)
    visit = completed(session, make_visit(session, patient.id))
    after = get_member(session, patient.id)
    assert after.loyalty_points > patient.loyalty_points
    assert (after.visit_count, after.last_visit_date) == (1, visit.appointment_date)
    [asked] = session.execute(
        text("SELECT args FROM procrastinate_jobs WHERE task_name = 'ask_for_feedback'")
    ).scalars()
    assert asked["visit_id"] == visit.id


def test_a_completion_that_fails_leaves_nothing_behind(session: Session) -> None:
    patient = make_patient(session)
    visit = make_visit(session, patient.id)
    with pytest.raises(Conflict):
        service.complete(session, visit.id, actor=DESK)
    after = get_member(session, patient.id)
    assert (after.visit_count, after.loyalty_points) == (0, patient.loyalty_points)


def test_undoing_a_completion_takes_points_and_count_back(session: Session) -> None:
    patient = make_patient(session)
    earlier = completed(session, make_visit(session, patient.id, day=in_days(1)))
    before = get_member(session, patient.id)
    visit = completed(session, make_visit(session, patient.id, day=in_days(5)))
    back = service.undo(session, visit.id, WHY, actor=SUPERVISOR)
    assert (back.status, back.completed_at) == ("in_progress", None)
    after = get_member(session, patient.id)
    assert (after.loyalty_points, after.visit_count) == (before.loyalty_points, 1)
    assert after.last_visit_date == earlier.appointment_date


def test_a_visit_completed_again_after_an_undo_is_awarded_once(session: Session) -> None:
    patient = make_patient(session)
    visit = completed(session, make_visit(session, patient.id))
    once = get_member(session, patient.id).loyalty_points
    service.undo(session, visit.id, WHY, actor=SUPERVISOR)
    service.complete(session, visit.id, actor=DESK)
    after = get_member(session, patient.id)
    assert (after.loyalty_points, after.visit_count) == (once, 1)


def test_a_step_is_taken_back_by_a_supervisor_once(session: Session) -> None:
    visit = make_visit(session)
    service.confirm_appointment(session, visit.id, actor=DESK)
    with pytest.raises(Forbidden):
        service.undo(session, visit.id, WHY, actor=DESK)
    back = service.undo(session, visit.id, WHY, actor=SUPERVISOR)
    assert (back.status, back.confirmed_at) == ("scheduled", None)
    with pytest.raises(Conflict, match="no step to take back"):
        service.undo(session, visit.id, WHY, actor=SUPERVISOR)


def test_a_step_of_yesterday_stays(session: Session) -> None:
    visit = make_visit(session)
    service.confirm_appointment(session, visit.id, actor=DESK)
    session.execute(
        text("UPDATE crm_appointments SET status_changed_at = now() - interval '1 day'")
    )
    with pytest.raises(Conflict, match="on the same day only"):
        service.undo(session, visit.id, WHY, actor=SUPERVISOR)


def test_a_cancellation_is_not_undone_where_the_time_was_given_away(session: Session) -> None:
    doctor = make_doctor(session)
    visit = make_visit(session, 0, doctor.hospital_id, doctor_id=doctor.id)
    service.cancel_appointment(session, visit.id, Cancellation(), actor=DESK)
    make_visit(session, 0, doctor.hospital_id, doctor_id=doctor.id)
    with pytest.raises(Conflict, match="another visit at that time"):
        service.undo(session, visit.id, WHY, actor=SUPERVISOR)


def test_who_was_told_of_a_cancellation_is_told_that_it_is_undone(session: Session) -> None:
    visits = [make_visit(session) for _ in range(2)]
    for visit in visits:
        service.cancel_appointment(session, visit.id, Cancellation(), actor=DESK)
    service.undo(session, visits[0].id, WHY, actor=SUPERVISOR)
    ids = [visits[1].id]
    plan = service.plan_undo(session, ids, actor=SUPERVISOR)
    service.commit_undo(session, plan.fingerprint, ids, actor=SUPERVISOR)
    for visit in visits:
        told = notices_of(session, visit.id)
        assert [notice.kind for notice in told] == ["booked", "cancelled", "booked"]
        assert told[-1].message_id is not None
        message = get_communication(session, told[-1].message_id)
        assert message.message_type == "appointment_confirmation"


def test_nobody_is_told_of_a_step_back_that_no_message_had_announced(session: Session) -> None:
    confirmed, here = make_visit(session), make_visit(session)
    service.confirm_appointment(session, confirmed.id, actor=DESK)
    service.arrive(session, here.id, actor=DESK)
    service.cancel_appointment(session, here.id, Cancellation(), actor=DESK)
    for visit in (confirmed, here):
        service.undo(session, visit.id, WHY, actor=SUPERVISOR)
        assert [notice.kind for notice in notices_of(session, visit.id)] == ["booked"]


def test_many_are_changed_as_shown_and_the_rest_refused(session: Session) -> None:
    good, changed, over = make_visit(session), make_visit(session), make_visit(session)
    service.cancel_appointment(session, over.id, Cancellation(), actor=DESK)
    chosen = {"ids": [good.id, changed.id, over.id, 10**9], "status": "arrived"}
    plan = service.plan_move(session, StatusSelection.model_validate(chosen), actor=DESK)
    assert sorted(plan.accepted) == [good.id, changed.id]
    service.confirm_appointment(session, changed.id, actor=DESK)
    commit = StatusCommit.model_validate(chosen | {"fingerprint": plan.fingerprint})
    receipt = service.commit_move(session, commit, actor=DESK)
    assert receipt.changed == 1
    assert {verdict.code for verdict in receipt.refused} == {"changed", "state", "not_found"}
    assert get_appointment(session, good.id).status == "arrived"
    assert get_appointment(session, changed.id).status == "confirmed"


def test_a_receipt_of_the_day_is_undone_as_a_whole(session: Session) -> None:
    visits = [make_visit(session) for _ in range(3)]
    ids = [visit.id for visit in visits]
    receipt = commit(session, ids, "confirmed")
    plan = service.plan_undo(session, ids, actor=SUPERVISOR)
    service.commit_undo(
        session, plan.fingerprint, ids, actor=SUPERVISOR, receipt_id=receipt.receipt_id
    )
    assert {get_appointment(session, one).status for one in ids} == {"scheduled"}
    assert get_receipt(session, receipt.receipt_id).undone_at is not None


def test_the_single_act_refuses_what_the_bulk_act_refuses(session: Session) -> None:
    with pytest.raises(NotFound):
        service.confirm_appointment(session, 10**9, actor=DESK)


def test_two_who_complete_at_once_award_once(own_database: str) -> None:
    with SessionFactory.begin() as session:
        patient = make_patient(session)
        visit = make_visit(session, patient.id)
        service.arrive(session, visit.id, actor=DESK)
        service.start(session, visit.id, actor=DESK)

    def complete() -> Any:
        with SessionFactory.begin() as session:
            return service.complete(session, visit.id, actor=DESK)

    outcomes = together([complete, complete])
    assert sorted(type(one).__name__ for one in outcomes) == ["AppointmentRead", "Conflict"]
    with SessionFactory() as session:
        assert get_patient(session, patient.id).visit_count == 1


def test_bulk_completions_of_the_same_patients_do_not_deadlock(own_database: str) -> None:
    with SessionFactory.begin() as session:
        patients = [make_patient(session).id for _ in range(6)]
        rounds = [
            [ready(session, one, 3 + day) for one in order]
            for day, order in enumerate((patients, patients[::-1]))
        ]
    outcomes = together([partial(_committed, ids) for ids in rounds])
    assert [type(one).__name__ for one in outcomes] == ["Receipt", "Receipt"]
    with SessionFactory() as session:
        assert {get_patient(session, one).visit_count for one in patients} == {2}


def completed(session: Session, visit: AppointmentRead) -> AppointmentRead:
    """The same visit, over."""
    service.arrive(session, visit.id, actor=DESK)
    service.start(session, visit.id, actor=DESK)
    return service.complete(session, visit.id, actor=DESK)


def ready(session: Session, patient_id: int, days: int) -> int:
    """The id of a visit that has begun."""
    visit = make_visit(session, patient_id, day=in_days(1) + timedelta(days=days))
    service.arrive(session, visit.id, actor=DESK)
    return service.start(session, visit.id, actor=DESK).id


def commit(session: Session, ids: list[int], status: str) -> Any:
    """A bulk change of state, planned and committed."""
    chosen = {"ids": ids, "status": status}
    plan = service.plan_move(session, StatusSelection.model_validate(chosen), actor=DESK)
    wanted = StatusCommit.model_validate(chosen | {"fingerprint": plan.fingerprint})
    return service.commit_move(session, wanted, actor=DESK)


def _committed(ids: list[int]) -> Any:
    with SessionFactory.begin() as session:
        return commit(session, ids, "completed")

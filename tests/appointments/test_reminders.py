"""Reminders: every due person exactly once, whatever happens between."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.appointments import service
from crm_core.appointments.queries import get_appointment, notices_of
from crm_core.appointments.schemas import Cancellation, ReminderCommit, Reschedule
from crm_core.appointments.service import reminding
from crm_core.base import parameters
from crm_core.base.clock import to_lagos, utc_now
from crm_core.base.db import SessionFactory
from crm_core.base.errors import Invalid
from crm_core.messaging.gateways import Letter, Outcome, Verdict
from crm_core.messaging.queries import get_communication
from crm_core.people.schemas import machine
from tests.make_appointments import in_days, make_visit
from tests.make_patients import DESK, make_patient
from tests.messaging.dispatch.providers import Scripted, accepts
from tests.messaging.dispatch.working import send_all
from tests.observe import executed
from tests.together import together

JOB = machine("job:send_due_reminders")
UNREACHABLE = {"sms": False, "email": False, "whatsapp": False, "push": False}


def test_a_visit_is_reminded_of_as_its_time_comes_near(session: Session) -> None:
    visit = ahead(session, hours=72)
    assert kinds(session, visit) == []
    for hours, expected in (
        (47, ["early"]),
        (23, ["early", "day"]),
        (1, ["early", "day", "final"]),
    ):
        nearer(session, visit, hours=hours)
        remind(session)
        remind(session)
        assert kinds(session, visit) == expected


def test_a_reminder_says_when_and_where_and_how_to_answer(session: Session) -> None:
    visit = ahead(session, hours=47)
    remind(session)
    [notice] = [one for one in notices_of(session, visit) if one.kind == "early"]
    assert notice.message_id is not None
    message = get_communication(session, notice.message_id)
    said = get_appointment(session, visit)
    assert f"{to_lagos(said.starts_at):%H:%M}" in (message.content or "")
    assert said.hospital_name in (message.content or "")
    assert "/links/visit/" in (message.content or "")
    assert message.reference_id == visit


def test_a_missed_day_is_caught_up_with_one_reminder(session: Session) -> None:
    visit = ahead(session, hours=1)
    assert remind(session) == 1
    assert kinds(session, visit) == ["final"]
    assert remind(session) == 0


def test_who_has_just_booked_is_not_reminded_at_once(session: Session) -> None:
    visit = ahead(session, hours=20, booked_hours_ago=1)
    assert remind(session) == 0
    nearer(session, visit, hours=1.9)
    assert remind(session) == 1
    assert kinds(session, visit) == ["final"]


def test_a_moved_visit_is_reminded_of_anew(session: Session) -> None:
    visit = ahead(session, hours=40)
    remind(session)
    day = in_days(20)
    wanted = Reschedule.model_validate({"appointment_date": day, "appointment_time": "10:00"})
    service.reschedule_appointment(session, visit, wanted, actor=DESK)
    nearer(session, visit, hours=30)
    long_ago(session, visit, hours=24 * 10)
    remind(session)
    assert kinds(session, visit) == ["early", "early"]


@pytest.mark.parametrize("step", ["cancel", "arrive"])
def test_who_is_not_expected_any_more_is_not_reminded(session: Session, step: str) -> None:
    visit = ahead(session, hours=1)
    if step == "cancel":
        service.cancel_appointment(session, visit, Cancellation(), actor=DESK)
    else:
        service.arrive(session, visit, actor=DESK)
    assert remind(session) == 0


def test_one_who_cannot_be_reached_keeps_nobody_from_being_reminded(session: Session) -> None:
    unreachable = make_patient(session, communication_preferences=UNREACHABLE)
    visits = [
        ahead(session, hours=1, patient_id=patient_id) for patient_id in (0, unreachable.id, 0)
    ]
    assert remind(session) == 3
    outcomes = [
        (one.outcome, one.skip_reason) for visit in visits for one in reminders(session, visit)
    ]
    assert [outcome for outcome, _ in outcomes] == ["queued", "skipped", "queued"]
    assert outcomes[1][1] == "Did not agree to this channel."


def test_a_number_that_the_provider_refuses_keeps_nobody_else_waiting(session: Session) -> None:
    visits = [ahead(session, hours=1) for _ in range(3)]
    refused = get_appointment(session, visits[1]).patient_phone
    gateway = Scripted(answer=lambda letter: answered(letter, refused))
    remind(session)
    session.commit()
    send_all(gateway)
    assert remind(session) == 0
    send_all(gateway)
    session.expire_all()
    assert [get_appointment(session, visit).reminder_sent for visit in visits] == [
        True,
        False,
        True,
    ]
    reminded = [letter.address for letter in gateway.letters if "Reminder" in letter.content]
    assert sorted(reminded) == sorted(set(reminded))


def test_reminders_are_switched_off_by_setting_no_hours(session: Session) -> None:
    for kind in ("early", "day", "final"):
        session.execute(
            text("UPDATE crm_parameters SET value = 0 WHERE name = :name"),
            {"name": f"appointments.{kind}_reminder_hours"},
        )
    ahead(session, hours=1)
    assert remind(session) == 0


def test_the_hours_are_settings(session: Session) -> None:
    session.execute(
        text(
            "UPDATE crm_parameters SET value = 100 WHERE name = 'appointments.early_reminder_hours'"
        )
    )
    assert parameters.value_of(session, "appointments.early_reminder_hours") == 100
    visit = ahead(session, hours=90)
    remind(session)
    assert kinds(session, visit) == ["early"]


def test_runs_at_the_same_moment_remind_everybody_once(own_database: str) -> None:
    with SessionFactory.begin() as session:
        visits = [ahead(session, hours=1) for _ in range(20)]

    def run() -> None:
        left = 1
        while left:
            with SessionFactory.begin() as session:
                left = service.send_due_reminders(session, actor=JOB, limit=7)

    outcomes = together([run] * 4)
    assert outcomes == [None] * 4
    with SessionFactory() as session:
        assert [kinds(session, visit) for visit in visits] == [["final"]] * 20
        sent = session.execute(
            text(
                "SELECT reference_id, count(*) FROM crm_communication_logs"
                " WHERE message_type = 'appointment_reminder' GROUP BY 1"
            )
        ).all()
    assert {row[0]: row[1] for row in sent} == dict.fromkeys(visits, 1)


def test_the_days_reminders_go_once_by_whoever_sends_them(session: Session) -> None:
    patient = make_patient(session, communication_preferences=UNREACHABLE)
    for patient_id in (0, 0, patient.id):
        make_visit(session, patient_id, day=in_days(1))
    make_visit(session, day=in_days(2))
    first = service.send_reminders(session, None, actor=DESK)
    again = service.send_reminders(session, None, actor=DESK)
    assert (first.totalAppointments, first.remindersSent) == (3, 2)
    assert (again.totalAppointments, again.remindersSent) == (3, 0)


def test_sending_the_days_reminders_from_many_places_at_once(own_database: str) -> None:
    with SessionFactory.begin() as session:
        for _ in range(10):
            make_visit(session, day=in_days(1))

    def send() -> Any:
        with SessionFactory.begin() as session:
            return service.send_reminders(session, None, actor=DESK)

    outcomes: list[Any] = together([send] * 4)
    assert sum(one.remindersSent for one in outcomes) == 10


def test_reminders_are_shown_before_they_are_sent(session: Session) -> None:
    unreachable = make_patient(session, communication_preferences=UNREACHABLE)
    reached, _ = (
        make_visit(session, patient_id, day=in_days(1)) for patient_id in (0, unreachable.id)
    )
    plan = service.plan_reminders(session, in_days(1), actor=DESK)
    assert plan.accepted == [reached.id]
    assert {verdict.code for verdict in plan.verdicts} == {"remind", "unreachable"}
    ids = [verdict.id for verdict in plan.verdicts]
    wanted = ReminderCommit(ids=ids, fingerprint=plan.fingerprint)
    receipt = service.commit_reminders(session, wanted, actor=DESK)
    assert (receipt.changed, len(receipt.refused)) == (1, 1)
    assert kinds(session, reached.id) == ["day"]
    again = service.plan_reminders(session, in_days(1), actor=DESK)
    assert again.accepted == []


def test_a_reminder_by_hand_of_a_far_day_is_the_early_one(session: Session) -> None:
    """Those of the day before and of the last hours still come by themselves."""
    visit = ahead(session, hours=24 * 10)
    day = day_of(session, visit)
    assert service.send_reminders(session, day, actor=DESK).remindersSent == 1
    assert service.send_reminders(session, day, actor=DESK).remindersSent == 0
    assert service.plan_reminders(session, day, actor=DESK).accepted == []
    for hours, expected in (
        (47, ["early"]),
        (23, ["early", "day"]),
        (1, ["early", "day", "final"]),
    ):
        nearer(session, visit, hours=hours)
        remind(session)
        assert kinds(session, visit) == expected


def test_who_was_reminded_early_can_be_reminded_by_hand_the_day_before(session: Session) -> None:
    visit = ahead(session, hours=24 * 10)
    service.send_reminders(session, day_of(session, visit), actor=DESK)
    nearer(session, visit, hours=30)
    day = day_of(session, visit)
    plan = service.plan_reminders(session, day, actor=DESK)
    assert plan.accepted == [visit]
    wanted = ReminderCommit(ids=[visit], fingerprint=plan.fingerprint)
    service.commit_reminders(session, wanted, actor=DESK)
    assert kinds(session, visit) == ["early", "day"]
    assert service.plan_reminders(session, day, actor=DESK).accepted == []


def test_without_an_early_reminder_the_one_by_hand_keeps_the_days(session: Session) -> None:
    session.execute(
        text("UPDATE crm_parameters SET value = 0 WHERE name = 'appointments.early_reminder_hours'")
    )
    visit = ahead(session, hours=30)
    service.send_reminders(session, day_of(session, visit), actor=DESK)
    nearer(session, visit, hours=23)
    remind(session)
    assert kinds(session, visit) == ["early", "day"]


def test_a_day_is_reminded_of_in_slices_and_each_once(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reminding, "SLICE", 2)
    visits = [make_visit(session, day=in_days(1)) for _ in range(5)]
    sent = service.send_reminders(session, None, actor=DESK)
    assert (sent.totalAppointments, sent.remindersSent) == (5, 5)
    assert [kinds(session, visit.id) for visit in visits] == [["day"]] * 5
    assert service.send_reminders(session, None, actor=DESK).remindersSent == 0


def test_a_day_with_too_many_visits_is_refused_before_they_are_read(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reminding, "MOST", 2)
    for _ in range(3):
        make_visit(session, day=in_days(1))
    with executed(session) as seen, pytest.raises(Invalid, match="More than 2 visits"):
        service.plan_reminders(session, in_days(1), actor=DESK)
    assert len(seen) == 1
    assert service.send_reminders(session, in_days(1), actor=DESK).totalAppointments == 3


def test_counting_the_visits_of_a_day_reads_none_of_them(session: Session) -> None:
    make_visit(session, day=in_days(1))
    service.send_reminders(session, None, actor=DESK)
    with executed(session) as seen:
        service.send_reminders(session, None, actor=DESK)
    assert not [one for one in seen if "appointment_code" in one.statement]


def test_one_that_changed_since_it_was_shown_is_refused(session: Session) -> None:
    visit = make_visit(session, day=in_days(1))
    plan = service.plan_reminders(session, in_days(1), actor=DESK)
    service.confirm_appointment(session, visit.id, actor=DESK)
    wanted = ReminderCommit(ids=[visit.id], fingerprint=plan.fingerprint)
    receipt = service.commit_reminders(session, wanted, actor=DESK)
    assert [verdict.code for verdict in receipt.refused] == ["changed"]
    assert kinds(session, visit.id) == []


def test_sent_means_that_a_provider_took_it(session: Session) -> None:
    visit = ahead(session, hours=1)
    remind(session)
    assert not get_appointment(session, visit).reminder_sent
    session.execute(
        text(
            "UPDATE crm_communication_logs SET status = 'sent', sent_at = now()"
            " WHERE message_type = 'appointment_reminder'"
        )
    )
    after = get_appointment(session, visit)
    assert after.reminder_sent
    assert after.reminder_sent_at is not None


def answered(letter: Letter, refused: str) -> Outcome:
    """The provider takes every letter but those to one number."""
    if letter.address == refused:
        return Outcome(letter.id, Verdict.REFUSED, error="There is no such number.")
    return accepts(letter)


def ahead(
    session: Session, *, hours: float, booked_hours_ago: float = 24 * 30, patient_id: int = 0
) -> int:
    """The id of a visit that begins in so many hours, and was booked a month ago."""
    visit = make_visit(session, patient_id, day=in_days(30))
    nearer(session, visit.id, hours=hours)
    long_ago(session, visit.id, hours=booked_hours_ago)
    return visit.id


def long_ago(session: Session, appointment_id: int, *, hours: float) -> None:
    """The present time of the visit was chosen so many hours ago."""
    session.execute(
        text("UPDATE crm_appointments SET booked_at = :at WHERE id = :id"),
        {"at": utc_now() - timedelta(hours=hours), "id": appointment_id},
    )


def nearer(session: Session, appointment_id: int, *, hours: float) -> None:
    """Time goes by: the visit, and what was told of it, lie so many hours ahead."""
    values = {"at": utc_now() + timedelta(hours=hours), "id": appointment_id}
    session.execute(
        text(
            "WITH v AS (SELECT starts_at FROM crm_appointments WHERE id = :id)"
            " UPDATE crm_appointment_notices n SET starts_at = :at FROM v"
            " WHERE n.appointment_id = :id AND n.starts_at = v.starts_at"
        ),
        values,
    )
    session.execute(text("UPDATE crm_appointments SET starts_at = :at WHERE id = :id"), values)


def day_of(session: Session, appointment_id: int) -> date:
    """The day of the visit in Lagos."""
    return get_appointment(session, appointment_id).appointment_date


def remind(session: Session) -> int:
    """One run of the job."""
    return service.send_due_reminders(session, actor=JOB)


def reminders(session: Session, appointment_id: int) -> list[Any]:
    """The notices that are reminders."""
    told = notices_of(session, appointment_id)
    return [one for one in told if one.kind in ("early", "day", "final")]


def kinds(session: Session, appointment_id: int) -> list[str]:
    """The kinds of reminders that went out."""
    return [one.kind.value for one in reminders(session, appointment_id)]

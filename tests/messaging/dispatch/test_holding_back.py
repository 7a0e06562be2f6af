"""What waits: quiet hours, the week's share, and what a provider may take later."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.clock import LAGOS, to_lagos, utc_now
from crm_core.messaging import service
from crm_core.messaging.dispatch import handing
from crm_core.messaging.dispatch.limits import Limits
from crm_core.messaging.gateways import Letter, Outcome, Verdict
from crm_core.messaging.schemas import CommunicationRead, Purpose
from tests.make_messages import WRITER, make_message, outgoing
from tests.make_patients import make_patient
from tests.messaging.dispatch.providers import Scripted
from tests.messaging.dispatch.working import batches_of, get, send_all


def set_figure(session: Session, name: str, value: int) -> None:
    """Changes a parameter as an administrator does."""
    session.execute(
        text("UPDATE crm_parameters SET value = :value WHERE name = :name"),
        {"name": f"messaging.{name}", "value": value},
    )


def make_day(session: Session) -> None:
    """No hour is a quiet one."""
    set_figure(session, "quiet_from", 8)


def make_night(session: Session) -> None:
    """It is night, and stays so for more than an hour."""
    hour = to_lagos(utc_now()).hour
    set_figure(session, "quiet_from", (hour - 1) % 24)
    set_figure(session, "quiet_to", (hour + 3) % 24)


def promotions(session: Session, patient_id: int, count: int) -> list[CommunicationRead]:
    """Offers to a patient."""
    return [make_message(session, patient_id, purpose="promotional") for _ in range(count)]


def later(letter: Letter) -> Outcome:
    """Not now."""
    return Outcome(letter.id, Verdict.RETRY, error="Too many at once.", code="429", retry_after=900)


def make_due(session: Session) -> None:
    """The time of every batch has come."""
    session.execute(text("UPDATE crm_message_batches SET due_at = now()"))


@pytest.mark.parametrize(
    ("hour", "ends"), [(19, None), (20, 8), (23, 8), (0, 8), (7, 8), (8, None), (12, None)]
)
def test_the_night_is_from_eight_to_eight_in_lagos(hour: int, ends: int | None) -> None:
    limits = Limits(2, 20, 8, 5, {})
    now = utc_now().astimezone(LAGOS).replace(hour=hour, minute=30)
    until = limits.quiet_until(now)
    assert (until.hour if until else None) == ends
    assert until is None or now < until <= now + timedelta(hours=12)


def test_the_same_hour_is_no_night_at_all() -> None:
    assert Limits(2, 8, 8, 5, {}).quiet_until(utc_now()) is None


@pytest.mark.parametrize("purpose", [purpose for purpose in Purpose if purpose.needs_consent])
def test_at_night_nobody_is_woken_by_an_offer(session: Session, purpose: str) -> None:
    make_night(session)
    gateway, patient = Scripted(), make_patient(session)
    message = make_message(session, patient.id, purpose=purpose)
    send_all(gateway)
    held, batch = get(session, message.id), batches_of(session)[0]
    assert gateway.letters == []
    assert (held.status, held.reason) == ("deferred", "quiet_hours")
    assert batch.due_at > utc_now() + timedelta(hours=1)
    make_day(session)
    make_due(session)
    set_figure(session, "quiet_to", 8)
    send_all(gateway)
    assert (get(session, message.id).status, get(session, message.id).reason) == ("sent", None)


def test_a_reminder_goes_out_at_night(session: Session) -> None:
    make_night(session)
    message = make_message(session, make_patient(session).id)
    send_all(Scripted())
    assert get(session, message.id).status == "sent"


def test_a_patient_gets_two_offers_a_week(session: Session) -> None:
    make_day(session)
    patient, gateway = make_patient(session), Scripted()
    messages = promotions(session, patient.id, 3)
    send_all(gateway)
    states = [get(session, message.id).status for message in messages]
    assert states == ["sent", "sent", "deferred"]
    held = get(session, messages[2].id)
    batch = batches_of(session)[-1]
    assert (held.reason, held.batch_id) == ("capped", batch.id)
    assert timedelta(days=6) < batch.due_at - utc_now() <= timedelta(days=7)


def test_the_share_is_an_administrators_to_change(session: Session) -> None:
    make_day(session)
    set_figure(session, "weekly_cap", 3)
    messages = promotions(session, make_patient(session).id, 3)
    send_all(Scripted())
    assert {get(session, message.id).status for message in messages} == {"sent"}


def test_what_was_sent_long_ago_no_longer_counts(session: Session) -> None:
    make_day(session)
    patient = make_patient(session)
    promotions(session, patient.id, 2)
    send_all(Scripted())
    session.execute(text("UPDATE crm_communication_logs SET sent_at = sent_at - interval '8 days'"))
    message = promotions(session, patient.id, 1)[0]
    send_all(Scripted())
    assert get(session, message.id).status == "sent"


def test_reminders_do_not_use_up_the_share(session: Session) -> None:
    make_day(session)
    patient = make_patient(session)
    for _ in range(3):
        make_message(session, patient.id)
    message = promotions(session, patient.id, 1)[0]
    send_all(Scripted())
    assert get(session, message.id).status == "sent"


def test_the_share_of_one_is_not_that_of_another(session: Session) -> None:
    make_day(session)
    promotions(session, make_patient(session).id, 2)
    other = promotions(session, make_patient(session, "Bola Ade").id, 2)
    send_all(Scripted())
    assert {get(session, message.id).status for message in other} == {"sent"}


def test_what_may_be_retried_waits_and_goes_out_later(session: Session) -> None:
    message = make_message(session, make_patient(session).id)
    send_all(Scripted(answer=later))
    held, batch = get(session, message.id), batches_of(session)[-1]
    assert (held.status, held.reason, held.attempts) == ("pending", "retry", 1)
    assert (held.batch_id, held.error_message) == (batch.id, "Too many at once.")
    assert batch.due_at - utc_now() > timedelta(minutes=14)
    make_due(session)
    gateway = Scripted()
    send_all(gateway)
    sent = get(session, message.id)
    assert (sent.status, sent.attempts, sent.reason) == ("sent", 2, None)


def test_a_retry_is_the_same_letter_with_the_same_key(session: Session) -> None:
    gateway = Scripted(answer=later)
    make_message(session, make_patient(session).id)
    send_all(gateway)
    make_due(session)
    send_all(gateway)
    assert len(gateway.letters) == 2
    assert gateway.letters[0] == gateway.letters[1]


def test_after_so_many_attempts_it_is_given_up(session: Session) -> None:
    set_figure(session, "most_attempts", 3)
    message = make_message(session, make_patient(session).id)
    gateway = Scripted(answer=later)
    for _ in range(5):
        make_due(session)
        session.execute(text("UPDATE crm_channel_health SET state = 'closed', failures = 0"))
        send_all(gateway)
    given_up = get(session, message.id)
    assert (given_up.status, given_up.reason, given_up.attempts) == ("failed", "gave_up", 3)
    assert len(gateway.letters) == 3


def test_pauses_grow_to_an_hour() -> None:
    pauses = [handing.backoff(attempts).total_seconds() for attempts in (1, 2, 3, 8, 100)]
    assert pauses == [30, 60, 120, 3600, 3600]


def test_what_is_born_of_a_paused_batch_is_paused(session: Session) -> None:
    """A retry of a campaign that was paused meanwhile must not slip through."""

    def pauses(letter: Letter) -> Outcome:
        session.execute(text("UPDATE crm_message_batches SET state = 'paused'"))
        return later(letter)

    make_message(session, make_patient(session).id)
    send_all(Scripted(answer=pauses))
    assert [batch.state for batch in batches_of(session)] == ["paused", "paused"]


def test_what_is_cancelled_is_not_tried_again(session: Session) -> None:
    def cancels(letter: Letter) -> Outcome:
        session.execute(text("UPDATE crm_message_batches SET state = 'cancelled'"))
        return later(letter)

    message = make_message(session, make_patient(session).id)
    send_all(Scripted(answer=cancels))
    skipped = get(session, message.id)
    assert (skipped.status, skipped.reason) == ("skipped", "campaign_cancelled")
    assert [batch.state for batch in batches_of(session)] == ["cancelled"]


def test_nobody_waits_for_the_last_of_those_who_wait(session: Session) -> None:
    make_day(session)
    soon, late = make_patient(session), make_patient(session, "Bola Ade")
    for patient, age in ((soon, "6 days"), (late, "1 hour")):
        promotions(session, patient.id, 2)
        send_all(Scripted())
        session.execute(
            text(
                "UPDATE crm_communication_logs SET sent_at = now() - CAST(:age AS interval)"
                " WHERE recipient_id = :patient"
            ),
            {"age": age, "patient": patient.id},
        )
    wanted = [outgoing(one.id, purpose="promotional") for one in (soon, late)]
    kept = service.queue_all(session, wanted, actor=WRITER)
    send_all(Scripted())
    due = {batch.id: batch.due_at for batch in batches_of(session)}
    held = [get(session, one.id) for one in kept]
    assert [(one.status, one.reason) for one in held] == [("deferred", "capped")] * 2
    first, last = (due[one.batch_id] - utc_now() for one in held if one.batch_id)
    assert timedelta(hours=23) < first <= timedelta(days=1)
    assert timedelta(days=6) < last <= timedelta(days=7)

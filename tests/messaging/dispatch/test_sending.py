"""A message goes out once, to whom it may still go to, and the outbox says what became of it."""

from datetime import timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.messaging.gateways import Letter, Outcome, Verdict
from crm_core.messaging.models import ContactChoice
from tests.make_messages import make_message
from tests.make_patients import make_patient
from tests.messaging.dispatch.providers import Scripted
from tests.messaging.dispatch.working import batches_of, get, send_all


def test_what_the_provider_accepts_is_sent(session: Session) -> None:
    patient, gateway = make_patient(session), Scripted()
    message = make_message(session, patient.id)
    assert send_all(gateway) == 1
    sent = get(session, message.id)
    assert [(one.address, one.content) for one in gateway.letters] == [
        (patient.phone, "See you tomorrow.")
    ]
    assert (sent.status, sent.provider, sent.provider_id) == ("sent", "scripted", f"p{message.id}")
    assert (sent.attempts, sent.parts, sent.cost) == (1, 1, Decimal(4))
    assert sent.sent_at is not None
    assert [batch.state for batch in batches_of(session)] == ["done"]


def test_nothing_is_sent_twice(session: Session) -> None:
    patient, gateway = make_patient(session), Scripted()
    make_message(session, patient.id)
    send_all(gateway)
    assert send_all(gateway) == 0
    assert len(gateway.letters) == 1


def test_what_the_provider_refuses_has_failed(session: Session) -> None:
    def refuses(letter: Letter) -> Outcome:
        return Outcome(letter.id, Verdict.REFUSED, error="No such number.", code="403")

    message = make_message(session, make_patient(session).id)
    send_all(Scripted(answer=refuses))
    failed = get(session, message.id)
    assert (failed.status, failed.reason, failed.error_message) == (
        "failed",
        "403",
        "No such number.",
    )


def test_who_opted_out_since_gets_nothing(session: Session) -> None:
    patient, gateway = make_patient(session), Scripted()
    message = make_message(session, patient.id)
    session.add(
        ContactChoice(
            recipient_type="patient",
            recipient_id=patient.id,
            channel="sms",
            opted_out=True,
            source="desk",
        )
    )
    session.flush()
    send_all(gateway)
    assert gateway.letters == []
    assert (get(session, message.id).status, get(session, message.id).reason) == (
        "skipped",
        "opted_out",
    )


def test_what_came_too_late_expires(session: Session) -> None:
    gateway = Scripted()
    message = make_message(
        session, make_patient(session).id, expires_at=utc_now() - timedelta(minutes=1)
    )
    send_all(gateway)
    assert gateway.letters == []
    assert get(session, message.id).status == "expired"


def test_what_is_due_later_waits(session: Session) -> None:
    gateway = Scripted()
    make_message(session, make_patient(session).id, send_at=utc_now() + timedelta(hours=1))
    assert send_all(gateway) == 0

"""A message goes out once, to whom it may still go to, and the outbox says what became of it."""

from datetime import timedelta
from decimal import Decimal
from itertools import product

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.messaging.consent.models import ContactChoice
from crm_core.messaging.dispatch import pacing
from crm_core.messaging.gateways import Letter, Outcome, Verdict
from crm_core.messaging.receiving.models import InboundMessage
from crm_core.messaging.schemas import Channel, MessageStatus
from tests.make_messages import make_message, make_template
from tests.make_patients import make_patient
from tests.messaging.dispatch.providers import Scripted
from tests.messaging.dispatch.working import batches_of, get, send_all
from tests.observe import refused_by


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


def test_an_address_that_the_provider_refuses_for_good_is_closed(session: Session) -> None:
    def refuses(letter: Letter) -> Outcome:
        return Outcome(letter.id, Verdict.REFUSED, error="No such number.", hard=True)

    patient = make_patient(session)
    make_message(session, patient.id)
    send_all(Scripted(answer=refuses))
    assert make_message(session, patient.id).reason == "suppressed"


def test_a_campaigns_text_is_filled_in_when_it_is_sent(session: Session) -> None:
    template = make_template(session, "offer", body="Dear {first_name}, come on {date}")
    message = make_message(session, make_patient(session).id)
    session.execute(
        text(
            "UPDATE crm_communication_logs SET content = NULL, template_id = :template,"
            " fields = CAST(:fields AS jsonb)"
        ),
        {"template": template.id, "fields": '{"date": "2 May"}'},
    )
    send_all(Scripted())
    assert get(session, message.id).content == "Dear Ada, come on 2 May"


def test_who_wrote_lately_by_whatsapp_may_be_answered_freely(session: Session) -> None:
    patient = make_patient(session, communication_preferences={"whatsapp": True})
    session.add(
        InboundMessage(
            channel="whatsapp",
            provider="whatsapp",
            provider_id="1",
            sender=patient.phone,
            text="Hello",
            received_at=utc_now(),
        )
    )
    session.flush()
    make_message(session, patient.id, channel="whatsapp")
    gateway = Scripted(channel=Channel.WHATSAPP)
    send_all(gateway)
    assert [letter.in_conversation for letter in gateway.letters] == [True]


def test_a_provider_sets_the_pace_for_all_workers(session: Session) -> None:
    pace = Decimal(10)
    turns = [pacing.take_turn(session, Channel.SMS, 10, pace) for _ in range(3)]
    assert [round(turn) for turn in turns] == [0, 1, 2]
    assert pacing.at_once(50, pace) == 10
    assert pacing.at_once(50, Decimal(0)) == 50
    assert pacing.at_once(50, Decimal("0.5")) == 1


def test_python_and_the_database_agree_on_what_is_forward(session: Session) -> None:
    asked = "SELECT crm_message_may_become(CAST(:old AS crm_message_status), :new)"
    for old, new in product(MessageStatus, MessageStatus):
        may = session.execute(text(asked), {"old": old.value, "new": new.value}).scalar_one()
        assert may == old.can_become(new), f"{old} → {new}"


def test_the_database_lets_no_message_go_back(session: Session) -> None:
    make_message(session, make_patient(session).id)
    send_all(Scripted())
    with refused_by(session, "message_forward"):
        session.execute(text("UPDATE crm_communication_logs SET status = 'pending'"))

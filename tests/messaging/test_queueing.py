"""Putting messages into the outbox: who gets one, who does not and why, and never twice."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.base.errors import Forbidden, Invalid, NotFound
from crm_core.messaging import queries, service
from crm_core.messaging.consent.models import ContactChoice, SuppressedAddress
from crm_core.messaging.models import MessageBatch
from crm_core.messaging.schemas import CommunicationFilter, MessageSend
from crm_core.people.schemas import Role
from tests.make import make_actor, make_staff
from tests.make_messages import WRITER, make_message, make_template, outgoing
from tests.make_patients import make_patient
from tests.observe import executed
from tests.privacy.acts import erased, merged


def letter(patient_id: int, **more: object) -> MessageSend:
    """What a person types."""
    wanted = {"recipient_type": "patient", "recipient_id": patient_id, "channel": "sms"}
    return MessageSend.model_validate(wanted | {"content": "Please call us."} | more)


def test_a_message_waits_in_a_batch_of_its_channel(session: Session) -> None:
    patient = make_patient(session)
    message = make_message(session, patient.id)
    batch = session.scalars(select(MessageBatch)).one()
    assert (message.status, message.channel) == ("pending", "sms")
    assert (batch.first_id, batch.last_id, batch.size) == (message.id, message.id, 1)
    assert batch.cursor_id == message.id - 1


def test_a_person_writes_to_a_patient(session: Session) -> None:
    message = service.send_message(session, letter(make_patient(session).id), actor=WRITER)
    assert (message.status, message.message_type) == ("pending", "custom")


def test_who_may_not_write_is_refused(session: Session) -> None:
    patient = make_patient(session)
    with pytest.raises(Forbidden, match="may not send"):
        service.send_message(session, letter(patient.id), actor=make_actor(Role.ANALYST))


def test_nobody_writes_to_nobody(session: Session) -> None:
    with pytest.raises(NotFound, match="Patient not found"):
        service.send_message(session, letter(987_654), actor=WRITER)


def test_an_email_has_a_subject(session: Session) -> None:
    patient = make_patient(session, email="ada@example.ng")
    with pytest.raises(Invalid, match="subject"):
        service.send_message(session, letter(patient.id, channel="email"), actor=WRITER)


def test_a_template_is_filled_with_what_is_known_and_what_is_given(session: Session) -> None:
    make_template(session, "visit_soon", body="{name}, {points} points, at {time}")
    patient = make_patient(session, "Ada Obi")
    sent = make_message(
        session, patient.id, template="visit_soon", content=None, fields={"time": "10:00"}
    )
    assert sent.content == "Ada Obi, 100 points, at 10:00"


def test_an_unknown_field_is_never_read_by_a_patient(session: Session) -> None:
    make_template(session, "visit_soon", body="Dear {nickname}")
    patient = make_patient(session)
    with pytest.raises(Invalid, match="nickname"):
        make_message(session, patient.id, template="visit_soon", content=None)


def test_the_same_key_gives_the_first_message_again(session: Session) -> None:
    patient = make_patient(session)
    first = make_message(session, patient.id, dedupe_key="visit-1-48h")
    again = make_message(session, patient.id, dedupe_key="visit-1-48h", content="Another")
    assert again == first
    assert len(session.scalars(select(MessageBatch)).all()) == 1


def test_one_without_an_address_stops_nobody_else(session: Session) -> None:
    mute = make_patient(session, "Bola Ade")
    heard = make_patient(session, "Chi Eze", email="chi@example.ng")
    kept = service.queue_all(
        session,
        [outgoing(p.id, channel="email", subject="Visit") for p in (mute, heard)],
        actor=WRITER,
    )
    assert [(one.status, one.reason) for one in kept] == [
        ("skipped", "no_address"),
        ("pending", None),
    ]


def test_the_dead_are_not_written_to(session: Session) -> None:
    patient = make_patient(session)
    session.connection().exec_driver_sql(
        "UPDATE crm_patients SET status = 'deceased' WHERE id = %(id)s", {"id": patient.id}
    )
    assert make_message(session, patient.id).reason == "deceased"


def test_a_record_that_was_merged_away_says_so(session: Session) -> None:
    stays, gone = make_patient(session), make_patient(session)
    merged(session, stays.id, gone.id)

    kept = make_message(session, gone.id)

    assert (kept.reason, kept.error_message) == (
        "merged",
        "The record was merged into another one of this person.",
    )


def test_who_has_left_the_staff_is_not_called_dead(session: Session) -> None:
    nurse = make_staff(session, Role.VIEWER, active=False)

    kept = make_message(session, nurse.id, recipient_type="staff", channel="email", subject="Hi")

    assert (kept.reason, kept.error_message) == ("left", "They do not work here any more.")


def test_the_erased_and_those_who_never_were_are_told_apart(session: Session) -> None:
    patient = make_patient(session)
    erased(session, patient.patient_code)

    kept = service.queue_all(
        session, [outgoing(patient.id), outgoing(patient.id + 999)], actor=WRITER
    )

    assert [(one.status, one.reason, one.content) for one in kept] == [
        ("skipped", "erased", None),
        ("skipped", "not_there", None),
    ]
    assert kept[0].error_message == "The person was erased on request."
    with pytest.raises(NotFound, match="Patient not found"):
        service.send_message(session, letter(patient.id), actor=WRITER)


@pytest.mark.parametrize(
    ("refused", "purpose", "expected"),
    [
        (None, "reminder", "opted_out"),
        (None, "promotional", "opted_out"),
        ("promotional", "promotional", "opted_out"),
        ("promotional", "reminder", None),
        ("promotional", "educational", None),
    ],
)
def test_an_opt_out_is_of_a_channel_or_of_a_purpose(
    session: Session, refused: str | None, purpose: str, expected: str | None
) -> None:
    patient = make_patient(session)
    session.add(
        ContactChoice(
            recipient_type="patient",
            recipient_id=patient.id,
            channel="sms",
            purpose=refused,
            opted_out=True,
            source="desk",
        )
    )
    session.flush()
    assert make_message(session, patient.id, purpose=purpose).reason == expected


def test_an_address_that_failed_for_good_is_left_alone(session: Session) -> None:
    patient = make_patient(session)
    session.add(SuppressedAddress(channel="sms", address=patient.phone, reason="no such number"))
    session.flush()
    assert make_message(session, patient.id).reason == "suppressed"


def test_the_best_channel_is_one_that_the_person_agreed_to(session: Session) -> None:
    both = {"sms": True, "email": True, "whatsapp": True, "push": False}
    patient = make_patient(session, communication_preferences=both)
    other = make_patient(session, "Bola Ade")
    assert make_message(session, patient.id, channel=None).channel == "whatsapp"
    assert make_message(session, other.id, channel=None).channel == "sms"


def test_a_message_for_later_is_due_then(session: Session) -> None:
    later = utc_now() + timedelta(hours=5)
    message = make_message(session, make_patient(session).id, send_at=later)
    batch = session.scalars(select(MessageBatch)).one()
    assert (message.status, batch.due_at) == ("deferred", later)


def test_many_take_as_many_statements_as_few(session: Session) -> None:
    patients = [make_patient(session, f"Ada Obi{n}") for n in range(12)]
    with executed(session) as few:
        service.queue_all(session, [outgoing(p.id) for p in patients[:2]], actor=WRITER)
    with executed(session) as many:
        service.queue_all(session, [outgoing(p.id) for p in patients], actor=WRITER)
    assert len(many) == len(few)


def test_the_log_is_filtered_by_person_and_state(session: Session) -> None:
    one, other = make_patient(session), make_patient(session, "Bola Ade")
    sent = make_message(session, one.id)
    make_message(session, other.id)
    make_message(session, one.id, channel="email", subject="Visit")
    asked = CommunicationFilter.model_validate(
        {"recipient_type": "patient", "recipient_id": one.id, "status": "pending"}
    )
    rows = queries.list_communications(asked).page(session).rows
    assert [row.id for row in rows] == [sent.id]

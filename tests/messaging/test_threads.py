"""What was said with one person, and how far a message has come."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.messaging.queries import get_communication
from crm_core.messaging.receiving.models import InboundMessage
from crm_core.messaging.schemas import CommunicationRead, MessageStatus, RecipientType
from crm_core.messaging.threads import MOST, on_its_way, thread_of, way_of
from tests.make_business import make_owner
from tests.make_messages import make_message
from tests.make_patients import make_patient
from tests.observe import executed

PATIENT = RecipientType.PATIENT


def written(session: Session, sender: str, words: str, **more: object) -> None:
    """Somebody wrote to us."""
    session.add(
        InboundMessage(
            channel="sms", provider="sandbox", provider_id=words, sender=sender, text=words, **more
        )
    )
    session.flush()


def after(session: Session, message: CommunicationRead, **columns: object) -> CommunicationRead:
    """The message, once these columns say so."""
    sets = ", ".join(f"{name} = :{name}" for name in columns)
    session.execute(
        text(f"UPDATE crm_communication_logs SET {sets} WHERE id = :id"),  # ours
        columns | {"id": message.id},
    )
    return get_communication(session, message.id)


def test_both_sides_of_a_conversation_stand_in_their_order(session: Session) -> None:
    patient = make_patient(session)
    earlier = utc_now() - timedelta(days=1)
    written(session, patient.phone, "May I come?", received_at=earlier)
    make_message(session, patient.id, content="Yes, at nine.")
    written(session, "+2348039999999", "Not this person")

    said = thread_of(session, PATIENT, patient.id)

    assert [(turn.ours, turn.content) for turn in said] == [
        (False, "May I come?"),
        (True, "Yes, at nine."),
    ]


def test_what_came_from_another_number_of_the_patient_is_there(session: Session) -> None:
    patient = make_patient(session)
    written(session, "+2348039999999", "It is I", patient_id=patient.id)
    written(session, "ada@hospital.ng", "Somebody else")

    assert [turn.content for turn in thread_of(session, PATIENT, patient.id)] == ["It is I"]


def test_an_owners_thread_is_not_that_of_a_patient_with_the_same_id(session: Session) -> None:
    owner, patient = make_owner(session), make_patient(session)
    make_message(session, owner.id, recipient_type="owner", content="To the owner")
    written(session, "+2348039999999", "From the patient", patient_id=owner.id)

    assert [turn.content for turn in thread_of(session, RecipientType.OWNER, owner.id)] == [
        "To the owner"
    ]
    assert "To the owner" not in {t.content for t in thread_of(session, PATIENT, patient.id)}


def test_a_thread_is_as_many_statements_however_long_it_is(session: Session) -> None:
    patient = make_patient(session)
    make_message(session, patient.id)
    with executed(session) as few:
        thread_of(session, PATIENT, patient.id)
    for _ in range(20):
        make_message(session, patient.id)
    with executed(session) as many:
        found = thread_of(session, PATIENT, patient.id)

    assert len(few) == len(many)
    assert len(found) <= MOST


def test_a_message_that_was_read_has_every_step_behind_it(session: Session) -> None:
    now = utc_now()
    message = after(
        session,
        make_message(session, make_patient(session).id),
        status="read",
        sent_at=now,
        delivered_at=now,
        read_at=now,
        provider="sandbox",
        attempts=2,
    )

    steps = way_of(session, message)

    assert [step.kind for step in steps] == ["queued", "sent", "delivered", "read"]
    assert steps[1].detail == "Accepted by sandbox, at attempt 2"


def test_a_message_that_waits_says_until_when(session: Session) -> None:
    later = utc_now() + timedelta(hours=3)
    message = make_message(session, make_patient(session).id, send_at=later)

    (_, waits) = way_of(session, message)

    assert (waits.status, waits.at, waits.detail) == (
        MessageStatus.DEFERRED,
        later,
        "Held until then",
    )


def test_a_message_that_was_not_sent_says_why(session: Session) -> None:
    message = make_message(session, make_patient(session).id, channel="whatsapp")

    (_, ended) = way_of(session, message)

    assert (ended.status, ended.detail) == (
        MessageStatus.SKIPPED,
        "Did not agree to this channel.",
    )


@pytest.mark.parametrize(
    ("status", "minutes", "moving"),
    [
        (MessageStatus.PENDING, 1, True),
        (MessageStatus.SENT, 9, True),
        (MessageStatus.SENT, 11, False),
        (MessageStatus.READ, 0, False),
        (MessageStatus.FAILED, 0, False),
        (MessageStatus.DEFERRED, 0, False),
        (None, 0, False),
    ],
)
def test_only_what_moves_soon_is_followed(
    status: MessageStatus | None, minutes: int, moving: bool
) -> None:
    assert on_its_way(status, utc_now() - timedelta(minutes=minutes)) is moving

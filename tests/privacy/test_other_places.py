"""What tells of a person in places that are not theirs, or by what they were called before."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from crm_core import verify
from crm_core.appointments.schemas import AppointmentRead
from crm_core.base import history
from crm_core.base.db import SessionFactory, transaction
from crm_core.base.errors import Conflict, NotFound
from crm_core.integrations.incoming import events
from crm_core.integrations.incoming.schemas import Source, VisitEvent
from crm_core.integrations.incoming.taking import keep_refused
from crm_core.messaging import queries
from crm_core.messaging.receiving.receipts import apply_receipts
from crm_core.messaging.receiving.replies import take_replies
from crm_core.messaging.receiving.schemas import Receipt, Reply
from crm_core.messaging.schemas import MessageStatus
from crm_core.patients import service as patients
from crm_core.patients.schemas import PatientUpdate
from crm_core.people import views
from crm_core.people.schemas import Role, machine
from crm_core.people.views import ViewCreate
from tests.make import actor_for, make_actor, make_staff
from tests.make_business import make_hospital
from tests.make_feedback import make_feedback, resolve
from tests.make_messages import make_message, make_sent
from tests.make_patients import DESK, make_patient
from tests.observe import sql
from tests.privacy.acts import erased
from tests.privacy.lives import MARKS, PHONE, left_of

E164 = "+234" + PHONE[1:]
HOSPITALS = make_actor(Role.VIEWER)


def test_what_another_system_was_answered_about_a_visit_names_nobody(session: Session) -> None:
    patient = make_patient(session, "Zinariya Oqwuezu", phone=PHONE)
    came = VisitEvent.model_validate(
        {"event_id": "v-1", "patient_id": patient.id, "hospital_id": make_hospital(session).id}
    )
    first = events.complete_visit(session, came, actor=HOSPITALS).answer
    keep_refused(session, Source.VISITS, {"event_id": "v-2", "phone": E164}, "Whose is it?")

    erased(session, patient.patient_code)

    assert left_of(session) == []
    again = events.complete_visit(session, came, actor=HOSPITALS)
    assert not again.first
    told = AppointmentRead.model_validate(again.answer)
    assert (told.id, told.first_name, told.patient_phone) == (first["id"], "Erased", "")


def test_what_they_were_called_and_reached_by_before_goes_too(session: Session) -> None:
    patient = make_patient(session, "Zinariya Oqwuezu", phone=PHONE, email="Zinariya.O@example.ng")
    married = {"first_name": "Ada", "last_name": "Nwosu", "phone": "08031112222", "email": None}
    change = PatientUpdate.model_validate(married)
    patients.update_patient(session, patient.id, change, actor=DESK)
    take_replies(session, [_reply("a-1")], actor=machine("webhook:termii"))
    sql(
        session,
        "UPDATE crm_inbound_messages SET handled_at = now(), outcome = 'handled'",
    )
    sql(
        session,
        "INSERT INTO crm_suppressed_addresses (channel, address, reason)"
        " VALUES ('sms', :phone, 'gone'), ('email', 'zinariya.o@example.ng', 'gone')",
        phone=E164,
    )

    erased(session, patient.patient_code)

    assert left_of(session) == []


def test_an_answer_from_a_number_that_two_have_says_nothing_afterwards(session: Session) -> None:
    patient = make_patient(session, "Zinariya Oqwuezu", phone=PHONE)
    make_patient(session, "Ngozi Adeyemi", phone=PHONE)
    sql(
        session,
        "INSERT INTO crm_appointment_answers (inbound_id, sender, said, meaning, outcome)"
        " VALUES (77, :phone, 'zqsecret', 'unclear', 'to_a_person')",
        phone=E164,
    )

    erased(session, patient.patient_code)

    assert "crm_appointment_answers.said" not in left_of(session)
    told = sql(
        session,
        "SELECT count(*) FROM crm_history WHERE table_name = 'crm_appointment_answers'"
        " AND erasure_id IS NULL",
    ).scalar_one()
    assert told == 0


def test_what_was_exported_by_a_name_that_others_have_stays_told(session: Session) -> None:
    patient = make_patient(session, "Zinariya Adeyemi", phone=PHONE)
    make_patient(session, "Ngozi Adeyemi")
    for search in ("adeyemi", "zinariya"):
        detail = {"filters": {"search": search}, "rows": 2}
        history.note(session, "export", "crm_patients", None, detail)

    erased(session, patient.patient_code)

    kept = "SELECT after -> 'filters' ->> 'search' FROM crm_history WHERE action = 'export'"
    assert set(sql(session, kept).scalars()) == {"adeyemi", None}


def test_praise_that_was_handed_on_says_nothing_afterwards(session: Session) -> None:
    patient = make_patient(session, "Zinariya Oqwuezu", phone=PHONE)
    nurse = make_staff(session, Role.VIEWER)
    piece = make_feedback(
        session,
        source_type="patient",
        source_id=patient.id,
        type="compliment",
        message="Zinariya says thanks: zqsecret",
        about_staff_id=nurse.id,
    )
    resolve(session, piece.id, "Thanked")
    sql(session, "UPDATE crm_communication_logs SET status = 'sent' WHERE status <> 'skipped'")
    assert "crm_communication_logs.content" in left_of(session)

    erased(session, patient.patient_code)

    assert left_of(session) == []


@pytest.mark.parametrize("then", ["kept", "renamed", "deleted"])
def test_a_view_that_is_called_by_the_person_keeps_all_but_their_name(
    session: Session, then: str
) -> None:
    patient = make_patient(session, "Zinariya Oqwuezu", phone=PHONE)
    owner = actor_for(make_staff(session, Role.VIEWER))
    called = ViewCreate(page="visits", name="For zinariya oqwuezu", query={"tab": "all-visits"})
    mine = views.save_view(session, called, actor=owner)
    views.save_view(session, called.model_copy(update={"name": "Today"}), actor=owner)
    if then == "renamed":
        sql(session, "UPDATE crm_saved_views SET name = 'Mine' WHERE id = :id", id=mine.id)
    if then == "deleted":
        views.delete_view(session, mine.id, actor=owner)

    erased(session, patient.patient_code)

    assert left_of(session) == []
    kept = views.list_views(session, "visits", actor=owner)
    first = {"kept": [f"Erased view {mine.id}"], "renamed": ["Mine"], "deleted": []}[then]
    assert [view.name for view in kept] == [*first, "Today"]
    assert all(view.query == {"tab": "all-visits"} for view in kept)


def praised(session: Session) -> tuple[str, int]:
    """A compliment whose message to the nurse waits; gives whose, and the message."""
    patient = make_patient(session, "Zinariya Oqwuezu", phone=PHONE)
    piece = make_feedback(
        session,
        source_type="patient",
        source_id=patient.id,
        type="compliment",
        message="Zinariya says thanks: zqsecret",
        about_staff_id=make_staff(session, Role.VIEWER).id,
    )
    resolve(session, piece.id, "Thanked")
    to_patient = "UPDATE crm_communication_logs SET status = 'skipped', reason = 'no_consent'"
    sql(session, f"{to_patient} WHERE recipient_type = 'patient'")
    waiting = "SELECT id FROM crm_communication_logs WHERE status = 'pending'"
    return patient.patient_code, sql(session, waiting).scalar_one()


def test_praise_that_still_waits_is_called_off(session: Session) -> None:
    code, message_id = praised(session)

    erased(session, code)

    message = queries.COMMUNICATIONS.one(session, message_id)
    assert (message.status, message.reason) == ("skipped", "erased")
    assert "erased on request" in str(message.error_message)
    assert left_of(session) == []
    assert list(verify.faults(session)) == []


@pytest.mark.parametrize(
    "in_hand", ["leased_until = now() + interval '1 minute'", "claimed_id = last_id"]
)
def test_praise_that_is_going_out_makes_an_erasure_wait(session: Session, in_hand: str) -> None:
    code, message_id = praised(session)
    of_it = "WHERE id = (SELECT batch_id FROM crm_communication_logs WHERE id = :id)"
    sql(session, f"UPDATE crm_message_batches SET {in_hand} {of_it}", id=message_id)

    with pytest.raises(Conflict, match="is just going out"), session.begin_nested():
        erased(session, code)

    done = "leased_until = NULL, claimed_id = cursor_id"
    sql(session, f"UPDATE crm_message_batches SET {done} {of_it}", id=message_id)
    erased(session, code)
    assert queries.COMMUNICATIONS.one(session, message_id).status == "skipped"


def test_what_is_written_or_said_later_is_refused_or_empty(session: Session) -> None:
    """From a page that was open, by a system that knows the number of the record."""
    patient = make_patient(session, "Zinariya Oqwuezu", phone=PHONE)
    erased(session, patient.patient_code)

    written = make_message(session, patient.id, content="Dear Zinariya")
    assert (written.status, written.reason, written.content) == ("skipped", "erased", None)
    with pytest.raises(NotFound), session.begin_nested():
        make_feedback(session, source_type="patient", source_id=patient.id, message="zqsecret")

    assert list(verify.faults(session)) == []


def test_a_message_that_is_being_written_makes_an_erasure_wait(own_database: str) -> None:
    with transaction(who="test") as session:
        patient = make_patient(session, "Zinariya Oqwuezu", phone=PHONE)
    with SessionFactory() as writes, SessionFactory() as erases:
        make_message(writes, patient.id)
        erases.execute(text("SET LOCAL lock_timeout = '50ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            erased(erases, patient.patient_code)


@pytest.mark.parametrize("status", [MessageStatus.DELIVERED, MessageStatus.FAILED])
def test_a_receipt_that_came_in_meanwhile_writes_nothing_back(
    session: Session, status: MessageStatus
) -> None:
    """It waited for the lock of a message that it had found before the person was erased."""
    patient = make_patient(session, "Zinariya Oqwuezu", phone=PHONE)
    message = make_sent(session, patient.id, "wamid.1")
    erased(session, patient.patient_code)
    sql(
        session,
        "UPDATE crm_communication_logs SET provider = 'whatsapp', provider_id = 'wamid.1'"
        " WHERE id = :id",
        id=message.id,
    )

    moved = apply_receipts(session, [_receipt(status)])

    assert moved == 0
    error = sql(session, "SELECT error_message FROM crm_communication_logs").scalar_one()
    assert error is None


def _reply(provider_id: str) -> Reply:
    said: dict[str, Any] = {"provider": "termii", "provider_id": provider_id, "channel": "sms"}
    return Reply.model_validate(said | {"sender": E164, "text": f"{MARKS[2]}?"})


def _receipt(status: MessageStatus) -> Receipt:
    error = f"{E164} is no number" if status is MessageStatus.FAILED else None
    told = {"provider": "whatsapp", "provider_id": "wamid.1", "status": status, "error": error}
    return Receipt.model_validate(told)

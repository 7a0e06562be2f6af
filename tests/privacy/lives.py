"""A person who has left words everywhere, and a look at every table for what is left of them."""

import base64
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.appointments import service as visits
from crm_core.appointments.schemas import Cancellation, WaitlistCreate
from crm_core.base import crypto, history, idempotency
from crm_core.base.db import attribute
from crm_core.base.idempotency import Answer
from crm_core.base.preflight import Change, Done, Verdict, store_receipt
from crm_core.feedback import service as feedback
from crm_core.feedback.schemas import FeedbackNote
from crm_core.loyalty import merging
from crm_core.loyalty.merging.schemas import Merge, MergeCommit
from crm_core.loyalty.schemas import MemberRead
from crm_core.messaging import replies
from crm_core.messaging.consent.schemas import Choice
from crm_core.messaging.consent.service import opt_out
from crm_core.messaging.receiving.replies import take_replies
from crm_core.messaging.receiving.schemas import Reply
from crm_core.messaging.replies import Handling
from crm_core.patients import service as patients
from crm_core.patients.schemas import PatientUpdate
from crm_core.people import views
from crm_core.people.schemas import Role, machine
from crm_core.people.views import ViewCreate
from tests.loyalty.acts import adjust, earn, redeem, set_tier
from tests.make import actor_for, make_actor, make_staff
from tests.make_appointments import begin_ago, in_days, make_visit
from tests.make_campaigns import make_launched
from tests.make_feedback import make_feedback, resolve
from tests.make_imports import file_of, line, look, take_over
from tests.make_messages import make_sent
from tests.make_patients import DESK, make_patient

SAID = "Zinariya Oqwuezu said zqsecret"
NIN = "98765404321"
PHONE, OTHER_PHONE = "08039998877", "08039998866"
WAMID = "wamid." + base64.b64encode(b"2348039998877").decode()
MARKS = (
    *("zinariya", "oqwuezu", "zqsecret", "zqparent", "zqaddress", "zqallergy", "zqcondition"),
    *("8039998877", "8039998866", "8039998855", NIN, "zqnhis", WAMID.lower()),
)
WHOLE = NIN[-4:]
"""Found as a value of its own, and not within another."""

SUPERVISOR = make_actor(Role.APPROVER)


@dataclass(frozen=True)
class Life:
    """Both records of the person, and somebody else of the same family name."""

    patient: MemberRead
    gone: MemberRead
    other: MemberRead


def lived(session: Session) -> Life:
    """Registered twice, merged, treated, written to, heard, imported, counted and searched for."""
    hospital = make_visit(session).hospital_id
    other = make_patient(session, "Ngozi Adeyemi")
    attribute(session, who="staff:1", why=SAID)
    patient = _registered(session)
    gone = make_patient(
        session, "Zinariya Oqwuezu", phone=OTHER_PHONE, email="zinariya.2@example.ng"
    )
    _treated(session, patient.id, hospital)
    _moved_points(session, patient.id)
    _written_to(session, patient.id)
    _heard(session, patient.id)
    _merged(session, patient.id, gone.id)
    attribute(session, who="staff:2")
    make_launched(session, message_template="Dear {first_name}")
    _imported(session)
    _looked_for(session, patient)
    life = Life(patient, gone, other)
    gone_out(session, life)
    return life


def gone_out(session: Session, life: Life) -> None:
    """Every message to them that waited has gone out by now."""
    session.execute(
        text(
            "UPDATE crm_communication_logs SET status = 'sent', sent_at = now(),"
            " provider = 'sandbox', provider_id = id || :wamid, address = :phone"
            " WHERE status IN ('pending', 'deferred') AND recipient_id = ANY(:ids)"
        ),
        {"wamid": WAMID, "phone": "+234" + PHONE[1:], "ids": [life.patient.id, life.gone.id]},
    )


def _registered(session: Session) -> MemberRead:
    patient = make_patient(
        session,
        "Zinariya Oqwuezu",
        phone=PHONE,
        email="Zinariya.O@example.ng",
        nin=NIN,
        nhis_number="ZQNHIS77",
        address="1 zqaddress",
        city="zqaddress",
        alternate_phone="08039998855",
        emergency_contact_name="zqparent",
        emergency_contact_phone="08039998855",
        allergies=["zqallergy"],
        chronic_conditions=["zqcondition"],
    )
    change = PatientUpdate.model_validate({"middle_name": "Zqsecret", "address": "2 zqaddress"})
    patients.update_patient(session, patient.id, change, actor=DESK)
    patients.note_reading(session, patient.id)
    return patient


def _treated(session: Session, patient_id: int, hospital_id: int) -> None:
    visit = make_visit(session, patient_id, hospital_id, reason=SAID, notes=SAID)
    visits.cancel_appointment(session, visit.id, Cancellation(reason=SAID), actor=DESK)
    _proven(session, "appointment_move", visit.id)
    past = make_visit(session, patient_id, hospital_id, reason=SAID)
    begin_ago(session, past.id, days=2)
    visits.mark_no_show(session, past.id, actor=SUPERVISOR)
    wish = WaitlistCreate(
        patient_id=patient_id,
        hospital_id=hospital_id,
        from_day=in_days(1),
        to_day=in_days(3),
        notes=SAID,
    )
    waits = visits.join_waitlist(session, wish, actor=DESK)
    visits.leave_waitlist(session, waits.id, actor=DESK)


def _moved_points(session: Session, patient_id: int) -> None:
    earn(session, patient_id, 900)
    adjust(session, patient_id, 40)
    redeem(session, patient_id, points=10, description=SAID)
    set_tier(session, patient_id, "gold")
    session.execute(
        text("UPDATE crm_loyalty_accounts SET tier_reason = :said WHERE id = :id"),
        {"said": SAID, "id": patient_id},
    )


def _written_to(session: Session, patient_id: int) -> None:
    message = make_sent(session, patient_id, WAMID, content=SAID)
    _proven(session, "message_settlement", message.id)
    choice = Choice.model_validate(
        {"recipient_type": "patient", "recipient_id": patient_id, "channel": "email"}
    )
    opt_out(session, choice, source=SAID, actor=DESK)
    said = Reply.model_validate(
        {
            "provider": "termii",
            "provider_id": WAMID,
            "channel": "sms",
            "sender": "+234" + PHONE[1:],
            "text": SAID,
        }
    )
    take_replies(session, [said], actor=machine("webhook:termii"))
    waiting = text("SELECT max(id) FROM crm_inbound_messages")
    reply_id = session.execute(waiting).scalar_one()
    replies.handle_reply(session, reply_id, Handling(note=SAID), actor=DESK)
    session.execute(
        text(
            "INSERT INTO crm_suppressed_addresses (channel, address, reason)"
            " VALUES ('sms', :phone, :said)"
        ),
        {"phone": "+234" + PHONE[1:], "said": SAID},
    )


def _heard(session: Session, patient_id: int) -> None:
    piece = make_feedback(
        session, source_type="patient", source_id=patient_id, message=SAID, subject=SAID
    )
    feedback.note_feedback(session, piece.id, FeedbackNote(content=SAID), actor=DESK)
    resolve(session, piece.id, SAID)


def _merged(session: Session, stays_id: int, gone_id: int) -> None:
    both = Merge(stays_id=stays_id, gone_id=gone_id)
    plan = merging.plan_merge(session, both, actor=DESK)
    commit = MergeCommit(**both.model_dump(), fingerprint=plan.fingerprint, reason=SAID)
    merging.commit_merge(session, commit, actor=DESK)


def _imported(session: Session) -> None:
    take_over(session, line("Somebody Else"))
    look(session, file_of(line("Zinariya Oqwuezu", phone=PHONE, nin=NIN, address="zqaddress")))


def _proven(session: Session, kind: str, record_id: int) -> None:
    """A receipt of a bulk act that changed the record, and once refused to."""
    changed = Change(id=record_id, label=SAID, before="then", after="now")
    refused = Verdict(id=record_id, label=PHONE, ok=False, code="no", reason=SAID)
    done = Done(kind, "Many at once", [changed], [refused], {})
    store_receipt(session, done, who="staff:1", who_name="Ada", fingerprint="x")


def _looked_for(session: Session, patient: MemberRead) -> None:
    person = actor_for(make_staff(session, Role.ADMIN))
    view = ViewCreate.model_validate(
        {"page": "patients", "name": "Mine", "query": {"q": "zinariya", "state": "Lagos"}}
    )
    views.save_view(session, view, actor=person)
    detail = {"filters": {"search": "oqwuezu"}, "rows": 1}
    history.note(session, "export", "crm_patients", None, detail)
    told = f'{{"patient_code": "{patient.patient_code}", "name": "{SAID}"}}'
    idempotency.claim(session, "k-1", who="staff:1", request_hash=b"x")
    idempotency.answer(session, "k-1", who="staff:1", given=Answer(201, told))


def left_of(session: Session) -> list[str]:
    """Every place, of every table, where something still tells of the person."""
    session.flush()
    found: list[str] = []
    secrets = [*(mark.encode() for mark in MARKS), crypto.keyed_hash(NIN)]
    marks = [f"%{mark}%" for mark in (*MARKS, *(secret.hex() for secret in secrets))]
    for table, columns in session.execute(_COLUMNS):
        for column in columns:
            where = f'lower("{column}"::text) LIKE ANY(:marks) OR "{column}"::text = :whole'
            count = text(f"SELECT count(*) FROM {table} WHERE {where}")
            hits = session.execute(count, {"marks": marks, "whole": WHOLE}).scalar_one()
            if hits:
                found.append(f"{table}.{column}")
    return found


_COLUMNS = text(
    """
    SELECT table_name, array_agg(column_name::text ORDER BY ordinal_position)
    FROM information_schema.columns
    JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE table_schema = 'public' AND t.table_type = 'BASE TABLE'
      AND data_type NOT IN ('bigint', 'integer', 'smallint', 'boolean', 'numeric', 'date',
          'timestamp with time zone', 'time without time zone')
    GROUP BY 1 ORDER BY 1
    """
)

"""What people answer: kept once, laid beside whom it is of; stop words obeyed, answers not."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.loyalty.schemas import MemberRead
from crm_core.messaging.consent.models import ContactChoice
from crm_core.messaging.models import Communication
from crm_core.messaging.receiving.models import InboundMessage
from crm_core.messaging.receiving.replies import (
    HAND_ON,
    PERSON,
    in_conversation,
    lock_new,
    new_replies,
    settle,
    take_replies,
)
from crm_core.messaging.receiving.schemas import Reply
from crm_core.people.schemas import machine
from tests.make_business import make_owner
from tests.make_messages import make_message, make_sent
from tests.make_patients import make_patient

HOOK = machine("webhook:termii")
NEWS = {"promotional", "educational", "survey"}


@pytest.fixture
def patient(session: Session) -> MemberRead:
    return make_patient(session)


def take(session: Session, sender: str, said: str, **more: object) -> InboundMessage:
    """What was kept of one reply."""
    number = (session.scalar(select(func.max(InboundMessage.id))) or 0) + 1
    wanted = {"provider": "termii", "provider_id": f"in-{number}", "channel": "sms"}
    reply = Reply.model_validate(wanted | {"sender": sender, "text": said} | more)
    take_replies(session, [reply], actor=HOOK)
    session.expire_all()
    return session.scalars(select(InboundMessage).order_by(InboundMessage.id.desc())).first()  # type: ignore[return-value] # it was just kept


def refused(session: Session, kind: str, person: int) -> set[str | None]:
    """The purposes that the person refuses now; None is all of them."""
    rows = session.execute(
        text(
            "SELECT DISTINCT ON (purpose) purpose, opted_out FROM crm_contact_choices"
            " WHERE recipient_type = CAST(:kind AS crm_recipient) AND recipient_id = :person"
            " ORDER BY purpose, id DESC"
        ),
        {"kind": kind, "person": person},
    )
    return {row.purpose for row in rows if row.opted_out}


def test_a_reply_belongs_to_the_one_patient_with_the_number(
    session: Session, patient: MemberRead
) -> None:
    kept = take(session, patient.phone.removeprefix("+"), "YES")
    assert (kept.patient_id, kept.sender, kept.text) == (patient.id, patient.phone, "YES")
    assert (kept.answers_id, kept.handled_at, kept.outcome) == (None, None, None)


def test_a_number_that_two_share_belongs_to_neither(session: Session, patient: MemberRead) -> None:
    make_patient(session, "Obi Obi", phone=patient.phone, date_of_birth="1961-01-01")
    assert take(session, patient.phone, "YES").patient_id is None


def test_the_message_that_is_answered_tells_which_of_them(
    session: Session, patient: MemberRead
) -> None:
    mother = make_patient(session, "Obi Obi", phone=patient.phone, date_of_birth="1961-01-01")
    message = make_sent(session, mother.id, "of the mother")
    kept = take(session, patient.phone, "YES", context_id="of the mother")
    assert (kept.answers_id, kept.patient_id) == (message.id, mother.id)


def test_a_stranger_cannot_answer_somebody_s_message(session: Session, patient: MemberRead) -> None:
    make_sent(session, patient.id, "of the patient")
    kept = take(session, "+2348099999999", "NO", context_id="of the patient")
    assert (kept.answers_id, kept.patient_id) == (None, None)


def test_the_same_reply_twice_is_kept_once(session: Session, patient: MemberRead) -> None:
    for _ in range(2):
        take(session, patient.phone, "STOP", provider_id="same")
    assert session.scalar(select(func.count()).select_from(InboundMessage)) == 1
    assert session.scalar(select(func.count()).select_from(ContactChoice)) == 3


@pytest.mark.parametrize(
    "said", ["STOP", "stop", " Stop. ", "“STOP!”", "unsubscribe", "End", "QUIT", "Stop promotions"]
)
def test_a_stop_word_ends_what_needs_consent_and_says_so(
    session: Session, patient: MemberRead, said: str
) -> None:
    kept = take(session, patient.phone, said)

    assert refused(session, "patient", patient.id) == NEWS
    assert (kept.outcome, kept.handled_at is None) == ("opted_out", False)
    confirmation = session.scalars(select(Communication)).one()
    assert (confirmation.recipient_id, confirmation.status) == (patient.id, "pending")
    assert "STOPALL" in (confirmation.content or "")


@pytest.mark.parametrize("said", ["STOPALL", "stop all", "StopAll!"])
def test_stop_all_ends_the_channel_in_silence(
    session: Session, patient: MemberRead, said: str
) -> None:
    take(session, patient.phone, said)
    assert refused(session, "patient", patient.id) == {None}
    assert not session.scalars(select(Communication)).all()
    assert make_message(session, patient.id).reason == "opted_out"


@pytest.mark.parametrize(
    "said", ["CANCEL", "NO", "no", "Please stop calling", "stopped", "ENDED", "", "STOP it"]
)
def test_an_answer_is_no_stop_word(session: Session, patient: MemberRead, said: str) -> None:
    make_message(session, patient.id)
    kept = take(session, patient.phone, said)
    assert refused(session, "patient", patient.id) == set()
    assert kept.outcome is None


def test_stop_twice_is_confirmed_once(session: Session, patient: MemberRead) -> None:
    take(session, patient.phone, "STOP")
    take(session, patient.phone, "STOP")
    assert session.scalar(select(func.count()).select_from(Communication)) == 1


def test_start_takes_back_what_was_refused_and_no_more(
    session: Session, patient: MemberRead
) -> None:
    take(session, patient.phone, "STOPALL")
    take(session, patient.phone, "start")
    assert refused(session, "patient", patient.id) == set()
    assert session.scalar(select(func.count()).select_from(ContactChoice)) == 2


def test_stop_holds_for_everybody_with_the_number(session: Session, patient: MemberRead) -> None:
    mother = make_patient(session, "Obi Obi", phone=patient.phone, date_of_birth="1961-01-01")
    owner = make_owner(session, phone=patient.phone)
    take(session, patient.phone, "STOP")
    assert refused(session, "patient", patient.id) == NEWS
    assert refused(session, "patient", mother.id) == NEWS
    assert refused(session, "owner", owner.id) == NEWS
    assert session.scalar(select(func.count()).select_from(Communication)) == 1


def test_stop_is_for_the_channel_that_it_came_on(session: Session, patient: MemberRead) -> None:
    take(session, patient.phone, "STOP", channel="whatsapp", provider="whatsapp")
    assert set(session.scalars(select(ContactChoice.channel))) == {"whatsapp"}


def test_stop_of_a_stranger_is_kept_and_harms_nobody(session: Session) -> None:
    assert take(session, "+2348099999999", "STOP").outcome == "opted_out"
    assert not session.scalars(select(ContactChoice)).all()


def test_what_is_new_is_handed_on_by_the_worker(session: Session, patient: MemberRead) -> None:
    take(session, patient.phone, "STOP")
    kept = take(session, patient.phone, "Can I come at nine?")
    assert new_replies(session) == [kept.id]
    waiting = lock_new(session, kept.id)
    assert waiting is not None
    assert (waiting.patient_id, waiting.text) == (patient.id, kept.text)
    queued = session.scalars(text("SELECT task_name FROM procrastinate_jobs")).all()
    assert set(queued) == {HAND_ON}


def test_what_a_person_must_see_goes_on_waiting(session: Session, patient: MemberRead) -> None:
    kept = take(session, patient.phone, "Can I come at nine?")
    settle(session, kept.id, PERSON)
    session.expire_all()
    assert not new_replies(session)
    assert lock_new(session, kept.id) is None
    assert (kept.handled_at, kept.outcome) == (None, "person")


def test_a_conversation_lasts_a_day(session: Session, patient: MemberRead) -> None:
    kept = take(session, patient.phone, "hello", channel="whatsapp")
    assert in_conversation(session, "whatsapp", [patient.phone]) == {patient.phone}
    assert in_conversation(session, "sms", [patient.phone]) == set()
    session.execute(
        update(InboundMessage)
        .where(InboundMessage.id == kept.id)
        .values(received_at=utc_now() - timedelta(hours=24, seconds=1))
    )
    assert in_conversation(session, "whatsapp", [patient.phone]) == set()

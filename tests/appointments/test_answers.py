"""Answers of patients from every way in; the waitlist, and who gets a time that becomes free."""

from functools import partial
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.appointments import service, waiting
from crm_core.appointments.meaning import meaning_of
from crm_core.appointments.queries import (
    get_appointment,
    list_answers,
    list_appointments,
    notices_of,
)
from crm_core.appointments.schemas import (
    AnswerFilter,
    AnswerSettlement,
    AppointmentFilter,
    AppointmentRead,
    Cancellation,
    Meaning,
    Reschedule,
)
from crm_core.base.db import SessionFactory
from crm_core.base.errors import Conflict, NotFound
from crm_core.messaging.queries import list_communications
from crm_core.messaging.schemas import CommunicationFilter
from tests.appointments.waiting import (
    JOB,
    freed_with_one_waiting,
    inbound,
    offers,
    visit_or_offer,
    wait,
)
from tests.make_appointments import in_days, make_doctor, make_visit
from tests.make_patients import DESK, make_patient
from tests.together import together


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        ("YES", "yes"),
        ("yes please.", "yes"),
        (" Ok, I will come ", "yes"),
        ("Beeni", "yes"),
        ("1", "yes"),
        ("NO", "no"),
        ("cancel", "no"),
        ("No, sorry", "no"),
        ("no I can't come", "no"),
        ("No problem, I will come", "unclear"),
        ("Yes but I will be late", "unclear"),
        ("What is the address?", "unclear"),
        ("", "unclear"),
    ],
)
def test_words_are_taken_for_what_they_say(said: str, meaning: str) -> None:
    assert meaning_of(said) == meaning


def test_yes_confirms(session: Session) -> None:
    visit = make_visit(session)
    assert answer(session, visit, "Yes")
    after = get_appointment(session, visit.id)
    assert (after.status, after.asked) == ("confirmed", False)


def test_no_cancels_in_the_patients_name(session: Session) -> None:
    visit = make_visit(session)
    assert answer(session, visit, "NO")
    after = get_appointment(session, visit.id)
    assert (after.status, after.cancellation_reason) == ("cancelled", "patient")


def test_the_same_answer_twice_acts_once(session: Session) -> None:
    visit = make_visit(session)
    said = inbound(visit.patient_phone, "yes")
    assert service.take_answer(session, said)
    assert service.take_answer(session, said)
    assert len(list_answers(AnswerFilter()).page(session).rows) == 1


def test_a_message_that_answers_nothing_of_ours_is_handed_on(session: Session) -> None:
    assert not service.take_answer(session, inbound("+2348030009999", "yes"))


def test_a_question_that_answers_nothing_is_left_to_those_who_read_replies(
    session: Session,
) -> None:
    visit = make_visit(session)
    assert not answer(session, visit, "Must I come without breakfast?")
    message = notices_of(session, visit.id)[0].message_id
    said = inbound(visit.patient_phone, "Must I come without breakfast?", answers_id=message)
    assert service.take_answer(session, said)


def test_an_answer_goes_to_what_it_answers(session: Session) -> None:
    """Mother and child have one number: the provider says which message was answered."""
    mother = make_patient(session)
    child = make_patient(session, phone=mother.phone, first_name="Bisi")
    hers, his = make_visit(session, mother.id), make_visit(session, child.id)
    message = notices_of(session, his.id)[0].message_id
    assert service.take_answer(session, inbound(mother.phone, "yes", answers_id=message))
    assert get_appointment(session, hers.id).status == "scheduled"
    assert get_appointment(session, his.id).status == "confirmed"


def test_an_answer_that_two_visits_could_mean_goes_to_a_person(session: Session) -> None:
    mother = make_patient(session)
    child = make_patient(session, phone=mother.phone, first_name="Bisi")
    visits = [make_visit(session, mother.id), make_visit(session, child.id)]
    assert service.take_answer(session, inbound(mother.phone, "NO"))
    [waits] = list_answers(AnswerFilter(outcome="to_a_person")).page(session).rows
    assert sorted(waits.candidates) == [visit.id for visit in visits]
    assert {get_appointment(session, visit.id).status for visit in visits} == {"scheduled"}
    chosen = AnswerSettlement(appointment_id=visits[1].id, meaning=Meaning.NO)
    settled = service.settle_answer(session, waits.id, chosen, actor=DESK)
    assert settled.outcome == "settled"
    assert get_appointment(session, visits[1].id).cancellation_reason == "patient"
    with pytest.raises(Conflict):
        service.settle_answer(session, waits.id, chosen, actor=DESK)


def test_an_answer_to_a_visit_or_an_offer_is_settled_as_the_offer(session: Session) -> None:
    mine, offer, waits = visit_or_offer(session)
    assert (waits.candidates, waits.offer_candidates) == ([mine.id], [offer.id])
    chosen = AnswerSettlement(offer_id=offer.id, meaning=Meaning.YES)
    settled = service.settle_answer(session, waits.id, chosen, actor=DESK)
    assert (settled.settled_as, settled.offer_id) == ("booked", offer.id)
    assert settled.appointment_id is None
    assert waiting.get_entry(session, offer.waitlist_id).status == "booked"
    assert get_appointment(session, mine.id).status == "scheduled"


def test_who_meant_an_offer_that_is_gone_by_now_is_told(session: Session) -> None:
    _, offer, waits = visit_or_offer(session)
    make_visit(session, 0, offer.hospital_id, doctor_id=offer.doctor_id, at="12:00")
    chosen = AnswerSettlement(offer_id=offer.id, meaning=Meaning.YES)
    settled = service.settle_answer(session, waits.id, chosen, actor=DESK)
    assert (settled.outcome, settled.settled_as) == ("settled", "gone")
    told = CommunicationFilter(recipient_type="patient", recipient_id=offer.patient_id)
    assert list_communications(told).page(session).rows[0].message_type == "slot_gone"


def test_settling_too_late_says_so(session: Session) -> None:
    mine, _, waits = visit_or_offer(session)
    service.arrive(session, mine.id, actor=DESK)
    chosen = AnswerSettlement(appointment_id=mine.id, meaning=Meaning.NO)
    settled = service.settle_answer(session, waits.id, chosen, actor=DESK)
    assert settled.settled_as == "late"
    assert get_appointment(session, mine.id).status == "arrived"


def test_an_answer_is_settled_as_a_visit_or_as_an_offer() -> None:
    with pytest.raises(ValidationError, match="not both"):
        AnswerSettlement(appointment_id=1, offer_id=1)


def test_an_offer_that_is_not_there_settles_nothing(session: Session) -> None:
    *_, waits = visit_or_offer(session)
    with pytest.raises(NotFound):
        service.settle_answer(session, waits.id, AnswerSettlement(offer_id=10**9), actor=DESK)


def test_the_newest_question_counts_and_one_answered_is_none(session: Session) -> None:
    patient = make_patient(session)
    first, second = make_visit(session, patient.id), make_visit(session, patient.id, day=in_days(4))
    service.answer_visit(session, notices_of(session, first.id)[0].id, Meaning.YES)
    assert service.take_answer(session, inbound(patient.phone, "no"))
    assert get_appointment(session, first.id).status == "confirmed"
    assert get_appointment(session, second.id).status == "cancelled"


def test_an_unclear_answer_goes_to_a_person(session: Session) -> None:
    visit = make_visit(session)
    assert answer(session, visit, "Yes, but can I bring my son?")
    assert get_appointment(session, visit.id).status == "scheduled"
    [waits] = list_answers(AnswerFilter(outcome="to_a_person")).page(session).rows
    aside = service.settle_answer(session, waits.id, AnswerSettlement(), actor=DESK)
    assert (aside.outcome, aside.appointment_id) == ("settled", None)


def test_a_late_answer_changes_nothing(session: Session) -> None:
    visit = make_visit(session)
    message = notices_of(session, visit.id)[0].message_id
    service.arrive(session, visit.id, actor=DESK)
    assert service.take_answer(session, inbound(visit.patient_phone, "no", answers_id=message))
    assert get_appointment(session, visit.id).status == "arrived"
    assert list_answers(AnswerFilter()).page(session).rows[0].outcome == "late"


def test_a_link_answers_once(session: Session) -> None:
    visit = make_visit(session)
    notice = notices_of(session, visit.id)[0].id
    assert service.answer_visit(session, notice, Meaning.YES) == "confirmed"
    with pytest.raises(Conflict, match="used already"):
        service.answer_visit(session, notice, Meaning.NO)
    assert get_appointment(session, visit.id).status == "confirmed"


def test_a_link_of_the_time_before_does_not_count(session: Session) -> None:
    visit = make_visit(session)
    notice = notices_of(session, visit.id)[0].id
    wanted = {"appointment_date": in_days(5), "appointment_time": "09:00"}
    service.reschedule_appointment(session, visit.id, Reschedule.model_validate(wanted), actor=DESK)
    with pytest.raises(Conflict, match="another time"):
        service.answer_visit(session, notice, Meaning.NO)


def test_a_freed_time_is_offered_and_the_yes_books_it(session: Session) -> None:
    visit, entry = freed_with_one_waiting(session)
    [offer] = offers(session)
    assert (offer.status, offer.starts_at) == ("open", visit.starts_at)
    assert service.take_answer(session, inbound(entry.patient_phone, "yes"))
    [booked] = list_appointments(AppointmentFilter(patient_id=entry.patient_id)).page(session).rows
    assert (booked.status, booked.starts_at) == ("confirmed", visit.starts_at)
    assert waiting.get_entry(session, entry.id).appointment_id == booked.id
    assert offers(session)[0].status == "taken"


def test_the_patients_own_no_offers_the_time(session: Session) -> None:
    doctor = make_doctor(session)
    visit = make_visit(session, 0, doctor.hospital_id, doctor_id=doctor.id)
    wait(session, doctor.hospital_id)
    answer(session, visit, "no")
    service.send_offers(session, actor=JOB)
    assert [offer.status for offer in offers(session)] == ["open"]


def test_no_keeps_the_place_on_the_list(session: Session) -> None:
    _, entry = freed_with_one_waiting(session)
    assert service.take_answer(session, inbound(entry.patient_phone, "no"))
    assert offers(session)[0].status == "declined"
    assert waiting.get_entry(session, entry.id).status == "waiting"


def test_who_is_too_late_is_told_that_it_is_gone(session: Session) -> None:
    visit, entry = freed_with_one_waiting(session)
    message = session.execute(text("SELECT message_id FROM crm_slot_offers")).scalar_one()
    make_visit(session, 0, visit.hospital_id, doctor_id=visit.doctor_id)
    said = inbound(entry.patient_phone, "yes", answers_id=message)
    assert service.take_answer(session, said)
    told = CommunicationFilter(recipient_type="patient", recipient_id=entry.patient_id)
    assert list_communications(told).page(session).rows[0].message_type == "slot_gone"
    assert waiting.get_entry(session, entry.id).status == "waiting"


def test_of_many_who_say_yes_at_once_one_gets_the_time(own_database: str) -> None:
    with SessionFactory.begin() as session:
        doctor = make_doctor(session)
        visit = make_visit(session, 0, doctor.hospital_id, doctor_id=doctor.id)
        entries = [wait(session, doctor.hospital_id) for _ in range(5)]
        service.cancel_appointment(session, visit.id, Cancellation(), actor=DESK)
        service.send_offers(session, actor=JOB)
        ids = [offer.id for offer in offers(session)]
    assert len(ids) == 5

    def say_yes(offer_id: int) -> Any:
        with SessionFactory.begin() as session:
            return service.answer_offer(session, offer_id, Meaning.YES)

    outcomes = together([partial(say_yes, one) for one in ids])
    assert sorted(map(str, outcomes)) == ["booked", "gone", "gone", "gone", "gone"]
    with SessionFactory() as session:
        states = [waiting.get_entry(session, entry.id).status for entry in entries]
        assert sorted(states) == ["booked", "waiting", "waiting", "waiting", "waiting"]
        assert sorted(offer.status for offer in offers(session)) == ["gone"] * 4 + ["taken"]


def test_higher_tiers_hear_of_it_earlier(session: Session) -> None:
    doctor = make_doctor(session)
    visit = make_visit(session, 0, doctor.hospital_id, doctor_id=doctor.id)
    bronze, gold = wait(session, doctor.hospital_id), wait(session, doctor.hospital_id)
    session.execute(
        text("UPDATE crm_loyalty_accounts SET tier = 'gold' WHERE id = :id"),
        {"id": gold.patient_id},
    )
    service.cancel_appointment(session, visit.id, Cancellation(), actor=DESK)
    service.send_offers(session, actor=JOB)
    states = {offer.patient_id: offer for offer in offers(session)}
    assert states[gold.patient_id].status == "open"
    assert states[bronze.patient_id].status == "waiting"
    later = states[bronze.patient_id].opens_at - states[gold.patient_id].opens_at
    assert later.total_seconds() == 20 * 60  # two tiers, ten minutes each


def test_only_those_are_asked_whom_the_time_suits(session: Session) -> None:
    doctor = make_doctor(session)
    other = make_doctor(session, doctor.hospital_id)
    visit = make_visit(session, 0, doctor.hospital_id, doctor_id=doctor.id)
    suits = wait(session, doctor.hospital_id, doctor_id=doctor.id)
    wait(session, doctor.hospital_id, doctor_id=other.id)
    wait(session, doctor.hospital_id, duration_minutes=60)
    wait(session, doctor.hospital_id, from_day=in_days(10), to_day=in_days(12))
    wait(session, make_doctor(session).hospital_id)
    busy = wait(session, doctor.hospital_id)
    make_visit(session, busy.patient_id)
    service.cancel_appointment(session, visit.id, Cancellation(), actor=DESK)
    assert [offer.patient_id for offer in offers(session)] == [suits.patient_id]


def test_an_offer_ends(session: Session) -> None:
    _, entry = freed_with_one_waiting(session)
    session.execute(text("UPDATE crm_slot_offers SET expires_at = now() - interval '1 minute'"))
    [offer] = offers(session)
    assert service.answer_offer(session, offer.id, Meaning.YES) == "gone"
    service.send_offers(session, actor=JOB)
    assert offers(session)[0].status == "expired"
    assert not service.take_answer(session, inbound(entry.patient_phone, "yes"))


def test_who_leaves_the_list_is_offered_nothing(session: Session) -> None:
    _, entry = freed_with_one_waiting(session)
    service.leave_waitlist(session, entry.id, actor=DESK)
    assert offers(session)[0].status == "gone"
    with pytest.raises(Conflict):
        service.leave_waitlist(session, entry.id, actor=DESK)


def answer(session: Session, visit: AppointmentRead, said: str) -> bool:
    """The patient writes back, and the provider does not say to what."""
    return service.take_answer(session, inbound(visit.patient_phone, said))

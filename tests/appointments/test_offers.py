"""A freed time is offered where it can be had, again where it is free again, and to one only."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.appointments import service, waiting
from crm_core.appointments.queries import list_appointments
from crm_core.appointments.schemas import (
    AppointmentFilter,
    AppointmentRead,
    Cancellation,
    Meaning,
    StepBack,
)
from crm_core.base.db import SessionFactory
from crm_core.hospitals import doctors
from crm_core.hospitals.schemas import DoctorUpdate
from crm_core.messaging.queries import list_communications
from crm_core.messaging.schemas import CommunicationFilter
from crm_core.patients.schemas import StatusChange
from crm_core.patients.service import change_status
from tests.appointments.waiting import (
    JOB,
    free,
    freed_of,
    freed_with_one_waiting,
    offers,
    wait,
)
from tests.make_appointments import SUPERVISOR, make_doctor, make_hours, make_leave, make_visit
from tests.make_patients import DESK

WHY = StepBack(reason="a wrong click")
DECEASED = StatusChange(status="deceased", reason="certificate")


def test_a_time_within_leave_is_offered_to_nobody(session: Session) -> None:
    doctor = make_doctor(session)
    visit = make_visit(session, 0, doctor.hospital_id, doctor_id=doctor.id)
    wait(session, doctor.hospital_id)
    away(session, visit)
    service.cancel_appointment(session, visit.id, Cancellation(), actor=DESK)
    assert offers(session) == []


def test_leave_that_only_touches_a_time_does_not_keep_it_from_being_offered(
    session: Session,
) -> None:
    doctor = make_doctor(session)
    visit = make_visit(session, 0, doctor.hospital_id, doctor_id=doctor.id)
    wait(session, doctor.hospital_id)
    hour = timedelta(hours=1)
    make_leave(session, doctor.id, visit.starts_at - hour, visit.starts_at)
    make_leave(session, doctor.id, visit.ends_at, visit.ends_at + hour)
    service.cancel_appointment(session, visit.id, Cancellation(), actor=DESK)
    assert len(offers(session)) == 1


@pytest.mark.parametrize("why", ["leave", "left"])
def test_nobody_is_written_to_once_the_doctor_is_away(session: Session, why: str) -> None:
    doctor = make_doctor(session)
    visit = make_visit(session, 0, doctor.hospital_id, doctor_id=doctor.id)
    wait(session, doctor.hospital_id)
    service.cancel_appointment(session, visit.id, Cancellation(), actor=DESK)
    _hinder(session, visit, why)
    service.send_offers(session, actor=JOB)
    assert [offer.status for offer in offers(session)] == ["gone"]


@pytest.mark.parametrize("why", ["leave", "left", "died"])
def test_a_yes_books_nothing_that_the_desk_could_not_book(session: Session, why: str) -> None:
    visit, entry = freed_with_one_waiting(session)
    [offer] = offers(session)
    if why == "died":
        change_status(session, entry.patient_id, DECEASED, actor=DESK)
    else:
        _hinder(session, visit, why)
    assert service.answer_offer(session, offer.id, Meaning.YES) == "gone"
    assert waiting.get_entry(session, entry.id).status == "waiting"
    mine = AppointmentFilter(patient_id=entry.patient_id)
    assert list_appointments(mine).page(session).rows == []


def test_a_time_outside_the_hours_that_a_supervisor_gave_is_offered_like_another(
    session: Session,
) -> None:
    visit, entry = freed_with_one_waiting(session)
    weekday = visit.appointment_date.isoweekday() % 7 + 1
    make_hours(session, visit.doctor_id or 0, days=str(weekday))
    [offer] = offers(session)
    assert service.answer_offer(session, offer.id, Meaning.YES) == "booked"
    assert waiting.get_entry(session, entry.id).status == "booked"


def test_nothing_is_offered_to_the_dead(session: Session) -> None:
    doctor = make_doctor(session)
    visit = make_visit(session, 0, doctor.hospital_id, doctor_id=doctor.id)
    change_status(session, wait(session, doctor.hospital_id).patient_id, DECEASED, actor=DESK)
    service.cancel_appointment(session, visit.id, Cancellation(), actor=DESK)
    assert offers(session) == []


@pytest.mark.usefixtures("own_database")
@pytest.mark.parametrize("how", ["gone", "expired"])
def test_a_time_that_is_freed_again_is_offered_again(how: str) -> None:
    with SessionFactory.begin() as session:
        visit, entry = freed_with_one_waiting(session)
        if how == "expired":
            session.execute(text("UPDATE crm_slot_offers SET expires_at = now()"))
            service.send_offers(session, actor=JOB)
        service.undo(session, visit.id, WHY, actor=SUPERVISOR)
        assert [offer.status for offer in offers(session)] == [how]
    with SessionFactory.begin() as session:
        service.cancel_appointment(session, visit.id, Cancellation(), actor=DESK)
        service.send_offers(session, actor=JOB)
        [offer] = offers(session)
        assert offer.status == "open"
        assert len(written(session, entry.patient_id)) == 2
        assert service.answer_offer(session, offer.id, Meaning.YES) == "booked"


def test_who_said_no_to_a_time_is_not_asked_again(session: Session) -> None:
    visit, entry = freed_with_one_waiting(session)
    service.answer_offer(session, offers(session)[0].id, Meaning.NO)
    service.undo(session, visit.id, WHY, actor=SUPERVISOR)
    service.cancel_appointment(session, visit.id, Cancellation(), actor=DESK)
    service.send_offers(session, actor=JOB)
    assert [offer.status for offer in offers(session)] == ["declined"]
    assert len(written(session, entry.patient_id)) == 1


def test_an_earlier_yes_of_two_freed_times_closes_the_other(session: Session) -> None:
    visits = freed_of(session, 2)
    entry = wait(session, visits[0].hospital_id)
    free(session, visits)
    first, second = (offer.id for offer in offers(session))
    assert service.answer_offer(session, first, Meaning.YES) == "booked"
    assert service.answer_offer(session, second, Meaning.YES) == "gone"
    assert waiting.get_entry(session, entry.id).status == "booked"


def away(session: Session, visit: AppointmentRead) -> None:
    """The doctor is on leave for the last minutes of the visit and the hours after it."""
    begins = visit.ends_at - timedelta(minutes=5)
    make_leave(session, visit.doctor_id or 0, begins, begins + timedelta(hours=8))


def written(session: Session, patient_id: int) -> list[Any]:
    """The messages that offered this patient a time."""
    asked = CommunicationFilter(recipient_type="patient", recipient_id=patient_id)
    rows = list_communications(asked).page(session).rows
    return [row for row in rows if row.message_type == "slot_offer"]


def _hinder(session: Session, visit: AppointmentRead, why: str) -> None:
    if why == "leave":
        away(session, visit)
    else:
        left = DoctorUpdate(active=False)
        doctors.update_doctor(session, visit.doctor_id or 0, left, actor=SUPERVISOR)

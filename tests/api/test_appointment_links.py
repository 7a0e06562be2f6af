"""The pages behind the links in messages, and the calendar: plain words, one tap, once."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.appointments import service
from crm_core.appointments.queries import get_appointment, notices_of
from crm_core.appointments.schemas import AppointmentRead, Cancellation, WaitlistCreate
from crm_core.base.clock import utc_now
from crm_core.base.links import make_link
from crm_core.hospitals.doctors import renew_calendar
from crm_core.messaging.queries import get_communication
from crm_core.people.schemas import machine
from tests.api.calls import API
from tests.make_appointments import SUPERVISOR, in_days, make_doctor, make_visit
from tests.make_patients import DESK, make_patient

JOB = machine("job:send_offers")


@pytest.fixture
def visit(session: Session) -> AppointmentRead:
    made = make_visit(session, make_patient(session, "Ada Obi").id, day=in_days(3), at="10:30")
    session.commit()
    return made


def address(session: Session, visit: AppointmentRead) -> str:
    """The link as it stands in the message."""
    message = notices_of(session, visit.id)[-1].message_id
    words = (get_communication(session, message or 0).content or "").split()
    [link] = [word for word in words if "/links/" in word]
    return link.removeprefix("http://localhost:8000")


def status(session: Session, visit: AppointmentRead) -> str:
    """Where the visit stands by now."""
    session.expire_all()
    return get_appointment(session, visit.id).status


def test_opening_the_link_asks_and_changes_nothing(
    anonymous: TestClient, session: Session, visit: AppointmentRead
) -> None:
    for _ in range(3):
        page = anonymous.get(address(session, visit))
        assert page.status_code == 200
        assert "Hello Ada" in page.text
        assert "at 10:30 (Lagos time)" in page.text
        assert "Yes, I will come" in page.text
    assert status(session, visit) == "scheduled"


def test_yes_confirms_and_the_link_works_once(
    anonymous: TestClient, session: Session, visit: AppointmentRead
) -> None:
    link = address(session, visit)
    assert "we expect you" in anonymous.post(link, data={"action": "yes"}).text
    assert status(session, visit) == "confirmed"
    again = anonymous.post(link, data={"action": "no"})
    assert again.status_code == 409
    assert "used already" in again.text
    assert status(session, visit) == "confirmed"
    assert "You told us that you will come" in anonymous.get(link).text


def test_no_cancels_for_the_patient(
    anonymous: TestClient, session: Session, visit: AppointmentRead
) -> None:
    page = anonymous.post(address(session, visit), data={"action": "no"})
    assert "cancelled" in page.text
    session.expire_all()
    assert get_appointment(session, visit.id).cancellation_reason == "patient"


def test_a_link_that_was_altered_or_is_over_says_so(
    anonymous: TestClient, session: Session, visit: AppointmentRead
) -> None:
    link = address(session, visit)
    assert anonymous.get(f"{link[:-1]}x").status_code == 404
    assert anonymous.get(link.replace("/visit/", "/offer/")).status_code == 404
    over = make_link("visit", 1, expires_at=utc_now() - timedelta(minutes=2))
    page = anonymous.get(f"{API}/links/visit/{over}")
    assert page.status_code == 409
    assert "expired" in page.text


def test_a_visit_that_is_over_is_no_question(
    anonymous: TestClient, session: Session, visit: AppointmentRead
) -> None:
    link = address(session, visit)
    service.cancel_appointment(session, visit.id, Cancellation(), actor=DESK)
    session.commit()
    assert "not open any more" in anonymous.get(link).text
    assert "too late" in anonymous.post(link, data={"action": "yes"}).text
    assert status(session, visit) == "cancelled"


def test_names_are_shown_as_they_are_written(anonymous: TestClient, session: Session) -> None:
    made = make_visit(session, make_patient(session, "<b>Ada</b> Obi").id)
    session.commit()
    assert "&lt;b&gt;Ada" in anonymous.get(address(session, made)).text


def test_an_offered_time_is_taken_by_its_link(anonymous: TestClient, session: Session) -> None:
    doctor = make_doctor(session)
    freed = make_visit(session, 0, doctor.hospital_id, doctor_id=doctor.id)
    wanted = WaitlistCreate(
        patient_id=make_patient(session).id,
        hospital_id=doctor.hospital_id,
        from_day=in_days(0),
        to_day=in_days(9),
    )
    service.join_waitlist(session, wanted, actor=DESK)
    service.cancel_appointment(session, freed.id, Cancellation(), actor=DESK)
    service.send_offers(session, actor=JOB)
    session.commit()
    offer = session.execute(text("SELECT id FROM crm_slot_offers")).scalar_one()
    link = f"{API}/links/offer/{make_link('offer', offer, expires_at=freed.starts_at)}"
    assert "Yes, book it for me" in anonymous.get(link).text
    assert "It is booked" in anonymous.post(link, data={"action": "yes"}).text
    assert "This time is yours" in anonymous.get(link).text


def test_a_time_that_is_gone_says_so(anonymous: TestClient, session: Session) -> None:
    doctor = make_doctor(session)
    freed = make_visit(session, 0, doctor.hospital_id, doctor_id=doctor.id)
    wanted = WaitlistCreate(
        patient_id=make_patient(session).id,
        hospital_id=doctor.hospital_id,
        from_day=in_days(0),
        to_day=in_days(9),
    )
    service.join_waitlist(session, wanted, actor=DESK)
    service.cancel_appointment(session, freed.id, Cancellation(), actor=DESK)
    service.send_offers(session, actor=JOB)
    offer = session.execute(text("SELECT id FROM crm_slot_offers")).scalar_one()
    make_visit(session, 0, doctor.hospital_id, doctor_id=doctor.id)
    session.commit()
    link = f"{API}/links/offer/{make_link('offer', offer, expires_at=freed.starts_at)}"
    assert "This time is gone" in anonymous.post(link, data={"action": "yes"}).text


def test_a_doctors_calendar_has_shortened_names_in_utc(
    anonymous: TestClient, session: Session
) -> None:
    doctor = make_doctor(session, name="Dr Bello, Surgeon; Lagos")
    patient = make_patient(session, "Ada Obi")
    visit = make_visit(
        session, patient.id, doctor.hospital_id, in_days(3), "10:30", doctor_id=doctor.id
    )
    gone = make_visit(session, 0, doctor.hospital_id, in_days(4), doctor_id=doctor.id)
    service.cancel_appointment(session, gone.id, Cancellation(), actor=DESK)
    secret = renew_calendar(session, doctor.id, actor=SUPERVISOR)
    session.commit()
    feed = anonymous.get(f"{API}/calendars/{secret}.ics").text
    lines = feed.split("\r\n")
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-2:] == ["END:VCALENDAR", ""]
    assert feed.count("BEGIN:VEVENT") == 1
    assert f"DTSTART:{in_days(3):%Y%m%d}T093000Z" in lines
    assert "SUMMARY:Consultation: Ada O." in lines
    assert "X-WR-CALNAME:Dr Bello\\, Surgeon\\; Lagos" in lines
    assert "Obi" not in feed
    assert patient.phone not in feed
    assert f"UID:{visit.appointment_code}@appointments" in lines
    assert all(len(line.encode()) <= 75 for line in lines)


def test_a_new_link_ends_the_one_before(anonymous: TestClient, session: Session) -> None:
    doctor = make_doctor(session)
    first = renew_calendar(session, doctor.id, actor=SUPERVISOR)
    second = renew_calendar(session, doctor.id, actor=SUPERVISOR)
    session.commit()
    assert anonymous.get(f"{API}/calendars/{first}.ics").status_code == 404
    assert anonymous.get(f"{API}/calendars/{second}.ics").status_code == 200

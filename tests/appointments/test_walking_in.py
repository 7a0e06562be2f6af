"""Somebody who stands there is let in at once, or at the doctor's next free time of the day."""

from datetime import time, timedelta

import pytest
from sqlalchemy.orm import Session

from crm_core.appointments import service, slots
from crm_core.appointments.queries import notices_of
from crm_core.appointments.schemas import AppointmentRead, WalkIn
from crm_core.appointments.service import booking
from crm_core.base.clock import from_lagos, lagos_today, utc_now
from crm_core.base.errors import Conflict
from crm_core.hospitals.schemas import DoctorRead
from tests.make_appointments import in_days, make_doctor, make_hours
from tests.make_business import make_hospital
from tests.make_patients import DESK, make_patient


def test_somebody_who_walks_in_has_arrived(session: Session) -> None:
    patient = make_patient(session)
    wanted = WalkIn(patient_id=patient.id, hospital_id=make_hospital(session).id)
    visit = service.walk_in(session, wanted, actor=DESK)
    assert (visit.status, visit.walk_in) == ("arrived", True)
    assert visit.checked_in_at is not None
    assert abs(visit.starts_at - utc_now()) < timedelta(minutes=2)
    assert notices_of(session, visit.id) == []


def test_walking_in_to_a_busy_doctor_gets_the_next_free_time(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock(monkeypatch, time(12, 7))
    doctor = open_all_day(session)
    first, second = walked_in(session, doctor), walked_in(session, doctor)
    assert [f"{one.appointment_time:%H:%M}" for one in (first, second)] == ["12:07", "12:15"]


def test_late_in_the_evening_a_busy_doctor_has_no_free_time_left(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_clock(monkeypatch, time(23, 50))
    doctor = open_all_day(session)
    assert walked_in(session, doctor).appointment_date == in_days(0)
    with pytest.raises(Conflict, match="no free time left today"):
        walked_in(session, doctor)


def set_clock(monkeypatch: pytest.MonkeyPatch, moment: time) -> None:
    """Lets walking in look at this time of today, whatever the time is."""
    now = from_lagos(lagos_today(), moment)
    monkeypatch.setattr(booking, "utc_now", lambda: now)
    monkeypatch.setattr(slots, "utc_now", lambda: now)


def open_all_day(session: Session) -> DoctorRead:
    """A doctor who works day and night."""
    doctor = make_doctor(session)
    make_hours(session, doctor.id, "00:00", "23:59", days="1234567")
    return doctor


def walked_in(session: Session, doctor: DoctorRead) -> AppointmentRead:
    """Somebody new stands there for this doctor, for five minutes."""
    wanted = WalkIn(
        patient_id=make_patient(session).id,
        hospital_id=doctor.hospital_id,
        doctor_id=doctor.id,
        duration_minutes=5,
    )
    return service.walk_in(session, wanted, actor=DESK)

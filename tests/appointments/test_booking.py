"""Booking a visit: never two at once, within the doctor's hours, told to the patient."""

import itertools
from datetime import date, time, timedelta
from functools import partial
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.appointments import service
from crm_core.appointments.queries import get_appointment, list_appointments, notices_of
from crm_core.appointments.schemas import (
    AppointmentFilter,
    AppointmentStatus,
    AppointmentUpdate,
    Cancellation,
    Reschedule,
)
from crm_core.base import parameters
from crm_core.base.clock import from_lagos, to_lagos
from crm_core.base.db import SessionFactory
from crm_core.base.errors import Conflict, Forbidden, Invalid
from crm_core.messaging.queries import get_communication
from crm_core.patients.schemas import StatusChange
from crm_core.patients.service import change_status
from tests.make import make_actor
from tests.make_appointments import (
    SUPERVISOR,
    asked_for,
    in_days,
    make_department,
    make_doctor,
    make_hours,
    make_leave,
    make_visit,
    next_weekday,
)
from tests.make_business import make_hospital
from tests.make_patients import DESK, make_patient
from tests.together import together


def test_a_booking_shows_the_time_of_lagos_and_who_it_is(session: Session) -> None:
    patient = make_patient(session, "Ada Obi")
    visit = make_visit(session, patient.id, day=in_days(3), at="00:15", reason="Headache")
    assert visit.appointment_code.startswith("APT-")
    assert (visit.appointment_date, str(visit.appointment_time)) == (in_days(3), "00:15:00")
    # A quarter past midnight in Lagos is still the day before in Greenwich.
    assert visit.starts_at.date() == in_days(2)
    assert visit.patient_name == "Ada Obi"
    assert visit.patient_phone == patient.phone
    assert (visit.status, visit.duration_minutes) == (AppointmentStatus.SCHEDULED, 30)


def test_the_patient_is_told_with_a_link(session: Session) -> None:
    visit = make_visit(session, day=in_days(3), at="10:30")
    [notice] = notices_of(session, visit.id)
    assert (notice.kind, notice.outcome) == ("booked", "queued")
    assert notice.message_id is not None
    message = get_communication(session, notice.message_id)
    assert message.message_type == "appointment_confirmation"
    assert "10:30" in (message.content or "")
    assert "/links/visit/" in (message.content or "")
    assert visit.asked


def test_a_patient_who_cannot_be_written_to_is_booked_and_the_reason_kept(session: Session) -> None:
    nothing = {"sms": False, "email": False, "whatsapp": False, "push": False}
    patient = make_patient(session, communication_preferences=nothing)
    visit = make_visit(session, patient.id)
    [notice] = notices_of(session, visit.id)
    assert notice.outcome == "skipped"
    assert notice.skip_reason
    assert not visit.asked


def test_visits_that_touch_both_fit(session: Session) -> None:
    doctor = make_doctor(session)
    first, second = (make_patient(session) for _ in range(2))
    make_visit(session, first.id, doctor.hospital_id, at="10:00", doctor_id=doctor.id)
    make_visit(session, second.id, doctor.hospital_id, at="10:30", doctor_id=doctor.id)
    make_visit(session, first.id, doctor.hospital_id, at="10:30")


@pytest.mark.parametrize("at", ["09:45", "10:00", "10:15", "10:29"])
def test_a_doctor_is_not_booked_twice_at_once(session: Session, at: str) -> None:
    doctor = make_doctor(session)
    taken = make_visit(session, 0, doctor.hospital_id, doctor_id=doctor.id)
    with pytest.raises(Conflict, match=f"doctor has {taken.appointment_code} from 10:00 to 10:30"):
        make_visit(session, 0, doctor.hospital_id, at=at, doctor_id=doctor.id)


def test_a_patient_is_not_booked_twice_at_once_even_elsewhere(session: Session) -> None:
    patient = make_patient(session)
    make_visit(session, patient.id)
    with pytest.raises(Conflict, match="The patient has APT"):
        make_visit(session, patient.id, at="10:10")


def test_a_visit_over_midnight_blocks_the_next_day(session: Session) -> None:
    doctor = make_doctor(session)
    last = date(in_days(40).year, in_days(40).month, 1) - timedelta(days=1)
    last = last if last > in_days(1) else in_days(40)
    night: dict[str, Any] = {"doctor_id": doctor.id, "duration_minutes": 60}
    make_visit(session, 0, doctor.hospital_id, last, "23:30", **night)
    with pytest.raises(Conflict):
        make_visit(session, 0, doctor.hospital_id, last + timedelta(days=1), "00:15", **night)
    make_visit(session, 0, doctor.hospital_id, last + timedelta(days=1), "00:30", **night)


@pytest.mark.parametrize("status", ["cancelled", "no_show"])
def test_what_was_cancelled_or_missed_leaves_its_time_free(session: Session, status: str) -> None:
    doctor = make_doctor(session)
    visit = make_visit(session, 0, doctor.hospital_id, doctor_id=doctor.id)
    more = ", cancelled_at = now()" if status == "cancelled" else ""
    session.execute(
        text(f"UPDATE crm_appointments SET status = :status{more} WHERE id = :id"),
        {"status": status, "id": visit.id},
    )
    make_visit(session, 0, doctor.hospital_id, doctor_id=doctor.id)


def test_plain_sql_cannot_overlap_either(own_database: str) -> None:
    with SessionFactory.begin() as session:
        doctor = make_doctor(session)
        make_visit(session, 0, doctor.hospital_id, doctor_id=doctor.id)
        other = make_patient(session)
    with (
        psycopg.connect(own_database) as connection,
        pytest.raises(psycopg.errors.ExclusionViolation),
    ):
        connection.execute(
            "INSERT INTO crm_appointments (patient_id, hospital_id, doctor_id, starts_at, type,"
            " created_by) SELECT %s, hospital_id, doctor_id, starts_at + interval '29 minutes',"
            " type, 'sql' FROM crm_appointments",
            [other.id],
        )


def test_fifty_at_once_book_one_day_of_a_doctor_without_overlap(own_database: str) -> None:
    with SessionFactory.begin() as session:
        doctor = make_doctor(session)
        patients = [make_patient(session).id for _ in range(50)]
    times = [f"{9 + n // 4:02d}:{n % 4 * 15:02d}" for n in range(10)]

    def book(number: int) -> Any:
        wanted = asked_for(
            patients[number], doctor.hospital_id, at=times[number % 10], doctor_id=doctor.id
        )
        with SessionFactory.begin() as session:
            return service.create_appointment(session, wanted, actor=DESK)

    outcomes: list[Any] = together([partial(book, number) for number in range(50)])
    refused = [one for one in outcomes if isinstance(one, BaseException)]
    assert {type(one) for one in refused} == {Conflict}
    assert all("The doctor has APT-" in str(one) for one in refused)
    booked = sorted((one.starts_at, one.ends_at) for one in outcomes if one not in refused)
    assert len(booked) >= 4
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(booked))


def test_racing_plain_inserts_and_bookings_end_in_a_sentence(own_database: str) -> None:
    """Without the service's lock only the constraint is left: it is a Conflict, no error."""
    with SessionFactory.begin() as session:
        doctor = make_doctor(session)
        one, other = make_patient(session), make_patient(session)
    with psycopg.connect(own_database) as sneaky, SessionFactory() as session:
        sneaky.execute(
            "INSERT INTO crm_appointments (patient_id, hospital_id, doctor_id, starts_at, type,"
            " created_by) VALUES (%s, %s, %s, %s, 'consultation', 'sql')",
            [one.id, doctor.hospital_id, doctor.id, from_lagos(in_days(2), TEN)],
        )
        outcomes = together(
            [
                sneaky.commit,
                lambda: service.create_appointment(
                    session,
                    asked_for(other.id, doctor.hospital_id, doctor_id=doctor.id),
                    actor=DESK,
                ),
            ]
        )
    assert isinstance(outcomes[1], Conflict)


def test_outside_the_hours_takes_a_supervisor_and_a_reason(session: Session) -> None:
    doctor = make_doctor(session)
    make_hours(session, doctor.id, "09:00", "12:00")
    late: dict[str, Any] = {"day": next_weekday(2), "at": "11:45", "doctor_id": doctor.id}
    with pytest.raises(Conflict, match="does not work at that time"):
        make_visit(session, 0, doctor.hospital_id, **late)
    with pytest.raises(Forbidden):
        make_visit(session, 0, doctor.hospital_id, **late, override_reason="asked to")
    wanted = asked_for(
        make_patient(session).id, doctor.hospital_id, **late, override_reason="asked to"
    )
    visit = service.create_appointment(session, wanted, actor=SUPERVISOR)
    assert visit.override_reason == "asked to"


def test_an_override_that_is_not_needed_is_not_kept(session: Session) -> None:
    visit = make_visit(session, doctor_id=None, override_reason="just in case")
    assert visit.override_reason is None


def test_an_emergency_is_seen_outside_the_hours(session: Session) -> None:
    doctor = make_doctor(session)
    make_hours(session, doctor.id, "09:00", "12:00")
    visit = make_visit(
        session, 0, doctor.hospital_id, at="23:00", doctor_id=doctor.id, type="emergency"
    )
    assert visit.type == "emergency"


def test_nobody_is_booked_into_leave(session: Session) -> None:
    doctor = make_doctor(session)
    day = in_days(5)
    make_leave(session, doctor.id, from_lagos(day, TEN), from_lagos(day, TEN) + timedelta(hours=2))
    with pytest.raises(Conflict):
        make_visit(session, 0, doctor.hospital_id, day, "11:30", doctor_id=doctor.id)
    make_visit(session, 0, doctor.hospital_id, day, "12:00", doctor_id=doctor.id)
    make_visit(session, 0, doctor.hospital_id, day, "09:30", doctor_id=doctor.id)


def test_a_night_shift_reaches_into_the_next_day(session: Session) -> None:
    doctor = make_doctor(session)
    make_hours(session, doctor.id, "20:00", "06:00", days="1")
    monday = next_weekday(1)
    tuesday = monday + timedelta(days=1)
    make_visit(session, 0, doctor.hospital_id, monday, "23:45", doctor_id=doctor.id)
    make_visit(session, 0, doctor.hospital_id, tuesday, "05:30", doctor_id=doctor.id)
    with pytest.raises(Conflict):
        make_visit(session, 0, doctor.hospital_id, tuesday, "05:45", doctor_id=doctor.id)


def test_days_that_are_over_and_far_ahead_are_slips(session: Session) -> None:
    for day in (in_days(-1), in_days(800)):
        with pytest.raises(Invalid) as refused:
            make_visit(session, day=day)
        assert refused.value.problems[0].path == "appointment_date"


def test_doctor_and_department_are_of_the_hospital(session: Session) -> None:
    hospital, elsewhere = make_hospital(session), make_hospital(session)
    doctor = make_doctor(session, elsewhere.id)
    department = make_department(session, elsewhere.id)
    for wrong in ({"doctor_id": doctor.id}, {"department_id": department.id}):
        more: dict[str, Any] = wrong
        with pytest.raises(Invalid, match="This hospital has no such"):
            make_visit(session, 0, hospital.id, **more)


def test_nothing_is_booked_for_the_dead(session: Session) -> None:
    patient = make_patient(session)
    change_status(
        session, patient.id, StatusChange(status="deceased", reason="certificate"), actor=DESK
    )
    with pytest.raises(Conflict, match="has died"):
        make_visit(session, patient.id)


def test_who_may_not_book_is_told_so(session: Session) -> None:
    wanted = asked_for(make_patient(session).id, make_hospital(session).id)
    with pytest.raises(Forbidden):
        service.create_appointment(session, wanted, actor=make_actor())


def test_each_kind_of_visit_has_its_length(session: Session) -> None:
    parameters.change_parameter(session, "appointments.procedure_minutes", 90)  # type: ignore[arg-type]  # a number is enough here
    assert make_visit(session, type="procedure").duration_minutes == 90
    assert make_visit(session, type="procedure", duration_minutes=45).duration_minutes == 45


def test_moving_a_visit_frees_its_time_and_asks_anew(session: Session) -> None:
    doctor = make_doctor(session)
    visit = make_visit(session, 0, doctor.hospital_id, doctor_id=doctor.id)
    service.confirm_appointment(session, visit.id, actor=DESK)
    moved = service.reschedule_appointment(session, visit.id, to(in_days(4), "15:00"), actor=DESK)
    assert moved.status == "scheduled"
    assert moved.confirmed_at is None
    assert (moved.appointment_date, f"{moved.appointment_time:%H:%M}") == (in_days(4), "15:00")
    assert [notice.kind for notice in notices_of(session, visit.id)] == ["booked", "moved"]
    make_visit(session, 0, doctor.hospital_id, doctor_id=doctor.id)


def test_a_visit_may_be_moved_within_its_own_time(session: Session) -> None:
    doctor = make_doctor(session)
    visit = make_visit(session, 0, doctor.hospital_id, doctor_id=doctor.id)
    moved = service.reschedule_appointment(session, visit.id, to(in_days(2), "10:15"), actor=DESK)
    assert f"{moved.appointment_time:%H:%M}" == "10:15"


def test_a_visit_that_is_over_is_not_moved(session: Session) -> None:
    visit = make_visit(session)
    service.cancel_appointment(session, visit.id, Cancellation(), actor=DESK)
    with pytest.raises(Conflict, match="only a visit ahead can be moved"):
        service.reschedule_appointment(session, visit.id, to(in_days(4), "15:00"), actor=DESK)


def test_a_correction_keeps_the_time(session: Session) -> None:
    visit = make_visit(session)
    service.confirm_appointment(session, visit.id, actor=DESK)
    changed = service.update_appointment(
        session, visit.id, AppointmentUpdate(notes="Brings a letter"), actor=DESK
    )
    assert (changed.notes, changed.status) == ("Brings a letter", "confirmed")


def test_a_stale_correction_is_refused(session: Session) -> None:
    visit = make_visit(session)
    fresh = AppointmentUpdate(notes="first", version=visit.version)
    service.update_appointment(session, visit.id, fresh, actor=DESK)
    with pytest.raises(Conflict, match="look again"):
        service.update_appointment(session, visit.id, fresh, actor=DESK)


def test_a_row_may_be_sent_back_whole_with_another_time(session: Session) -> None:
    visit = make_visit(session)
    row = visit.model_dump(mode="json") | {"appointment_time": "12:00:00"}
    moved = service.update_appointment(
        session, visit.id, AppointmentUpdate.model_validate(row), actor=DESK
    )
    assert f"{moved.appointment_time:%H:%M}" == "12:00"


def test_a_list_takes_as_many_statements_for_one_visit_as_for_many(session: Session) -> None:
    hospital = make_hospital(session)
    for minute in (0, 15, 30):
        make_visit(session, 0, hospital.id, at=f"11:{minute:02d}")
    page = list_appointments(AppointmentFilter(hospital_id=hospital.id)).page(session)
    assert [f"{row.appointment_time:%H:%M}" for row in page.rows] == ["11:00", "11:15", "11:30"]
    assert page.total == 3


def test_a_visit_is_found_by_day_name_and_code(session: Session) -> None:
    patient = make_patient(session, "Zikora Nwosu")
    visit = make_visit(session, patient.id, day=in_days(6))
    make_visit(session, day=in_days(7))
    for given in (
        {"search": "zikora"},
        {"search": visit.appointment_code.lower()},
        {"date_from": in_days(6), "date_to": in_days(6)},
        {"patient_id": patient.id},
        {"unanswered": True, "date_to": in_days(6), "search": "nwosu"},
    ):
        found = list_appointments(AppointmentFilter.model_validate(given)).page(session)
        assert [row.id for row in found.rows] == [visit.id], given


def test_the_day_of_lagos_decides_at_midnight(session: Session) -> None:
    late = make_visit(session, day=in_days(9), at="23:59", duration_minutes=5)
    early = make_visit(session, day=in_days(10), at="00:00", duration_minutes=5)
    found = list_appointments(AppointmentFilter(date_from=in_days(10), date_to=in_days(10)))
    assert [row.id for row in found.page(session).rows] == [early.id]
    assert to_lagos(get_appointment(session, late.id).starts_at).day == in_days(9).day


TEN = time(10)


def to(day: date, at: str) -> Reschedule:
    """Another time."""
    return Reschedule.model_validate({"appointment_date": day, "appointment_time": at})

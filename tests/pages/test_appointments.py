"""The appointments page: the board, booking, the list with its bulk act, reminders, the doctors."""

from collections.abc import Callable
from datetime import date
from functools import partial

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from crm_core.appointments import queries, service, waiting
from crm_core.appointments.schemas import AppointmentFilter, AppointmentRead
from crm_core.hospitals.queries import get_doctor, hours_of
from crm_core.people.schemas import Role
from tests.appointments.waiting import visit_or_offer
from tests.make_appointments import in_days, make_department, make_doctor, make_hours, make_visit
from tests.make_business import make_hospital
from tests.make_patients import DESK, make_patient
from tests.pages.acting import cells, choose, errors, fill, labels, press, texts

Open = Callable[..., AppTest]


@pytest.fixture
def page(visit: Open) -> Open:
    """``page(Role.VIEWER, tab="week")``: the appointments page at that address."""
    return partial(visit, "pages/appointments.py")


@pytest.fixture
def booked(session: Session) -> AppointmentRead:
    """A visit in two days."""
    return make_visit(session)


def now(session: Session, visit: AppointmentRead) -> str:
    session.expire_all()
    return queries.get_appointment(session, visit.id).status


def all_visits(session: Session) -> list[AppointmentRead]:
    return list(queries.list_appointments(AppointmentFilter()).page(session).rows)


@pytest.mark.parametrize("tab", ["day", "week", "all-visits", "reminders", "waitlist", "doctors"])
def test_an_empty_house_says_what_to_do(page: Open, tab: str) -> None:
    shown = page(Role.VIEWER, tab=tab)
    assert not errors(shown)
    assert texts(shown)


@pytest.mark.parametrize("tab", ["day", "week", "all-visits", "reminders", "figures", "doctors"])
@pytest.mark.usefixtures("booked")
def test_every_tab_shows_what_there_is(page: Open, tab: str) -> None:
    assert not errors(page(Role.VIEWER, tab=tab, day=in_days(2)))


def test_who_may_not_book_is_offered_no_booking(page: Open, booked: AppointmentRead) -> None:
    assert "Book a visit" not in labels(page(Role.ANALYST))
    assert "Arrived" not in labels(page(Role.ANALYST, visit=booked.id))


def test_a_visit_that_is_not_there_says_so(page: Open) -> None:
    assert "not found" in errors(page(Role.VIEWER, visit=987_654))[0]


def test_the_list_is_filtered_by_the_address(
    page: Open, session: Session, booked: AppointmentRead
) -> None:
    other = make_visit(session, day=in_days(5))
    shown = page(Role.ANALYST, tab="all-visits", **{"from": in_days(4)})
    assert cells(shown, "Visit") == [other.appointment_code]
    shown = page(Role.ANALYST, tab="all-visits", q=booked.appointment_code)
    assert cells(shown, "Visit") == [booked.appointment_code]


def test_a_visit_goes_its_way_with_a_click_each(
    page: Open, session: Session, booked: AppointmentRead
) -> None:
    shown = page(Role.VIEWER, visit=booked.id)
    for label, state in (
        ("Confirm", "confirmed"),
        ("Arrived", "arrived"),
        ("Start", "in_progress"),
        ("Complete", "completed"),
    ):
        press(shown, label)
        assert now(session, booked) == state
    assert {"Confirm", "Arrived", "Start", "Complete"}.isdisjoint(labels(shown))


def test_cancelling_takes_a_reason(page: Open, session: Session, booked: AppointmentRead) -> None:
    shown = page(Role.VIEWER, visit=booked.id)
    press(shown, "Cancel")
    assert errors(shown)
    assert now(session, booked) == "scheduled"
    fill(shown, "visit-Cancel", reason="The doctor is ill")
    press(shown, "Cancel")
    assert now(session, booked) == "cancelled"


def test_a_supervisor_takes_a_step_back_and_nobody_else(
    page: Open, session: Session, booked: AppointmentRead
) -> None:
    service.arrive(session, booked.id, actor=DESK)
    assert "Undo the last step" not in labels(page(Role.VIEWER, visit=booked.id))
    shown = page(Role.APPROVER, visit=booked.id)
    fill(shown, "visit-Undo", reason="Clicked the wrong patient")
    press(shown, "Undo the last step")
    assert now(session, booked) == "scheduled"


def test_what_somebody_else_did_meanwhile_is_not_undone_by_a_click(
    page: Open, session: Session, booked: AppointmentRead
) -> None:
    shown = page(Role.VIEWER, visit=booked.id)
    service.arrive(session, booked.id, actor=DESK)
    press(shown, "Did not come")
    assert now(session, booked) == "arrived"
    assert "Start" in labels(shown)


def take_first_time(page: AppTest) -> None:
    """The first free time of those that are offered."""
    times = next(group for group in page.pills if str(group.key).startswith("slots-"))
    times.set_value(times.options[0]).run()


def test_a_visit_is_booked_from_a_search_in_a_few_clicks(page: Open, session: Session) -> None:
    hospital = make_hospital(session)
    doctor = make_doctor(session, hospital.id)
    make_hours(session, doctor.id)
    patient = make_patient(session, "Zainab Bello")
    shown = page(Role.VIEWER, do="book", find="Zainab")
    assert cells(shown, "Patient") == ["Zainab Bello"]
    shown = page(
        Role.VIEWER, do="book", **{"for": patient.id}, hospital=hospital.id, day=in_days(3), days=7
    )
    take_first_time(shown)
    press(shown, "Book it")
    [visit] = all_visits(session)
    assert (visit.patient_id, visit.doctor_id) == (patient.id, doctor.id)
    assert shown.query_params["visit"] == str(visit.id)
    assert "do" not in shown.query_params


def test_a_time_that_is_gone_is_not_booked_a_second_time(page: Open, session: Session) -> None:
    hospital = make_hospital(session)
    doctor = make_doctor(session, hospital.id)
    make_hours(session, doctor.id)
    patient = make_patient(session, "Zainab Bello")
    asked = {"for": patient.id, "hospital": hospital.id, "day": in_days(3), "days": 7}
    shown = page(Role.VIEWER, do="book", **asked)
    take_first_time(shown)
    day, at = shown.query_params["day"], shown.query_params["at"]
    make_visit(session, 0, hospital.id, date.fromisoformat(day), at, doctor_id=doctor.id)
    press(shown, "Book it")
    assert len(all_visits(session)) == 1


def test_visits_are_changed_in_bulk_as_shown(page: Open, session: Session) -> None:
    visits = [make_visit(session) for _ in range(3)]
    service.arrive(session, visits[2].id, actor=DESK)
    shown = page(Role.VIEWER, tab="all-visits")
    choose(shown, "visits", *(visit.id for visit in visits))
    shown.run()
    fill(shown, "move-visits", status="confirmed")
    press(shown, "Look at what would change")
    press(shown, "Change 2 visits")
    assert [now(session, visit) for visit in visits] == ["confirmed", "confirmed", "arrived"]


def test_reminders_are_looked_at_and_sent_once(
    page: Open, session: Session, booked: AppointmentRead
) -> None:
    shown = page(Role.VIEWER, tab="reminders", remind=in_days(2))
    press(shown, "Look at the reminders of this day")
    press(shown, "Remind 1 patient")
    reminded = queries.get_appointment(session, booked.id)
    assert len(queries.notices_of(session, booked.id)) == 2
    assert reminded.status == "scheduled"


def test_a_doctors_week_is_written_by_a_supervisor(page: Open, session: Session) -> None:
    doctor = make_doctor(session)
    assert "Save the week" not in labels(page(Role.VIEWER, who=doctor.id))
    shown = page(Role.APPROVER, who=doctor.id)
    fill(shown, f"week-{doctor.id}", day1="08:00-12:00, 13:00-17:00")
    press(shown, "Save the week")
    assert [
        (s.weekday, f"{s.opens:%H}", f"{s.closes:%H}") for s in hours_of(session, doctor.id)
    ] == [
        (1, "08", "12"),
        (1, "13", "17"),
    ]


def test_hours_that_make_no_sense_are_refused(page: Open, session: Session) -> None:
    doctor = make_doctor(session)
    shown = page(Role.APPROVER, who=doctor.id)
    fill(shown, f"week-{doctor.id}", day1="in the morning")
    press(shown, "Save the week")
    assert errors(shown)
    assert hours_of(session, doctor.id) == []


def test_a_calendar_link_is_shown_once(page: Open, session: Session) -> None:
    doctor = make_doctor(session)
    shown = page(Role.APPROVER, who=doctor.id)
    press(shown, "Make a new link")
    assert len(shown.code) == 1
    shown.run()
    assert len(shown.code) == 0


def test_a_patients_visits_stand_on_their_page(visit: Open, booked: AppointmentRead) -> None:
    shown = visit("pages/patients.py", Role.VIEWER, patient=booked.patient_id, tab="visits")
    assert cells(shown, "Visit") == [booked.appointment_code]


def test_a_doctor_is_put_into_a_department(page: Open, session: Session) -> None:
    doctor = make_doctor(session)
    department = make_department(session, doctor.hospital_id)
    shown = page(Role.APPROVER, who=doctor.id)
    fill(shown, f"place-{doctor.id}", department_id=department.id, specialty="Eyes")
    press(shown, "Save")
    placed = get_doctor(session, doctor.id)
    assert (placed.department_id, placed.specialty) == (department.id, "Eyes")


def test_an_answer_that_meant_an_offer_is_settled_as_the_offer(
    page: Open, session: Session
) -> None:
    _, offer, _ = visit_or_offer(session)
    shown = page(Role.VIEWER, tab="reminders")
    fill(shown, "settle", meant=f"offer_id {offer.id}", meaning="yes")
    press(shown, "Settle it")
    assert not errors(shown)
    session.expire_all()
    assert waiting.get_entry(session, offer.waitlist_id).status == "booked"


def test_settling_an_answer_too_late_says_so(page: Open, session: Session) -> None:
    mine, _, _ = visit_or_offer(session)
    service.arrive(session, mine.id, actor=DESK)
    shown = page(Role.VIEWER, tab="reminders")
    fill(shown, "settle", meant=f"appointment_id {mine.id}", meaning="no")
    press(shown, "Settle it")
    assert any("too late" in warning.value for warning in shown.warning)
    assert now(session, mine) == "arrived"

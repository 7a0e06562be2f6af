"""The day, the week, free times and figures: what a person at the desk looks at."""

from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.appointments import service
from crm_core.appointments.boards import day_board, week
from crm_core.appointments.figures import appointment_stats
from crm_core.appointments.invariants import invariants
from crm_core.appointments.schemas import (
    Cancellation,
    Reschedule,
    SlotFilter,
    StatsBy,
    StatsFilter,
)
from crm_core.appointments.slots import free_slots
from crm_core.base.clock import from_lagos, to_lagos
from crm_core.base.errors import Invalid, NotFound
from tests.make_appointments import (
    begin_ago,
    in_days,
    make_department,
    make_doctor,
    make_hours,
    make_leave,
    make_visit,
    next_weekday,
)
from tests.make_business import make_hospital
from tests.make_patients import DESK
from tests.observe import executed

MONDAY = next_weekday(1)
TEN = time(10)


def test_free_times_are_what_is_open_less_leave_less_visits(session: Session) -> None:
    doctor = make_doctor(session)
    make_hours(session, doctor.id, "09:00", "11:00")
    make_visit(session, 0, doctor.hospital_id, MONDAY, "09:30", doctor_id=doctor.id)
    leave = from_lagos(MONDAY, TEN) + timedelta(minutes=30)
    make_leave(session, doctor.id, leave, leave + timedelta(hours=5))
    assert times(session, doctor.hospital_id, MONDAY) == ["09:00", "10:00"]


def test_cancelled_visits_leave_their_time_free(session: Session) -> None:
    doctor = make_doctor(session)
    make_hours(session, doctor.id, "09:00", "09:30")
    visit = make_visit(session, 0, doctor.hospital_id, MONDAY, "09:00", doctor_id=doctor.id)
    assert times(session, doctor.hospital_id, MONDAY) == []
    service.cancel_appointment(session, visit.id, Cancellation(), actor=DESK)
    assert times(session, doctor.hospital_id, MONDAY) == ["09:00"]


def test_free_times_go_across_doctors_and_days(session: Session) -> None:
    hospital = make_hospital(session)
    doctors = [make_doctor(session, hospital.id) for _ in range(2)]
    for doctor in doctors:
        make_hours(session, doctor.id, "09:00", "09:30")
    found = slots(session, hospital.id, MONDAY, days=2)
    assert [(slot.doctor_id, to_lagos(slot.starts_at).date()) for slot in found] == [
        (doctor.id, MONDAY + timedelta(days=day)) for day in (0, 1) for doctor in doctors
    ]


def test_free_times_are_asked_of_a_doctor_or_a_department(session: Session) -> None:
    hospital = make_hospital(session)
    department = make_department(session, hospital.id)
    inside = make_doctor(session, hospital.id, department_id=department.id)
    outside = make_doctor(session, hospital.id)
    for doctor in (inside, outside):
        make_hours(session, doctor.id, "09:00", "09:30")
    for asked in ({"department_id": department.id}, {"doctor_id": inside.id}):
        assert {slot.doctor_id for slot in slots(session, hospital.id, MONDAY, **asked)} == {
            inside.id
        }


def test_a_free_time_is_long_enough_and_may_be_booked(session: Session) -> None:
    doctor = make_doctor(session)
    make_hours(session, doctor.id, "09:00", "10:00")
    found = slots(session, doctor.hospital_id, MONDAY, duration_minutes=50)
    assert [f"{to_lagos(slot.starts_at):%H:%M}" for slot in found] == ["09:00"]
    make_visit(
        session,
        0,
        doctor.hospital_id,
        MONDAY,
        "09:00",
        doctor_id=doctor.id,
        duration_minutes=50,
    )


def test_a_night_shift_has_free_times_on_both_days(session: Session) -> None:
    doctor = make_doctor(session)
    make_hours(session, doctor.id, "23:00", "01:00", days="1")
    tuesday = MONDAY + timedelta(days=1)
    assert times(session, doctor.hospital_id, MONDAY, duration_minutes=60) == ["23:00"]
    assert times(session, doctor.hospital_id, tuesday) == ["00:00", "00:15", "00:30"]


def test_no_free_time_has_begun_and_none_is_of_who_left(session: Session) -> None:
    doctor = make_doctor(session)
    make_hours(session, doctor.id, "00:00", "23:59", days="1234567")
    assert times(session, doctor.hospital_id, in_days(-1)) == []
    session.execute(text("UPDATE crm_doctors SET active = false WHERE id = :id"), {"id": doctor.id})
    assert times(session, doctor.hospital_id, MONDAY) == []


def test_hours_entered_twice_give_no_time_twice(session: Session) -> None:
    doctor = make_doctor(session)
    make_hours(session, doctor.id, "09:00", "10:00")
    session.execute(
        text(
            "INSERT INTO crm_doctor_hours (doctor_id, weekday, opens, closes)"
            " SELECT :id, n, '09:30', '10:00' FROM generate_series(1, 7) AS n"
        ),
        {"id": doctor.id},
    )
    assert times(session, doctor.hospital_id, MONDAY) == ["09:00", "09:15", "09:30"]


def test_the_board_has_a_column_a_doctor_with_hours_and_visits(session: Session) -> None:
    hospital = make_hospital(session)
    one, other = (make_doctor(session, hospital.id) for _ in range(2))
    make_hours(session, one.id, "09:00", "12:00")
    visit = make_visit(session, 0, hospital.id, MONDAY, "10:00", doctor_id=one.id)
    loose = make_visit(session, 0, hospital.id, MONDAY, "10:00")
    make_visit(session, 0, hospital.id, MONDAY + timedelta(days=1), "00:00", doctor_id=other.id)
    board = day_board(session, hospital.id, MONDAY)
    assert [(column.doctor_id, column.always) for column in board.doctors] == [
        (one.id, False),
        (other.id, True),
        (None, True),
    ]
    first, second, last = board.doctors
    assert [one.id for one in first.appointments] == [visit.id]
    assert [f"{to_lagos(span.starts_at):%H:%M}" for span in first.open] == ["09:00"]
    assert second.appointments == []
    assert [one.id for one in last.appointments] == [loose.id]


def test_leave_is_taken_out_of_the_boards_hours(session: Session) -> None:
    doctor = make_doctor(session)
    make_hours(session, doctor.id, "09:00", "12:00")
    leave = from_lagos(MONDAY, TEN)
    make_leave(session, doctor.id, leave, leave + timedelta(hours=1))
    [column] = day_board(session, doctor.hospital_id, MONDAY).doctors
    assert [
        (f"{to_lagos(span.starts_at):%H:%M}", f"{to_lagos(span.ends_at):%H:%M}")
        for span in column.open
    ] == [("09:00", "10:00"), ("11:00", "12:00")]


def test_a_board_takes_the_same_statements_however_full_it_is(session: Session) -> None:
    hospital = make_hospital(session)
    with executed(session) as few:
        day_board(session, hospital.id, MONDAY)
    for _ in range(3):
        doctor = make_doctor(session, hospital.id)
        make_visit(session, 0, hospital.id, MONDAY, doctor_id=doctor.id)
    with executed(session) as many:
        day_board(session, hospital.id, MONDAY)
    assert len(many) == len(few)


def test_a_board_of_no_hospital_is_not_found(session: Session) -> None:
    with pytest.raises(NotFound):
        day_board(session, 10**9, MONDAY)


def test_the_week_tells_how_full_each_day_is(session: Session) -> None:
    doctor = make_doctor(session)
    make_hours(session, doctor.id, "09:00", "12:00")
    gone = make_visit(session, 0, doctor.hospital_id, MONDAY, "09:00", doctor_id=doctor.id)
    service.cancel_appointment(session, gone.id, Cancellation(), actor=DESK)
    make_visit(session, 0, doctor.hospital_id, MONDAY, "10:00", doctor_id=doctor.id)
    cells = week(session, doctor.hospital_id, MONDAY)
    assert [cell.day for cell in cells] == [MONDAY + timedelta(days=n) for n in range(5)]
    first = cells[0]
    assert (first.ahead, first.cancelled, first.booked_minutes, first.open_minutes) == (
        1,
        1,
        30,
        180,
    )


def test_figures_tell_what_was_kept_and_missed_and_how_full_it_was(session: Session) -> None:
    doctor = make_doctor(session)
    make_hours(session, doctor.id, "09:00", "12:00")
    for at in ("09:00", "09:30", "10:00"):
        visit = make_visit(session, 0, doctor.hospital_id, MONDAY, at, doctor_id=doctor.id)
        for step in (service.arrive, service.start, service.complete):
            step(session, visit.id, actor=DESK)
    missed = make_visit(session, 0, doctor.hospital_id, MONDAY, "11:00", doctor_id=doctor.id)
    session.execute(
        text("UPDATE crm_appointments SET status = 'no_show' WHERE id = :id"), {"id": missed.id}
    )
    days: dict[str, Any] = {"date_from": MONDAY, "date_to": MONDAY}
    for by, key in (
        ("hospital", str(doctor.hospital_id)),
        ("doctor", str(doctor.id)),
        ("weekday", "1"),
        ("day", MONDAY.isoformat()),
    ):
        asked = StatsFilter(by=StatsBy(by), hospital_id=doctor.hospital_id, **days)
        stats = appointment_stats(session, asked)
        [row] = stats.rows
        assert (row.key, row.total, row.completed, row.missed) == (key, 4, 3, 1)
        assert row.no_show_rate == Decimal("0.25")
        assert row.utilisation == Decimal("0.5")
        assert row.open_minutes == 180
        assert stats.total.model_dump(exclude={"key", "name"}) == row.model_dump(
            exclude={"key", "name"}
        )


def test_leave_is_taken_out_of_what_a_doctor_was_open_for(session: Session) -> None:
    doctor = make_doctor(session)
    make_hours(session, doctor.id, "09:00", "12:00")
    leave = from_lagos(MONDAY, TEN)
    make_leave(session, doctor.id, leave, leave + timedelta(days=1))
    asked = StatsFilter(
        by=StatsBy.DOCTOR,
        hospital_id=doctor.hospital_id,
        date_from=MONDAY,
        date_to=MONDAY + timedelta(days=6),
    )
    # Five mornings less two hours of Monday's and one of Tuesday's.
    assert appointment_stats(session, asked).rows[0].open_minutes == 5 * 180 - 120 - 60


def test_the_lead_is_from_booking_to_the_visit(session: Session) -> None:
    visit = make_visit(session)
    session.execute(text("UPDATE crm_appointments SET created_at = starts_at - interval '3 days'"))
    day = visit.appointment_date
    asked = StatsFilter(hospital_id=visit.hospital_id, date_from=day, date_to=day)
    assert appointment_stats(session, asked).total.lead_days == 3


def test_sums_follow_every_change_and_folding_changes_no_figure(session: Session) -> None:
    doctor = make_doctor(session)
    visit = make_visit(session, 0, doctor.hospital_id, MONDAY, doctor_id=doctor.id)
    other = make_visit(session, 0, doctor.hospital_id, MONDAY, "12:00", doctor_id=doctor.id)
    tuesday = MONDAY + timedelta(days=1)
    wanted = {"appointment_date": tuesday, "appointment_time": "10:00", "duration_minutes": 45}
    service.reschedule_appointment(session, visit.id, Reschedule.model_validate(wanted), actor=DESK)
    service.cancel_appointment(session, other.id, Cancellation(), actor=DESK)
    before = week(session, doctor.hospital_id, MONDAY)
    assert [(cell.day, cell.ahead, cell.cancelled, cell.booked_minutes) for cell in before] == [
        (MONDAY, 0, 1, 0),
        (tuesday, 1, 0, 45),
    ]
    assert service.fold_sums(session) > 0
    assert week(session, doctor.hospital_id, MONDAY) == before
    assert list(invariants(session)) == []


def test_the_day_of_lagos_counts_at_the_end_of_a_month(session: Session) -> None:
    last = date(MONDAY.year + (MONDAY.month == 12), MONDAY.month % 12 + 1, 1) - timedelta(days=1)
    doctor = make_doctor(session)
    make_visit(session, 0, doctor.hospital_id, last, "00:30", doctor_id=doctor.id)
    [cell] = week(session, doctor.hospital_id, last, days=1)
    assert (cell.day, cell.ahead) == (last, 1)
    assert week(session, doctor.hospital_id, last - timedelta(days=1), days=1) == []


def test_too_long_a_time_is_refused(session: Session) -> None:
    asked = StatsFilter(date_from=date(2024, 1, 1), date_to=date(2026, 1, 1))
    with pytest.raises(Invalid):
        appointment_stats(session, asked)


def test_a_visit_begun_long_ago_is_in_the_figures_of_its_day(session: Session) -> None:
    visit = make_visit(session)
    begin_ago(session, visit.id, days=3)
    stats = appointment_stats(session, StatsFilter(hospital_id=visit.hospital_id))
    assert stats.total.total == 1


def slots(session: Session, hospital_id: int, day: date, **more: Any) -> Any:
    """Free times at a hospital."""
    return free_slots(session, SlotFilter(hospital_id=hospital_id, date=day, **more))


def times(session: Session, hospital_id: int, day: date, **more: Any) -> list[str]:
    """Free times as the clocks of Lagos show them."""
    return [f"{to_lagos(s.starts_at):%H:%M}" for s in slots(session, hospital_id, day, **more)]


def test_a_page_of_the_board_has_so_many_doctors_and_only_their_visits(session: Session) -> None:
    hospital = make_hospital(session)
    doctors = [make_doctor(session, hospital.id, name=f"Dr {name}") for name in "ABC"]
    for doctor in doctors:
        make_visit(session, 0, hospital.id, MONDAY, doctor_id=doctor.id)
    first, second = (day_board(session, hospital.id, MONDAY, page=page, most=2) for page in (1, 2))
    assert [column.doctor_id for column in first.doctors] == [each.id for each in doctors[:2]]
    assert [column.doctor_id for column in second.doctors] == [doctors[2].id]
    assert [len(column.appointments) for column in (*first.doctors, *second.doctors)] == [1, 1, 1]
    assert first.doctors_in_all == second.doctors_in_all == 3

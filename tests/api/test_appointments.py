"""Visits over the API: the contract's calls, states, plans, free times, doctors, the waitlist."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.people.schemas import Role
from tests.api.calls import API, created, done, refusal, wrong_fields
from tests.api.conftest import SignedIn
from tests.appointments.waiting import visit_or_offer
from tests.make_appointments import in_days, make_doctor, make_hours, make_visit, next_weekday
from tests.make_business import make_hospital
from tests.make_patients import make_patient

APPOINTMENTS = f"{API}/appointments"
CONTRACT = {
    "id",
    "appointment_code",
    "patient_id",
    "hospital_id",
    "department_id",
    "doctor_id",
    "appointment_date",
    "appointment_time",
    "duration_minutes",
    "type",
    "status",
    "reason",
    "notes",
    "reminder_sent",
    "reminder_sent_at",
    "checked_in_at",
    "started_at",
    "completed_at",
    "cancelled_at",
    "cancellation_reason",
    "created_at",
    "updated_at",
}

WHO_MAY = [
    (Role.VIEWER, True, False),
    (Role.CAMPAIGNER, True, False),
    (Role.APPROVER, True, True),
    (Role.FINANCE, False, False),
    (Role.ANALYST, False, False),
    (Role.ADMIN, False, False),
]
"""Role, whether it books and changes visits, whether it undoes them and sets doctors' hours."""


@pytest.fixture
def desk(signed_in: SignedIn) -> TestClient:
    return signed_in(Role.VIEWER)


@pytest.fixture
def supervisor(signed_in: SignedIn) -> TestClient:
    return signed_in(Role.APPROVER)


def body(session: Session, **more: object) -> dict[str, Any]:
    """The least that a visit takes, as a client of the contract sends it."""
    return {
        "patient_id": make_patient(session).id,
        "hospital_id": make_hospital(session).id,
        "appointment_date": in_days(1).isoformat(),
        "appointment_time": "10:30",
        "type": "consultation",
    } | more


def test_a_client_of_the_contract_books_a_visit(desk: TestClient, session: Session) -> None:
    response = desk.post(APPOINTMENTS, json=body(session))
    row = created(response)
    assert response.json()["message"] == "Appointment created successfully"
    assert set(row) >= CONTRACT | {"first_name", "last_name", "patient_phone"}
    assert row["appointment_time"] == "10:30:00"
    assert row["appointment_date"] == in_days(1).isoformat()
    assert (row["status"], row["duration_minutes"], row["reminder_sent"]) == (
        "scheduled",
        30,
        False,
    )
    assert row["starts_at"].endswith("T09:30:00Z")
    told = done(desk.get(f"{APPOINTMENTS}/{row['id']}/details"))["notices"]
    assert [notice["kind"] for notice in told] == ["booked"]


def test_the_record_reads_as_it_was_answered(desk: TestClient, session: Session) -> None:
    row = created(desk.post(APPOINTMENTS, json=body(session)))
    assert done(desk.get(f"{APPOINTMENTS}/{row['id']}")) == row


def test_an_overlap_is_409(desk: TestClient, session: Session) -> None:
    wanted = body(session)
    created(desk.post(APPOINTMENTS, json=wanted))
    response = desk.post(APPOINTMENTS, json=wanted | {"appointment_time": "10:45"})
    assert "The patient has APT-" in refusal(response, 409)


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"appointment_time": "25:00"}, "appointment_time"),
        ({"appointment_date": "tomorrow"}, "appointment_date"),
        ({"appointment_date": "2020-01-01"}, "appointment_date"),
        ({"type": "haircut"}, "type"),
        ({"duration_minutes": 0}, "duration_minutes"),
        ({"patient_id": "many"}, "patient_id"),
    ],
)
def test_wrong_input_names_its_field(
    desk: TestClient, session: Session, wrong: dict[str, Any], path: str
) -> None:
    assert wrong_fields(desk.post(APPOINTMENTS, json=body(session) | wrong)) == [path]


def test_the_list_is_by_date_and_time_with_its_filters(desk: TestClient, session: Session) -> None:
    patient = make_patient(session, "Ada Obi")
    late = make_visit(session, patient.id, day=in_days(3), at="15:00")
    early = make_visit(session, patient.id, day=in_days(3), at="08:00", type="procedure")
    session.commit()
    asked = f"{APPOINTMENTS}?patient_id={patient.id}&date_from={in_days(3)}&date_to={in_days(3)}"
    response = desk.get(asked)
    rows = response.json()["data"]
    assert [row["id"] for row in rows] == [early.id, late.id]
    assert (rows[0]["first_name"], rows[0]["last_name"]) == ("Ada", "Obi")
    assert response.json()["pagination"]["total"] == 2
    assert [row["id"] for row in done(desk.get(f"{asked}&type=procedure"))] == [early.id]
    assert done(desk.get(f"{asked}&status=confirmed")) == []


def test_reminders_for_tomorrow_are_sent_once(desk: TestClient, session: Session) -> None:
    for _ in range(2):
        make_visit(session, day=in_days(1))
    session.commit()
    address = f"{APPOINTMENTS}/send-reminders"
    assert done(desk.post(address)) == {"totalAppointments": 2, "remindersSent": 2}
    again = done(desk.post(address, json={"date": in_days(1).isoformat()}))
    assert again == {"totalAppointments": 2, "remindersSent": 0}
    assert done(desk.post(address, json={"date": in_days(9).isoformat()})) == {
        "totalAppointments": 0,
        "remindersSent": 0,
    }


def test_reminders_are_planned_and_committed(desk: TestClient, session: Session) -> None:
    visit = make_visit(session, day=in_days(1))
    session.commit()
    plan = done(desk.post(f"{APPOINTMENTS}/plan-reminders"))
    assert [verdict["id"] for verdict in plan["verdicts"]] == [visit.id]
    wanted = {"ids": [visit.id], "fingerprint": plan["fingerprint"]}
    assert done(desk.post(f"{APPOINTMENTS}/commit-reminders", json=wanted))["changed"] == 1


def test_a_visit_goes_its_way_by_the_verbs(desk: TestClient, session: Session) -> None:
    row = created(desk.post(APPOINTMENTS, json=body(session)))
    for verb, status in (
        ("confirm", "confirmed"),
        ("arrive", "arrived"),
        ("start", "in_progress"),
        ("complete", "completed"),
    ):
        assert done(desk.post(f"{APPOINTMENTS}/{row['id']}/{verb}"))["status"] == status
    assert "cannot become" in refusal(desk.post(f"{APPOINTMENTS}/{row['id']}/cancel"), 409)
    patient = done(desk.get(f"{API}/patients/{row['patient_id']}"))
    assert [one["id"] for one in patient["appointments"]] == [row["id"]]
    assert patient["visit_count"] == 1


def test_cancelling_takes_a_reason_or_none(desk: TestClient, session: Session) -> None:
    rows = [created(desk.post(APPOINTMENTS, json=body(session))) for _ in range(2)]
    gone = done(desk.post(f"{APPOINTMENTS}/{rows[0]['id']}/cancel", json={"reason": "patient"}))
    assert gone["cancellation_reason"] == "patient"
    gone = done(desk.post(f"{APPOINTMENTS}/{rows[1]['id']}/cancel"))
    assert gone["cancellation_reason"] == "hospital"


def test_a_visit_is_moved_and_corrected(desk: TestClient, session: Session) -> None:
    row = created(desk.post(APPOINTMENTS, json=body(session)))
    address = f"{APPOINTMENTS}/{row['id']}"
    when = {"appointment_date": in_days(5).isoformat(), "appointment_time": "08:15"}
    moved = done(desk.post(f"{address}/reschedule", json=when))
    assert (moved["appointment_date"], moved["appointment_time"]) == (
        when["appointment_date"],
        "08:15:00",
    )
    changed = done(desk.put(address, json=moved | {"notes": "Brings a letter"}))
    assert changed["notes"] == "Brings a letter"
    assert refusal(desk.put(address, json=moved | {"notes": "Again"}), 409)


def test_a_supervisor_takes_a_step_back(
    desk: TestClient, supervisor: TestClient, session: Session
) -> None:
    row = created(desk.post(APPOINTMENTS, json=body(session)))
    done(desk.post(f"{APPOINTMENTS}/{row['id']}/confirm"))
    address, why = f"{APPOINTMENTS}/{row['id']}/undo", {"reason": "a wrong click"}
    assert refusal(desk.post(address, json=why), 403)
    assert done(supervisor.post(address, json=why))["status"] == "scheduled"


def test_states_are_changed_in_bulk_and_undone(
    desk: TestClient, supervisor: TestClient, session: Session
) -> None:
    ids = [created(desk.post(APPOINTMENTS, json=body(session)))["id"] for _ in range(3)]
    chosen = {"ids": ids, "status": "confirmed"}
    plan = done(desk.post(f"{APPOINTMENTS}/plan-status", json=chosen))
    assert plan["totals"] == {"count": "3", "refused": "0"}
    wanted = chosen | {"fingerprint": plan["fingerprint"]}
    receipt = done(desk.post(f"{APPOINTMENTS}/commit-status", json=wanted))
    assert receipt["changed"] == 3
    plan = done(supervisor.post(f"{APPOINTMENTS}/plan-undo", json={"ids": ids}))
    back = {"ids": ids, "fingerprint": plan["fingerprint"], "receipt_id": receipt["receipt_id"]}
    assert done(supervisor.post(f"{APPOINTMENTS}/commit-undo", json=back))["changed"] == 3


def test_free_times_have_the_shape_of_the_contract(desk: TestClient, session: Session) -> None:
    doctor = make_doctor(session)
    make_hours(session, doctor.id, "09:00", "09:30")
    session.commit()
    asked = f"hospital_id={doctor.hospital_id}&date={next_weekday(1)}&doctor_id={doctor.id}"
    [slot] = done(desk.get(f"{APPOINTMENTS}/slots?{asked}&duration_minutes=30"))
    assert set(slot) >= {"doctor_id", "starts_at", "ends_at"}
    assert slot["starts_at"].endswith("T08:00:00Z")


def test_board_week_and_figures(desk: TestClient, session: Session) -> None:
    doctor = make_doctor(session)
    visit = make_visit(session, 0, doctor.hospital_id, doctor_id=doctor.id)
    session.commit()
    hospital, day = doctor.hospital_id, visit.appointment_date
    board = done(desk.get(f"{APPOINTMENTS}/board?hospital_id={hospital}&day={day}"))
    assert board["doctors"][0]["appointments"][0]["id"] == visit.id
    cells = done(desk.get(f"{APPOINTMENTS}/week?hospital_id={hospital}&first={day}"))
    assert cells[0]["ahead"] == 1
    stats = done(desk.get(f"{APPOINTMENTS}/stats?by=doctor&hospital_id={hospital}&date_to={day}"))
    assert stats["total"]["total"] == 1
    assert stats["rows"][0]["key"] == str(doctor.id)


def test_somebody_walks_in(desk: TestClient, session: Session) -> None:
    wanted = {name: body(session)[name] for name in ("patient_id", "hospital_id")}
    row = created(desk.post(f"{APPOINTMENTS}/walk-in", json=wanted))
    assert (row["status"], row["walk_in"]) == ("arrived", True)


def test_the_waitlist(desk: TestClient, session: Session) -> None:
    given = body(session)
    days = {"from_day": in_days(1).isoformat(), "to_day": in_days(9).isoformat()}
    wanted = {name: given[name] for name in ("patient_id", "hospital_id")} | days
    entry = created(desk.post(f"{API}/waitlist", json=wanted))
    asked = f"{API}/waitlist?hospital_id={given['hospital_id']}&status=waiting"
    assert [one["id"] for one in done(desk.get(asked))] == [entry["id"]]
    assert done(desk.post(f"{API}/waitlist/{entry['id']}/leave"))["status"] == "left"
    assert done(desk.get(f"{API}/waitlist/offers")) == []
    assert done(desk.get(f"{APPOINTMENTS}/answers?outcome=to_a_person")) == []


def test_an_answer_is_settled_as_an_offer_or_as_a_visit_never_as_both(
    desk: TestClient, session: Session
) -> None:
    mine, offer, waits = visit_or_offer(session)
    session.commit()
    [row] = done(desk.get(f"{APPOINTMENTS}/answers?outcome=to_a_person"))
    assert (row["candidates"], row["offer_candidates"]) == ([mine.id], [offer.id])
    settle = f"{APPOINTMENTS}/answers/{waits.id}/settle"
    both = {"appointment_id": mine.id, "offer_id": offer.id, "meaning": "yes"}
    assert desk.post(settle, json=both).status_code == 400
    settled = done(desk.post(settle, json={"offer_id": offer.id, "meaning": "no"}))
    assert (settled["settled_as"], settled["offer_id"]) == ("declined", offer.id)


def test_a_doctor_with_hours_leave_and_calendar(
    desk: TestClient, supervisor: TestClient, anonymous: TestClient, session: Session
) -> None:
    hospital = make_hospital(session).id
    session.commit()
    department = created(
        supervisor.post(f"{API}/departments", json={"hospital_id": hospital, "name": "Surgery"})
    )
    assert done(desk.get(f"{API}/departments?hospital_id={hospital}")) == [department]
    wanted = {"hospital_id": hospital, "name": "Dr Bello", "department_id": department["id"]}
    assert refusal(desk.post(f"{API}/doctors", json=wanted), 403)
    doctor = created(supervisor.post(f"{API}/doctors", json=wanted))
    assert done(desk.get(f"{API}/doctors?hospital_id={hospital}")) == [doctor]
    address = f"{API}/doctors/{doctor['id']}"
    shifts = {"shifts": [{"weekday": 1, "opens": "09:00", "closes": "12:00"}]}
    assert done(supervisor.put(f"{address}/hours", json=shifts)) == done(
        desk.get(f"{address}/hours")
    )
    away = {
        "starts_at": f"{in_days(3)}T00:00:00Z",
        "ends_at": f"{in_days(4)}T00:00:00Z",
        "reason": "Conference",
    }
    leave = created(supervisor.post(f"{address}/leave", json=away))
    assert done(desk.get(f"{address}/leave")) == [leave]
    assert done(supervisor.post(f"{address}/leave/{leave['id']}/remove")) == []
    gone = done(supervisor.put(address, json={"active": False}))
    assert not gone["active"]
    done(supervisor.put(address, json={"active": True}))
    link = done(supervisor.post(f"{address}/calendar"))["address"]
    feed = anonymous.get(link.removeprefix("http://localhost:8000"))
    assert feed.headers["content-type"].startswith("text/calendar")
    hashes = session.execute(text("SELECT calendar_hash FROM crm_doctors")).scalars().all()
    assert all(bytes(one) not in link.encode() for one in hashes if one)


@pytest.mark.parametrize(("role", "books", "supervises"), WHO_MAY)
def test_a_role_may_do_what_it_may_and_nothing_else(
    signed_in: SignedIn, session: Session, role: Role, books: bool, supervises: bool
) -> None:
    client = signed_in(role)
    assert done(client.get(APPOINTMENTS)) == []
    for path, may in (
        ("/appointments/999999/confirm", books),
        ("/appointments/send-reminders", books),
        ("/appointments/999999/undo", supervises),
        ("/doctors/999999/calendar", supervises),
    ):
        response = client.post(
            f"{API}{path}", json={"reason": "To see"} if "undo" in path else None
        )
        assert (response.status_code == 403) is not may, path

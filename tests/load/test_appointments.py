"""Visits at 2,000,000 of them and 500 doctors: the board, the week, free times, lists, figures.

`make bench` prints what each took in the database, beside what PostgreSQL takes for looking one row
up, and which large tables it read more of than a list's total needs.
"""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.appointments import boards, figures, queries, service, slots
from crm_core.appointments.schemas import AppointmentFilter, SlotFilter, StatsFilter
from crm_core.base.clock import lagos_today
from crm_core.base.db import connected, reading
from crm_core.base.migrate import migrate
from crm_core.generate import generate, generate_appointments
from crm_core.people.schemas import machine
from tests.load.explaining import explained, milliseconds, scans
from tests.load.measuring import Table
from tests.make_appointments import asked_for, next_weekday
from tests.observe import Executed, executed
from tests.servers import OWNER, Databases

pytestmark = [pytest.mark.load, pytest.mark.timeout(3600)]

VISITS = int(os.environ.get("CRM_BENCH_VISITS", "2000000"))
DOCTORS = int(os.environ.get("CRM_BENCH_DOCTORS", "500"))
PATIENTS = int(os.environ.get("CRM_BENCH_VISITORS", "200000"))
BIG = {"crm_appointments", "crm_appointment_notices", "crm_patients"}
MOST_MS = 99.0
"""Tens of milliseconds, also on a busy machine."""
FLOOR = Executed("SELECT * FROM crm_appointments WHERE id = 1234", None)
JOB = machine("job:bench")


@pytest.fixture(scope="module")
def visits(databases: Databases) -> Iterator[str]:
    """The address of a database with so many visits, at twenty hospitals."""
    name = databases.empty()
    owner = databases.url(name, role=OWNER)
    migrate(owner)
    with psycopg.connect(owner) as connection:
        connection.execute(_HOSPITALS)
    generate(owner, patients=PATIENTS, transactions=PATIENTS, seed=1, say=lambda _: None)
    generate_appointments(owner, appointments=VISITS, doctors=DOCTORS, seed=1, say=lambda _: None)
    yield databases.url(name)
    databases.drop(name)


@pytest.fixture
def session(visits: str) -> Iterator[Session]:
    """A session of the application on them; whatever it writes is rolled back."""
    with connected(visits), reading() as session:
        yield session


@pytest.fixture(scope="module")
def took(tables: list[Table]) -> Table:
    """Where everything puts its line."""
    title = f"Visits: {VISITS:,} of {DOCTORS} doctors"
    table = Table(title, ("", "db ms", "floor", "ratio", "plan"))
    tables.append(table)
    return table


def filtered(**given: Any) -> Callable[[Session], Any]:
    """A page of the list."""
    wanted = AppointmentFilter.model_validate(given)
    return lambda session: queries.list_appointments(wanted).page(session)


def figured(**given: Any) -> Callable[[Session], Any]:
    """Figures by what is asked."""
    wanted = StatsFilter.model_validate(given)
    return lambda session: figures.appointment_stats(session, wanted)


def free(**given: Any) -> Callable[[Session], Any]:
    """Free times at a hospital."""
    wanted = SlotFilter.model_validate({"hospital_id": 3, "date": TUESDAY} | given)
    return lambda session: slots.free_slots(session, wanted)


def deep(session: Session) -> Any:
    """The page after one in the middle of everything."""
    middle = AppointmentFilter(date_from=TODAY - timedelta(days=150))
    cursor = queries.list_appointments(middle).page(session).next_cursor
    return queries.list_appointments(AppointmentFilter(cursor=cursor)).page(session)


def booked(session: Session) -> Any:
    """A booking with all that it checks, writes and queues."""
    taken = slots.free_slots(session, SlotFilter(hospital_id=3, date=TUESDAY, limit=1))[0]
    patient = session.execute(_PATIENT, {"at": taken.starts_at}).scalar_one()
    wanted = asked_for(patient, 3, TUESDAY, "16:30", doctor_id=None)
    return service.create_appointment(session, wanted, actor=JOB)


TODAY, TUESDAY = lagos_today(), next_weekday(2)
READS: dict[str, Callable[[Session], Any]] = {
    "day board of a hospital": lambda s: boards.day_board(s, 3, TODAY),
    "week of a hospital": lambda s: boards.week(s, 3, TODAY),
    "month of a hospital": lambda s: boards.week(s, 3, TODAY, days=31),
    "free times, a day": free(),
    "free times, a week": free(days=7),
    "free times, one doctor": free(doctor_id=3, days=14),
    "list": filtered(),
    "list, latest first": filtered(sort="latest"),
    "list, deep": deep,
    "list, a hospital's day": filtered(hospital_id=3, date_from=TODAY, date_to=TODAY),
    "list, a doctor's day": filtered(doctor_id=7, date_from=TODAY, date_to=TODAY),
    "list, a doctor's missed": filtered(doctor_id=7, status="no_show", sort="latest"),
    "list, a hospital's month by state": filtered(
        hospital_id=3, status="completed", date_from=TODAY - timedelta(days=30), date_to=TODAY
    ),
    "list, scheduled": filtered(status="scheduled"),
    "list, procedures": filtered(type="procedure", date_from=TODAY),
    "list, unanswered": filtered(unanswered=True, hospital_id=3),
    "list, a patient": filtered(patient_id=4321),
    "list, a name": filtered(search="musa ibrahim"),
    "list, a code": filtered(search="APT-12345"),
    "a patient's last ten": lambda s: queries.latest_of(s, 4321),
    "one visit": lambda s: queries.get_appointment(s, 1234),
    "figures by hospital": figured(by="hospital"),
    "figures by doctor": figured(by="doctor"),
    "figures by weekday": figured(by="weekday"),
    "figures by day": figured(by="day", hospital_id=3),
    "figures by doctor, a year of a hospital": figured(
        by="doctor", hospital_id=3, date_from=TODAY - timedelta(days=365), date_to=TODAY
    ),
    "figures by hospital, a quarter": figured(
        by="hospital", date_from=TODAY - timedelta(days=90), date_to=TODAY
    ),
}


@pytest.mark.parametrize("name", READS)
def test_no_read_scans_a_big_table_or_takes_long(session: Session, took: Table, name: str) -> None:
    with executed(session) as seen:
        READS[name](session)
    plans = [explained(session, query) for query in seen if "SELECT" in query.statement]
    ours, floor = sum(map(milliseconds, plans)), milliseconds(explained(session, FLOOR))
    notes = dict.fromkeys(note for plan in plans for note in scans(plan["Plan"], BIG))
    took.add(name, f"{ours:.1f}", f"{floor:.2f}", f"{ours / floor:.0f}", "; ".join(notes))
    assert ours < MOST_MS


@pytest.mark.parametrize("name", ["a booking", "500 reminders", "who did not come"])
def test_no_command_takes_long(session: Session, took: Table, name: str) -> None:
    """The statements of a command run once: what they wrote would be in the way the second time."""
    acts: dict[str, Callable[[], Any]] = {
        "a booking": lambda: booked(session),
        "500 reminders": lambda: service.send_due_reminders(session, actor=JOB, limit=500),
        "who did not come": lambda: service.mark_missed(session, limit=500),
    }
    before = session.execute(_CLOCK).scalar_one()
    acts[name]()
    ours = float(session.execute(_CLOCK).scalar_one() - before)
    floor = milliseconds(explained(session, FLOOR))
    took.add(name, f"{ours:.1f}", f"{floor:.2f}", f"{ours / floor:.0f}", "wall clock, with Python")
    assert ours < 20 * MOST_MS


_HOSPITALS = """
    INSERT INTO crm_hospitals (name, city, state)
    SELECT 'Hospital ' || n, 'Lagos', 'Lagos' FROM generate_series(1, 20) AS n
"""
_CLOCK = text("SELECT extract(epoch FROM clock_timestamp()) * 1000")
_PATIENT = text(
    "SELECT id FROM crm_patients p WHERE status = 'active' AND NOT EXISTS (SELECT FROM"
    " crm_appointments a WHERE a.patient_id = p.id AND a.starts_at > :at) ORDER BY id LIMIT 1"
)

"""Feedback at 1,000,000 pieces: the queue, every filter, every chart, a case, the night's jobs.

`make bench` prints what each took in the database, beside what PostgreSQL takes for looking one row
up, and which large tables it read more of than a list's total needs.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.clock import lagos_today
from crm_core.base.db import connected, reading
from crm_core.base.migrate import migrate
from crm_core.base.walking import neighbours
from crm_core.feedback import lists, queries
from crm_core.feedback.figures import queries as figures
from crm_core.feedback.figures.schemas import StatsFilter
from crm_core.feedback.schemas import FeedbackFilter
from crm_core.generate import generate, generate_feedback
from crm_core.owners import queries as owners
from crm_core.owners.schemas import OwnerFilter
from tests.load.explaining import explained, milliseconds, scans
from tests.load.measuring import Table
from tests.observe import Executed, executed
from tests.servers import OWNER, Databases

pytestmark = [pytest.mark.load, pytest.mark.timeout(3600)]

PIECES = int(os.environ.get("CRM_BENCH_FEEDBACK", "1000000"))
PATIENTS = int(os.environ.get("CRM_BENCH_GIVERS", "100000"))
BIG = {
    "crm_feedback",
    "crm_feedback_stops",
    "crm_feedback_entries",
    "crm_patients",
}
MOST_MS = 99.0
"""Tens of milliseconds, also on a busy machine."""
FLOOR = Executed(f"SELECT * FROM crm_feedback WHERE id = {PIECES // 2}", None)


@pytest.fixture(scope="module")
def pieces(databases: Databases) -> Iterator[str]:
    """The address of a database with so many pieces, about twenty hospitals."""
    name = databases.empty()
    owner = databases.url(name, role=OWNER)
    migrate(owner)
    with psycopg.connect(owner) as connection:
        connection.execute(_PLACES)
    generate(owner, patients=PATIENTS, transactions=PATIENTS, seed=1, say=lambda _: None)
    generate_feedback(owner, pieces=PIECES, seed=1, say=lambda _: None)
    yield databases.url(name)
    databases.drop(name)


@pytest.fixture
def session(pieces: str) -> Iterator[Session]:
    """A session of the application on them; whatever it writes is rolled back."""
    with connected(pieces), reading() as session:
        yield session


@pytest.fixture(scope="module")
def took(tables: list[Table]) -> Table:
    """Where everything puts its line."""
    table = Table(f"Feedback: {PIECES:,} pieces", ("", "db ms", "floor", "ratio", "plan"))
    tables.append(table)
    return table


def queue(**given: Any) -> Callable[[Session], Any]:
    """A page of what is to be done."""
    return listed(open=True, sort="due", **given)


def listed(**given: Any) -> Callable[[Session], Any]:
    """A page of fifty."""
    wanted = FeedbackFilter.model_validate({"limit": 50, **given})
    return lambda session: queries.list_queue(wanted).page(session)


def deep(**given: Any) -> Callable[[Session], Any]:
    """The page that a cursor goes to from the tenth."""

    def act(session: Session) -> Any:
        wanted = FeedbackFilter.model_validate({"limit": 50, "page": 10, **given})
        cursor = queries.list_queue(wanted).page(session).next_cursor
        return queries.list_queue(wanted.model_copy(update={"cursor": cursor})).page(session)

    return act


def figure(read: Callable[[Session, StatsFilter], Any], **given: int) -> Callable[[Session], Any]:
    """A chart of the last twelve months."""
    return lambda session: read(session, StatsFilter(**given))


MONTH = f"{lagos_today():%Y-%m}"
READS: dict[str, Callable[[Session], Any]] = {
    "queue": queue(),
    "queue, a page by cursor": deep(open=True, sort="due"),
    "queue of a kind": queue(type="suggestion"),
    "queue of a priority": queue(priority="critical"),
    "queue of a hospital": queue(hospital_id=3),
    "queue of a colleague": queue(assigned_to=1),
    "queue of nobody": queue(unassigned=True),
    "queue, overdue": queue(overdue=True),
    "queue, escalated": queue(escalated=True),
    "queue, its figures": lambda session: queries.open_counts(session, 1),
    "a case: before and after": lambda session: neighbours(
        session, lists.QUEUE, FeedbackFilter.model_validate({"open": True, "sort": "due"}),
        PIECES - 5,
    ),
    "a case": lambda session: queries.get_feedback(session, PIECES // 2),
    "a case: its thread": lambda session: queries.thread_of(session, PIECES // 2),
    "list": listed(),
    "list, a page by cursor": deep(),
    "list, newest": listed(sort="newest"),
    "list, oldest": listed(sort="oldest"),
    "list of a state": listed(status="closed"),
    "list of a state, few": listed(status="in_progress"),
    "list of a kind": listed(type="compliment"),
    "list of a priority": listed(priority="high"),
    "list of a hospital": listed(hospital_id=3, sort="newest"),
    "list of a department": listed(department_id=17, sort="newest"),
    "list of a category": listed(category="food", sort="newest"),
    "list of a month": listed(month=MONTH, sort="newest"),
    "list of a month, by priority": listed(month=MONTH),
    "list of a month and category": listed(month=MONTH, category="food", sort="newest"),
    "list of stars": listed(band="unsatisfied", sort="newest"),
    "list of a hospital's stars": listed(hospital_id=3, band="unsatisfied", sort="newest"),
    "list, answered late": listed(late="response", sort="newest"),
    "list, resolved late": listed(late="resolution", sort="newest"),
    "list, late of a kind and priority": listed(
        late="resolution", type="complaint", priority="critical", sort="newest"
    ),
    "list, resolved in time of a kind and priority": listed(
        late="resolution_in_time", type="complaint", priority="critical", sort="newest"
    ),
    "list of what a figure counts": listed(
        unmerged=True, since=MONTH, hospital_id=3, band="unsatisfied", sort="newest"
    ),
    "list of scores": listed(scored=True, unmerged=True, since=MONTH, sort="newest"),
    "list without a category": listed(without="category", since=MONTH, sort="newest"),
    "list without a hospital": listed(without="hospital", sort="newest"),
    "list without a department": listed(without="department", hospital_id=3, sort="newest"),
    "list of a patient": listed(patient_id=500, sort="newest"),
    "list of an owner": listed(owner_id=5, sort="newest"),
    "list by words": listed(search="pharmacy prescribed", sort="newest"),
    "list by number": listed(search="FDB-123456"),
    "totals": figure(figures.totals),
    "CSAT and NPS by month": figure(figures.by_month),
    "by month, three years": figure(figures.by_month, months=36),
    "by month of a hospital": figure(figures.by_month, hospital_id=3),
    "by hospital": figure(figures.by_hospital),
    "by department": figure(figures.by_department),
    "by owner": figure(figures.by_owner),
    "against the targets": figure(figures.by_target),
    "topics over time": figure(figures.topics),
    "what drags it down": figure(figures.worst_topics),
    "the API's figures": figure(figures.feedback_stats),
    "an owner's marks": lambda session: owners.marks_of(session, 5),
    "owners, the least content first": lambda session: owners.list_owners(
        OwnerFilter.model_validate({"sort": "discontent"})
    ).page(session),
}  # fmt: skip


@pytest.mark.parametrize("name", READS)
def test_no_read_takes_long(session: Session, took: Table, name: str) -> None:
    session.execute(text("SELECT 1"))
    with executed(session) as seen:
        READS[name](session)
    plans = [explained(session, query) for query in seen if "SELECT" in query.statement]
    ours, floor = sum(map(milliseconds, plans)), milliseconds(explained(session, FLOOR))
    notes = dict.fromkeys(note for plan in plans for note in scans(plan["Plan"], BIG))
    took.add(name, f"{ours:.1f}", f"{floor:.2f}", f"{ours / floor:.0f}", "; ".join(notes))
    assert ours < MOST_MS


_PLACES = """
INSERT INTO crm_hospitals (name, city, state)
SELECT 'Hospital ' || n, 'Lagos', 'Lagos' FROM generate_series(1, 20) AS n;
INSERT INTO crm_departments (hospital_id, name)
SELECT h.id, d FROM crm_hospitals h, unnest(ARRAY['Pharmacy', 'Surgery', 'Maternity', 'Children',
    'Eyes', 'Emergency', 'Laboratory', 'Heart']) AS d;
INSERT INTO crm_owners (first_name, last_name, email, phone, hospital_id)
SELECT 'Ada', 'Obi', 'owner' || n || '@example.ng', '+2348031234567', 1 + n % 20
FROM generate_series(1, 200) AS n;
INSERT INTO crm_staff (email, name, roles)
SELECT 'desk' || n || '@example.ng', 'Desk ' || n, ARRAY['viewer'] FROM generate_series(1, 30) AS n
"""

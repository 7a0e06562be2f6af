"""The first page on a whole house: what all of its statements take in the database together.

`make bench` prints the sum for each role and for what the page may be narrowed to, beside what
PostgreSQL takes for looking one row up, and which statements take most of it.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from crm_core.appointments.queries import list_appointments
from crm_core.appointments.schemas import AppointmentFilter
from crm_core.base.clock import lagos_today
from crm_core.base.db import connected, reading, transaction
from crm_core.base.read import Read
from crm_core.feedback.queries import list_queue
from crm_core.feedback.schemas import FeedbackFilter, FeedbackSort
from crm_core.owners.queries import list_owners
from crm_core.owners.schemas import OwnerFilter, StandingFilter
from crm_core.owners.standings import list_standings
from crm_core.payouts.queries import list_payouts
from crm_core.payouts.schemas import PayoutFilter
from crm_core.people import service
from crm_core.people.schemas import Role
from tests.load import house
from tests.load.explaining import explained, milliseconds, scans, worked
from tests.load.measuring import Table
from tests.make import make_staff
from tests.observe import Executed, executed
from tests.servers import OWNER, Databases

pytestmark = [pytest.mark.load, pytest.mark.timeout(3600)]

MOST_MS = 100.0
"""All statements of the page together."""
BIG = {
    "crm_patients",
    "crm_loyalty_transactions",
    "crm_loyalty_accounts",
    "crm_communication_logs",
    "crm_appointments",
    "crm_feedback",
    "crm_payouts",
}
FLOOR = Executed(f"SELECT * FROM crm_patients WHERE id = {house.PATIENTS // 2}", None)
MOST_OF_A_LIST_MS = 50.0
TODAY = lagos_today()
LISTS: dict[str, Callable[[str], Read[Any]]] = {
    "visits": lambda state: list_appointments(AppointmentFilter(state=state)),
    "visits of today": lambda state: list_appointments(
        AppointmentFilter(state=state, date_from=TODAY, date_to=TODAY)
    ),
    "payouts": lambda state: list_payouts(PayoutFilter(state=state)),
    "payouts overdue": lambda state: list_payouts(PayoutFilter(state=state, overdue=True)),
    "payouts of a month": lambda state: list_payouts(PayoutFilter(state=state, paid_month=TODAY)),
    "feedback": lambda state: list_queue(FeedbackFilter(state=state)),
    "the queue": lambda state: list_queue(
        FeedbackFilter(state=state, open=True, sort=FeedbackSort.DUE)
    ),
    "owners": lambda state: list_owners(OwnerFilter(state=state)),
    "scores as they stood": lambda state: list_standings(StandingFilter(state=state)),
}
"""What the page's figures open, narrowed to the state of the hospital."""
SCOPES: dict[str, dict[str, str]] = {
    "all": {},
    "a hospital": {"hospital": "37"},
    "a state": {"state": "Lagos"},
    "90 days": {"days": "90"},
    "a state, 90 days": {"state": "Lagos", "days": "90"},
}
CARDS, SHOWN = 12, 8


@pytest.fixture(scope="module")
def whole(databases: Databases) -> Iterator[str]:
    """The address of a database with all of it."""
    name = databases.empty()
    house.build(databases.url(name, role=OWNER))
    yield databases.url(name)
    databases.drop(name)


@pytest.fixture
def session(whole: str) -> Iterator[Session]:
    """A session of the application on them; the page reads in sessions of its own."""
    with connected(whole), reading() as session:
        yield session


@pytest.fixture(scope="module")
def sums(tables: list[Table]) -> Table:
    """Where everybody's page puts its line."""
    title = f"Home: {house.PATIENTS:,} patients, {house.TRANSACTIONS:,} transactions,"
    columns = ("", "statements", "worked ms", "floor", "ratio", "passed ms", "plan")
    table = Table(f"{title} {house.MESSAGES:,} messages", columns)
    tables.append(table)
    return table


@pytest.fixture(scope="module")
def most(tables: list[Table]) -> Table:
    """Where the statements that take most put theirs."""
    table = Table("Home: what takes most, for who may do everything", ("", "worked ms"))
    tables.append(table)
    return table


@pytest.fixture(scope="module")
def lists(tables: list[Table]) -> Table:
    """Where the lists that the figures open put theirs."""
    table = Table("Home: lists of a state", ("", "worked ms", "floor", "ratio"))
    tables.append(table)
    return table


@pytest.mark.parametrize("scope", SCOPES)
def test_the_page_takes_little_whatever_it_is_narrowed_to(
    session: Session, sums: Table, most: Table, project: Path, scope: str
) -> None:
    taken = [look(session, query) for query in opened(project, list(Role), SCOPES[scope])]
    put(sums, scope, taken, session)
    for each in sorted(taken, key=lambda each: -each.worked)[:SHOWN]:
        most.add(f"{scope}: {each.said}", f"{each.worked:.1f}")
    assert sum(each.worked for each in taken) < MOST_MS


@pytest.mark.parametrize("role", Role)
def test_the_page_of_each_role_takes_little(
    session: Session, sums: Table, project: Path, role: Role
) -> None:
    taken = [look(session, query) for query in opened(project, [role], {})]
    put(sums, f"the role {role}", taken, session)
    assert sum(each.worked for each in taken) < MOST_MS


@pytest.mark.parametrize("state", ["Lagos", "Nowhere"])
@pytest.mark.parametrize("name", LISTS)
def test_no_list_of_a_state_takes_long(
    session: Session, lists: Table, name: str, state: str
) -> None:
    session.execute(text("SELECT 1"))
    with executed(session) as seen:
        LISTS[name](state).page(session)
    taken = [look(session, query) for query in seen]
    ours, floor = sum(each.worked for each in taken), worked(session, FLOOR)
    lists.add(f"{name}, {state}", f"{ours:.1f}", f"{floor:.2f}", f"{ours / floor:.0f}")
    assert ours < MOST_OF_A_LIST_MS


def opened(project: Path, roles: list[Role], query: dict[str, str]) -> list[Executed]:
    """Everything that the page asks the database for, when somebody with these roles opens it."""
    with transaction(who="command:bench", why="bench") as session:
        person = make_staff(session, *roles, email=f"{uuid4()}@example.ng")
        token = service.open_session(session, person.id, method="password", user_agent="bench")
    page = AppTest.from_file(project / "Home.py", default_timeout=120)
    page.user = {"ops_sid": token}
    for name, value in query.items():
        page.query_params[name] = value
    with everything_executed() as seen:
        page.run()
    assert not page.exception
    assert len(page.metric) == CARDS
    return [each for each in seen if re.match(r"\s*(SELECT|WITH)\b", each.statement)]


@contextmanager
def everything_executed() -> Iterator[list[Executed]]:
    """What any connection of this process executes meanwhile."""
    seen: list[Executed] = []

    def note(_c: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        seen.append(Executed(statement, values))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@dataclass(frozen=True)
class Taken:
    """What a statement took: the server's work, and what passed; what it reads of large tables."""

    said: str
    worked: float
    passed: float
    reads: list[str]


def look(session: Session, query: Executed) -> Taken:
    """Runs it again, several times."""
    plan = explained(session, query)
    said = " ".join(query.statement.split())[:90]
    reads = list(scans(plan["Plan"], BIG))
    return Taken(said, worked(session, query), milliseconds(plan), reads)


def put(sums: Table, name: str, taken: list[Taken], session: Session) -> None:
    """One line: all statements together."""
    ours, floor = sum(each.worked for each in taken), worked(session, FLOOR)
    notes = "; ".join(dict.fromkeys(note for each in taken for note in each.reads))
    passed = sum(each.passed for each in taken)
    ratio = f"{ours / floor:.0f}"
    sums.add(name, f"{len(taken)}", f"{ours:.1f}", f"{floor:.2f}", ratio, f"{passed:.1f}", notes)

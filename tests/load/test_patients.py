"""Patients and their points at 200,000 members and 1,000,000 rows of ledger: no big scan, ever.

`make bench` runs it with -s, and prints what each read took in the database.
"""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.orm import Session

from crm_core.base.clock import lagos_today
from crm_core.base.db import SessionFactory, connect, reading
from crm_core.loyalty import explaining, queries, standing
from crm_core.loyalty.schemas import MemberFilter, TransactionFilter
from crm_core.patients import queries as patients
from crm_core.patients.schemas import PatientCreate
from tests.make_patients import asked
from tests.observe import Executed, executed
from tests.servers import Databases

pytestmark = [pytest.mark.load, pytest.mark.timeout(900)]

BIG = {
    "crm_patients",
    "crm_loyalty_accounts",
    "crm_loyalty_transactions",
    "crm_loyalty_lots",
    "crm_name_words",
    "crm_name_neighbours",
}
MOST_MS = 60.0
"""Tens of milliseconds, also on a busy machine."""
MOST_ROWS = 20_000
"""A count that stops at a thousand may take rows as they lie, which is no scan of the table: as
many as it takes whatever the table's size. Nothing may read a tenth of it."""


@pytest.fixture(scope="module")
def many(databases: Databases) -> Iterator[str]:
    """The members; the module's tests only read."""
    name = databases.clone()
    url = databases.url(name)
    with psycopg.connect(url, autocommit=True) as admin:
        for statement in Path(__file__).with_name("patients.sql").read_text().split(";\n"):
            if statement.strip():
                admin.execute(statement.encode())
    yield url
    databases.drop(name)


@pytest.fixture
def session(many: str) -> Iterator[Session]:
    """A reading session of the application on them."""
    engine = connect(many)
    with reading() as session:
        yield session
    SessionFactory.configure(bind=None)
    engine.dispose()


def _members(**filters: object) -> Callable[[Session], object]:
    return lambda session: queries.list_members(MemberFilter.model_validate(filters)).page(session)


def _deep(**filters: object) -> Callable[[Session], object]:
    """From a cursor far down, as the thousandth page has it."""

    def read(session: Session) -> object:
        page = queries.list_members(MemberFilter.model_validate(filters)).page(session)
        assert page.next_cursor is not None
        return _members(**filters, cursor=page.next_cursor)(session)

    return read


def _ledger(**filters: object) -> Callable[[Session], object]:
    wanted = TransactionFilter.model_validate(filters)
    return lambda session: queries.list_transactions(wanted).page(session)


TODAY = lagos_today()
NEWCOMER = PatientCreate.model_validate(asked(nin="12345678901"))
READS: dict[str, Callable[[Session], object]] = {
    "first page": _members(),
    "next page": _deep(),
    "most are active": _members(status="active"),
    "few are deceased": _members(status="deceased"),
    "a large state": _members(state="Lagos"),
    "a small state": _members(state="Yobe"),
    "no such state": _members(state="Nowhere"),
    "gender": _members(gender="other"),
    "tier bronze": _members(loyalty_tier="bronze"),
    "tier gold": _members(loyalty_tier="gold"),
    "tier platinum": _members(loyalty_tier="platinum"),
    "tier platinum, next page": _deep(loyalty_tier="platinum"),
    "tier and state": _members(loyalty_tier="platinum", state="Yobe"),
    "points from many": _members(points_from=200),
    "points from none": _members(points_from=9000),
    "registered long ago": _members(registered_to=TODAY - timedelta(days=1490)),
    "registered in a month": _members(
        registered_from=TODAY - timedelta(days=730), registered_to=TODAY - timedelta(days=700)
    ),
    "registered lately": _members(registered_from=TODAY - timedelta(days=3)),
    "registered ever, small state": _members(
        registered_from=TODAY - timedelta(days=9999), state="Yobe"
    ),
    "search a letter": _members(search="a"),
    "search a common beginning": _members(search="ade"),
    "search a name": _members(search="Adechi Obimusa"),
    "search with a typo": _members(search="Adehci Obimsua"),
    "search nobody": _members(search="Xxyyzz"),
    "search a phone": _members(search="0803 012 3456"),
    "search last digits": _members(search="3456"),
    "search a common end of digits": _members(search="+23480"),
    "search a code": _members(search="PAT-123456"),
    "search the codes": _members(search="pat"),
    "search an email": _members(search="p123456@example.ng"),
    "search the emails": _members(search="example"),
    "search in a tier": _members(search="ade", loyalty_tier="platinum"),
    "a patient": lambda session: queries.get_member(session, 123_456),
    "a merged patient": lambda session: queries.get_member(session, 100_003),
    "by code": lambda session: patients.patient_by_code(session, "PAT-123456"),
    "duplicates": lambda session: patients.resembling(session, NEWCOMER),
    "explain the balance": lambda session: explaining.explain_balance(session, 123_456),
    "tier points": lambda session: standing.tier_points(session, 123_456),
    "the ledger": _ledger(),
    "a patient's ledger": _ledger(patient_id=123_456),
    "the ledger by kind": _ledger(transaction_type="earned"),
    "nothing expired": _ledger(transaction_type="expired"),
    "the ledger of a day": _ledger(
        date_from=TODAY - timedelta(days=50), date_to=TODAY - timedelta(days=50)
    ),
    "figures": queries.loyalty_stats,
    "figures of patients": queries.patient_stats,
}


@pytest.mark.parametrize("name", READS)
def test_no_read_scans_a_big_table_or_takes_long(session: Session, name: str) -> None:
    with executed(session) as seen:
        READS[name](session)
    plans = [_explained(session, query) for query in seen if "SELECT" in query.statement]
    took = sum(_milliseconds(plan) for plan in plans)
    notes = [note for plan in plans for note in _scans(plan["Plan"])]
    print(f"\n{name:32} {took:8.1f} ms  {'; '.join(notes)}", end="")  # noqa: T201  (the benchmark's output)
    assert took < MOST_MS


def _explained(session: Session, query: Executed) -> dict[str, Any]:
    explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {query.statement}"
    best: list[dict[str, Any]] = []
    for _ in range(3):
        rows = session.connection().exec_driver_sql(explain, query.values)
        found = rows.scalar_one()
        best.append((json.loads(found) if isinstance(found, str) else found)[0])
    return min(best, key=_milliseconds)


def _milliseconds(plan: dict[str, Any]) -> float:
    return float(plan["Planning Time"] + plan["Execution Time"])


def _scans(node: dict[str, Any]) -> Iterator[str]:
    """What was read of big tables, beyond the thousand that are counted for a list's total."""
    rows = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    if node.get("Relation Name") in BIG and rows > 1100:
        yield f"{node['Node Type']} {node['Relation Name']} {rows:,.0f}"
        assert node["Node Type"] != "Seq Scan" or rows < MOST_ROWS
    for part in node.get("Plans", []):
        yield from _scans(part)

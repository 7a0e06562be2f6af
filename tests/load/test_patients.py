"""Patients and their points at 1,000,000 members and 10,000,000 rows of ledger: no big scan, ever.

`make bench` prints what each read took in the database, beside what PostgreSQL takes for looking
one row up, and which large tables it read more of than a list's total needs.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy.orm import Session

from crm_core.base.db import SessionFactory, connect, reading
from tests.load.measuring import Table
from tests.load.member_reads import READS
from tests.observe import Executed, executed

pytestmark = [pytest.mark.load, pytest.mark.timeout(3600)]

BIG = {
    "crm_patients",
    "crm_loyalty_accounts",
    "crm_loyalty_transactions",
    "crm_loyalty_lots",
    "crm_loyalty_consumptions",
    "crm_loyalty_tier_movements",
    "crm_redemptions",
}
MOST_MS = 99.0
"""Tens of milliseconds, also on a busy machine."""
MOST_ROWS = 20_000
"""A count that stops at a thousand may take rows as they lie, which is no scan of the table: as
many as it takes whatever the table's size. Nothing may read a fiftieth of it."""
NOTED_ROWS = 1100
"""A thousand are counted for every list's total."""
FLOOR = Executed("SELECT * FROM crm_patients WHERE id = 123456", None)


@pytest.fixture
def session(members: str) -> Iterator[Session]:
    """A reading session of the application on them."""
    engine = connect(members)
    with reading() as session:
        yield session
    SessionFactory.configure(bind=None)
    engine.dispose()


@pytest.fixture(scope="module")
def took(tables: list[Table]) -> Table:
    """Where every read puts its line."""
    table = Table("Patients and points", ("", "db ms", "floor", "ratio", "plan"))
    tables.append(table)
    return table


@pytest.mark.parametrize("name", READS)
def test_no_read_scans_a_big_table_or_takes_long(session: Session, took: Table, name: str) -> None:
    act = READS[name](session)
    with executed(session) as seen:
        act()
    plans = [_explained(session, query) for query in seen if "SELECT" in query.statement]
    ours, floor = sum(map(_milliseconds, plans)), _milliseconds(_explained(session, FLOOR))
    notes = dict.fromkeys(note for plan in plans for note in _scans(plan["Plan"]))
    took.add(name, f"{ours:.1f}", f"{floor:.2f}", f"{ours / floor:.0f}", "; ".join(notes))
    assert ours < MOST_MS


def _explained(session: Session, query: Executed) -> dict[str, Any]:
    """The quickest of three runs: whatever else the machine does, this is what it takes."""
    explain = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {query.statement}"
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
    if node.get("Relation Name") in BIG and rows > NOTED_ROWS:
        seq = node["Node Type"] == "Seq Scan"
        table = node["Relation Name"].removeprefix("crm_")
        yield f"{'Seq Scan' if seq else 'reads'} {rows:,.0f} {table}"
        assert not seq or rows < MOST_ROWS
    for part in node.get("Plans", []):
        yield from _scans(part)

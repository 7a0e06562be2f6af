"""Patients and their points at 1,000,000 members and 10,000,000 rows of ledger: no big scan, ever.

`make bench` prints what each read took in the database, beside what PostgreSQL takes for looking
one row up, and which large tables it read more of than a list's total needs.
"""

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from crm_core.base.db import connected, reading
from tests.load.explaining import explained, milliseconds, scans
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
FLOOR = Executed("SELECT * FROM crm_patients WHERE id = 123456", None)


@pytest.fixture
def session(members: str) -> Iterator[Session]:
    """A reading session of the application on them."""
    with connected(members), reading() as session:
        yield session


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
    plans = [explained(session, query) for query in seen if "SELECT" in query.statement]
    ours, floor = sum(map(milliseconds, plans)), milliseconds(explained(session, FLOOR))
    notes = dict.fromkeys(note for plan in plans for note in scans(plan["Plan"], BIG))
    took.add(name, f"{ours:.1f}", f"{floor:.2f}", f"{ours / floor:.0f}", "; ".join(notes))
    assert ours < MOST_MS

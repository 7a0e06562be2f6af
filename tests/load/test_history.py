"""What the rules and the history cost: the same write with the triggers on and off; sealing."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.load.measuring import Table, by_turns, timed
from tests.servers import OWNER

Connection = psycopg.Connection[Any]
pytestmark = [pytest.mark.load, pytest.mark.timeout(900)]

ROWS = 10_000
RUNS = 3
EVERY = ("history", "all of ours")


@pytest.fixture
def as_owner(business: str) -> Iterator[Connection]:
    """A connection that may switch triggers off; nothing it does is kept."""
    with psycopg.connect(business) as connection:
        connection.execute(f"SET ROLE {OWNER}")
        yield connection
        connection.rollback()


def test_cost_of_triggers(
    as_owner: Connection, tidy: Callable[[], object], tables: list[Table]
) -> None:
    headings = ("", "with ms", "without", "ratio", "switched off")
    table = Table(f"Bulk writes of {ROWS:,} payouts, with and without triggers", headings)
    tables.append(table)
    for name, statement in _WRITES.items():
        for words in EVERY:
            ways = [_undone(as_owner, statement, off, tidy) for off in ("", words)]
            on, off = by_turns(ways, RUNS)
            table.add(name, f"{on:.0f}", f"{off:.0f}", f"{on / off:.2f}", words)


def test_sealing(as_owner: Connection, tables: list[Table]) -> None:
    as_owner.execute(_NOTES)
    as_owner.commit()
    started = time.perf_counter()
    sealed = as_owner.execute("SELECT rows FROM crm_history_seal()").fetchone()
    seconds = time.perf_counter() - started
    assert sealed is not None
    assert sealed[0] >= ROWS
    table = Table("Sealing the history", ("", "rows", "rows a second", ""))
    table.add("seal", f"{sealed[0]:,}", f"{sealed[0] / seconds:,.0f}", "")
    tables.append(table)


def _undone(
    connection: Connection, statement: str, off: str, tidy: Callable[[], object]
) -> Callable[[], float]:
    """Times the statement with triggers off, in a transaction that is taken back."""

    def run() -> float:
        connection.rollback()
        tidy()
        connection.execute(f"SET ROLE {OWNER}")
        for trigger in _triggers(connection, off):
            name = sql.Identifier(trigger)
            connection.execute(sql.SQL("ALTER TABLE crm_payouts DISABLE TRIGGER {}").format(name))
        return timed(lambda: connection.execute(statement.encode()))()

    return run


def _triggers(connection: Connection, off: str) -> list[str]:
    """The names of those that are switched off."""
    wanted = {"": "no such", "history": "history_%", "all of ours": "%"}[off]
    found = connection.execute(
        "SELECT tgname FROM pg_trigger WHERE tgrelid = 'crm_payouts'::regclass"
        " AND NOT tgisinternal AND tgname LIKE %s",
        [wanted],
    )
    return [row[0] for row in found]


_WRITES = {
    "insert": f"""
        INSERT INTO crm_payouts (owner_id, contract_id, hospital_id, period_start, period_end,
            gross_revenue, deductions, net_amount, created_by)
        SELECT owner_id, contract_id, hospital_id, period_start + 10000, period_end + 10000,
               gross_revenue, deductions, net_amount, created_by
        FROM crm_payouts WHERE id <= {ROWS}
    """,
    "update": f"UPDATE crm_payouts SET notes = 'looked at' WHERE id <= {ROWS}",
}
_NOTES = f"""
    INSERT INTO crm_history (who, why, request_id, table_name, record_id, action, after)
    SELECT 'staff:1', 'measuring', '', 'crm_payouts', id, 'insert', to_jsonb(p)
    FROM crm_payouts p WHERE id <= {ROWS}
"""

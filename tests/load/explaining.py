"""What PostgreSQL says it did: how long a statement took, and what it read of large tables."""

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from tests.observe import Executed

MOST_ROWS = 20_000
"""A count that stops at a thousand may take rows as they lie, which is no scan of the table: as
many as it takes whatever the table's size. Nothing may read a fiftieth of it."""
NOTED_ROWS = 1100
"""A thousand are counted for every list's total."""


def explained(session: Session, query: Executed) -> dict[str, Any]:
    """The quickest of three runs: whatever else the machine does, this is what it takes."""
    explain = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {query.statement}"
    best: list[dict[str, Any]] = []
    for _ in range(3):
        rows = session.connection().exec_driver_sql(explain, query.values)
        found = rows.scalar_one()
        best.append((json.loads(found) if isinstance(found, str) else found)[0])
    return min(best, key=milliseconds)


def milliseconds(plan: dict[str, Any]) -> float:
    """Planning and running."""
    return float(plan["Planning Time"] + plan["Execution Time"])


def worked(session: Session, query: Executed) -> float:
    """Milliseconds that the server's process was at work for a statement, the least of five runs.

    Whatever else the machine does at the time is not in it; Linux tells it of each process.
    """
    connection = session.connection()
    pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    clock = Path(f"/proc/{pid}/schedstat")
    taken = []
    for _ in range(5):
        before = int(clock.read_text().split()[0])
        connection.exec_driver_sql(query.statement, query.values).all()
        taken.append(int(clock.read_text().split()[0]) - before)
    return min(taken) / 1_000_000


def scans(node: dict[str, Any], big: Collection[str]) -> Iterator[str]:
    """What was read of big tables, beyond the thousand that are counted for a list's total."""
    rows = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    if node.get("Relation Name") in big and rows > NOTED_ROWS:
        seq = node["Node Type"] == "Seq Scan"
        table = node["Relation Name"].removeprefix("crm_")
        yield f"{'Seq Scan' if seq else 'reads'} {rows:,.0f} {table}"
        assert not seq or rows < MOST_ROWS
    for part in node.get("Plans", []):
        yield from scans(part, big)

"""Two ways of doing the same, timed by turns; only their ratio means anything.

The machine may be slow, shared and warming up: whatever happens to one happens to the other.
"""

import re
import statistics
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

RUNS = 15
BIG = frozenset(
    {
        "crm_payouts",
        "crm_payout_deductions",
        "crm_payout_approvals",
        "crm_payout_attempts",
        "crm_hospital_revenue",
        "crm_owner_surveys",
        "crm_owner_scores",
        "crm_history",
    }
)
"""Tables that nobody may wait for a scan of."""

_WORTH_A_NOTE = 1100  # rows read of one table: a thousand are counted for every list's total


@dataclass(frozen=True)
class Statement:
    """SQL with psycopg's placeholders, and their values."""

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Figure:
    """What something took, beside its floor in the same run; milliseconds."""

    name: str
    ours: float
    floor: float
    note: str = ""

    @property
    def ratio(self) -> float:
        """How many times the floor."""
        return self.ours / self.floor


@dataclass
class Table:
    """One table of the printout."""

    title: str
    headings: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        """One line."""
        self.rows.append(cells)

    def lines(self) -> Iterator[str]:
        """The title, and the columns aligned: words to the left, numbers to the right."""
        lines = [self.headings, *self.rows]
        widths = [max(len(line[n]) for line in lines) for n in range(len(self.headings))]
        last = len(self.headings) - 1
        yield self.title
        yield "-" * len(self.title)
        for line in lines:
            cells = [
                cell.ljust(width) if n in (0, last) else cell.rjust(width)
                for n, (cell, width) in enumerate(zip(line, widths, strict=True))
            ]
            yield "  ".join(cells).rstrip()
        yield ""


def by_turns(ways: Sequence[Callable[[], float]], runs: int = RUNS) -> list[float]:
    """The median of each way's own figure, taken by turns after two runs to warm up."""
    found: list[list[float]] = [[] for _ in ways]
    for run in range(runs + 2):
        for way, figures in zip(ways, found, strict=True):
            figure = way()
            if run >= 2:
                figures.append(figure)
    return [statistics.median(figures) for figures in found]


def timed(act: Callable[[], object]) -> Callable[[], float]:
    """The act, giving the milliseconds that it took."""

    def run() -> float:
        started = time.perf_counter()
        act()
        return (time.perf_counter() - started) * 1000

    return run


def database_figure(
    connection: psycopg.Connection[Any], name: str, ours: Statement, floor: Statement
) -> Figure:
    """Milliseconds that PostgreSQL planned and ran ours, beside the floor's."""
    took = by_turns([lambda: _took(connection, ours), lambda: _took(connection, floor)])
    return Figure(name, took[0], took[1], plan_note(connection, ours))


def plan_note(connection: psycopg.Connection[Any], statement: Statement) -> str:
    """What about the plan would hurt in a larger business; empty where nothing would."""
    scans = [
        (node["Node Type"], node["Relation Name"], _rows_read(node))
        for node in _nodes(_explained(connection, statement)["Plan"])
        if node.get("Relation Name") in BIG
    ]
    notes = [
        f"{kind if kind == 'Seq Scan' else 'reads'} {rows:,.0f} {table.removeprefix('crm_')}"
        for kind, table, rows in scans
        if rows > _WORTH_A_NOTE
    ]
    return "; ".join(dict.fromkeys(notes))


def _rows_read(node: dict[str, Any]) -> float:
    removed = sum(node.get(f"Rows Removed by {what}", 0) for what in ("Filter", "Index Recheck"))
    return float((node["Actual Rows"] + removed) * node["Actual Loops"])


def _took(connection: psycopg.Connection[Any], statement: Statement) -> float:
    found = _explained(connection, statement)
    return float(found["Planning Time"] + found["Execution Time"])


def _explained(connection: psycopg.Connection[Any], statement: Statement) -> dict[str, Any]:
    name = _prepared(connection, statement.text)
    values = ", ".join(
        sql.Literal(statement.values[name]).as_string(connection) for name in _names(statement.text)
    )
    given = f"({values})" if values else ""
    text = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) EXECUTE {name}{given}"
    # Not psycopg's own placeholders: EXPLAIN takes no parameters.
    row = psycopg.ClientCursor(connection).execute(text).fetchone()
    assert row is not None
    plan: dict[str, Any] = row[0][0]
    return plan


def _prepared(connection: psycopg.Connection[Any], text: str) -> str:
    """The name of the text as prepared on this connection, which is how our doors run it."""
    name = f"s{zlib.crc32(text.encode()):08x}"
    known = connection.execute("SELECT FROM pg_prepared_statements WHERE name = %s", [name])
    if known.fetchone() is None:
        names = _names(text)
        numbered = re.sub(
            r"%%|%\((\w+)\)s",
            lambda found: f"${names.index(found[1]) + 1}" if found[1] else "%",
            text,
        )
        psycopg.ClientCursor(connection).execute(f"PREPARE {name} AS {numbered}")
    return name


def _names(text: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r"%\((\w+)\)s", text)))


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from _nodes(part)

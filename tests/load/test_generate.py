"""Made-up patients, beside bare inserts of as many rows into tables without any index."""

import time

import psycopg
import pytest
from psycopg import sql

from crm_core.generate import Generated
from crm_core.generate.loading import TABLES
from tests.load.measuring import Table

pytestmark = [pytest.mark.load, pytest.mark.timeout(3600)]

MOST_TIMES_BARE = 25.0
"""Twelve figures are thought up for each patient, and forty indexes and keys built behind them."""


def test_rows_are_made_nearly_as_fast_as_they_can_be_written(
    members: str, made: Generated, tables: list[Table]
) -> None:
    bare = sum(_bare_insert(members, table) for table in TABLES)
    table = Table("Made-up patients", ("", "rows", "s", "floor", "ratio", "rows a second"))
    table.add(
        "generate",
        f"{made.rows:,}",
        f"{made.seconds:.0f}",
        f"{bare:.0f}",
        f"{made.seconds / bare:.1f}",
        f"{made.rows_a_second:,.0f}",
    )
    tables.append(table)

    assert made.seconds / bare < MOST_TIMES_BARE


def _bare_insert(url: str, table: str) -> float:
    """Seconds for copying a table's rows, in one statement, taken back afterwards."""
    names = {"table": sql.Identifier(table), "copy": sql.Identifier(f"{table}_bare")}
    with psycopg.connect(url) as connection:
        connection.execute(sql.SQL("CREATE TABLE {copy} (LIKE {table})").format(**names))
        began = time.monotonic()
        connection.execute(sql.SQL("INSERT INTO {copy} SELECT * FROM {table}").format(**names))
        took = time.monotonic() - began
        connection.rollback()
    return took

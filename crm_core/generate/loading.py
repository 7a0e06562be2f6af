"""Runs the SQL of this folder, with indexes and foreign keys out of the way meanwhile."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from crm_core.base.clock import lagos_today
from crm_core.base.errors import Conflict
from crm_core.generate.names import HOMES, names_of
from crm_core.patients.places import find_state

TABLES = (
    "crm_patients",
    "crm_loyalty_accounts",
    "crm_loyalty_transactions",
    "crm_loyalty_lots",
    "crm_loyalty_consumptions",
    "crm_loyalty_tier_movements",
    "crm_redemptions",
)
LOTS_OF_TEN = 5.9  # so many lots a patient make ten rows of the ledger


@dataclass(frozen=True)
class Generated:
    """How many rows were made, and how fast, indexes included."""

    rows: int
    seconds: float

    @property
    def rows_a_second(self) -> float:
        """Over the whole run."""
        return self.rows / self.seconds

    def __add__(self, other: "Generated") -> "Generated":
        """Both runs together."""
        return Generated(self.rows + other.rows, self.seconds + other.seconds)


def generate(
    url: str, *, patients: int, transactions: int, seed: int, say: Callable[[str], None]
) -> Generated:
    """Adds made-up patients with about so many ledger rows, as the owner of the tables.

    Raises:
        Conflict: there is no hospital that they could prefer.
    """
    began = time.monotonic()
    with psycopg.connect(url) as connection:
        connection.execute("SET LOCAL work_mem = '256MB'; SET LOCAL maintenance_work_mem = '512MB'")
        connection.execute("SET LOCAL timezone = 'UTC'; SET LOCAL statement_timeout = 0")
        refuse_without_hospital(connection)
        before = _count(connection)
        undo = clear_the_way(connection, TABLES)
        prepare(connection, seed)
        say("Patients …")
        values = {
            "patients": patients,
            "places": sum(share for _, share, _ in HOMES),
            "today": lagos_today(),
            "lots_each": max(0.0, transactions / max(1, patients) / 10 * LOTS_OF_TEN - 1),
            "first_patient": _last_patient(connection),
        }
        run_script(connection, "patients.sql", values)
        say("Points …")
        run_script(connection, "ledger.sql", values)
        say("Indexes …")
        for statement in undo:
            connection.execute(statement)
        _advance(connection)
        rows = _count(connection) - before
    _finish(url)
    return Generated(rows, time.monotonic() - began)


def refuse_without_hospital(connection: psycopg.Connection[Any]) -> None:
    """Everybody belongs somewhere; ``Conflict`` where there is nowhere."""
    if connection.execute("SELECT FROM crm_hospitals LIMIT 1").fetchone() is None:
        raise Conflict("There is no hospital yet: load the sample data first.")


def clear_the_way(connection: psycopg.Connection[Any], tables: Sequence[str]) -> list[str]:
    """Takes down triggers, foreign keys and indexes; gives the statements that restore them."""
    restore: list[str] = []
    names = list(tables)
    for table, name, definition in connection.execute(_FOREIGN_KEYS, [names]).fetchall():
        connection.execute(_say("ALTER TABLE {} DROP CONSTRAINT {}", table, name))
        restore.append(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    for table, name, definition in connection.execute(_UNIQUES, [names]).fetchall():
        connection.execute(_say("ALTER TABLE {} DROP CONSTRAINT {}", table, name))
        restore.insert(0, f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    for name, definition in connection.execute(_INDEXES, [names]).fetchall():
        connection.execute(_say("DROP INDEX {}", name))
        restore.insert(0, definition)
    for table in tables:
        connection.execute(_say("ALTER TABLE {} DISABLE TRIGGER USER", table))
        restore.append(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    return restore


def prepare(connection: psycopg.Connection[Any], seed: int) -> None:
    """The source of chance, a number from 0 to 1 for each number and salt; and the homes."""
    connection.execute(
        sql.SQL(
            "CREATE FUNCTION pg_temp.r(n bigint, salt integer) RETURNS float8"
            " LANGUAGE sql IMMUTABLE AS"
            " $$ SELECT (hashint8extended(n, {} * 1000 + salt) & 2147483647)::float8"
            " / 2147483648 $$"
        ).format(sql.Literal(seed))
    )
    connection.execute(
        "CREATE TEMP TABLE homes (place int, state text, areas text[], first_names text[],"
        " last_names text[]) ON COMMIT DROP"
    )
    with connection.cursor() as cursor:
        for begins, (state, share, people) in zip(_begins(), HOMES, strict=True):
            areas = list(find_state(state).areas)
            names = (names_of("first", people), names_of("last", people))
            cursor.execute(_HOME, (state, areas, *names, begins, begins + share - 1))
    connection.execute("ANALYZE homes")


def _begins() -> Sequence[int]:
    """The first place of each home: a home has as many places as its share."""
    return [sum(share for _, share, _ in HOMES[:n]) for n in range(len(HOMES))]


def run_script(connection: psycopg.Connection[Any], name: str, values: dict[str, Any]) -> None:
    """A file of statements with ``:name`` for the values, which are our own numbers and dates."""
    script = Path(__file__).with_name(name).read_text(encoding="utf-8")
    for given, value in values.items():
        script = script.replace(f":{given}", sql.Literal(value).as_string(None))
    connection.execute(script)


def _last_patient(connection: psycopg.Connection[Any]) -> int:
    return _one(connection, "SELECT coalesce(max(id), 0) FROM crm_patients")


def _count(connection: psycopg.Connection[Any]) -> int:
    return sum(_one(connection, f"SELECT count(*) FROM {table}") for table in TABLES)  # noqa: S608


def _one(connection: psycopg.Connection[Any], statement: str) -> int:
    found = connection.execute(statement).fetchone()
    return int(found[0]) if found else 0


def _advance(connection: psycopg.Connection[Any]) -> None:
    """These ids were given by hand: the next ones follow them."""
    for table in ("crm_patients", "crm_loyalty_transactions"):
        statement = "SELECT setval(pg_get_serial_sequence({}, 'id'), (SELECT max(id) FROM {}))"
        connection.execute(sql.SQL(statement).format(sql.Literal(table), sql.Identifier(table)))


def _finish(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for table in TABLES:
            connection.execute(_say("VACUUM (ANALYZE) {}", table))
        connection.execute("SELECT crm_loyalty_count_cohorts()")


def _say(statement: LiteralString, *names: str) -> sql.Composed:
    return sql.SQL(statement).format(*(sql.Identifier(name) for name in names))


_HOME = """
    INSERT INTO homes SELECT place, %s, %s, %s, %s FROM generate_series(%s::int, %s::int) AS place
"""
_FOREIGN_KEYS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE contype = 'f' AND (conrelid::regclass::text = ANY(%s))
    ORDER BY oid
"""
_UNIQUES = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE contype IN ('u', 'x') AND (conrelid::regclass::text = ANY(%s)) ORDER BY oid
"""
_INDEXES = """
    SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
    WHERE i.indrelid::regclass::text = ANY(%s) AND NOT i.indisprimary
      AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
"""

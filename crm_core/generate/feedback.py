"""Made-up feedback in any number, of the patients, owners and hospitals that are there."""

import time
from collections.abc import Callable
from typing import Any

import psycopg

from crm_core.base.clock import lagos_today
from crm_core.base.db import connected, transaction
from crm_core.base.errors import Conflict
from crm_core.feedback import service
from crm_core.generate.loading import (
    Generated,
    clear_the_way,
    prepare,
    run_script,
)
from crm_core.owners import service as owners

TABLES = ("crm_feedback", "crm_feedback_stops", "crm_feedback_entries", "crm_owner_ratings")
_WHO = "command:generate"


def generate_feedback(url: str, *, pieces: int, seed: int, say: Callable[[str], None]) -> Generated:
    """Adds so many pieces of the last three years, as the owner of the tables.

    Raises:
        Conflict: there are no patients or no hospitals that they could be about.
    """
    began = time.monotonic()
    with psycopg.connect(url) as connection:
        connection.execute("SET LOCAL work_mem = '256MB'; SET LOCAL maintenance_work_mem = '512MB'")
        connection.execute("SET LOCAL timezone = 'UTC'; SET LOCAL statement_timeout = 0")
        values = _values(connection, pieces)
        undo = clear_the_way(connection, TABLES)
        prepare(connection, seed)
        say("Feedback …")
        run_script(connection, "feedback.sql", values)
        say("Indexes …")
        for statement in undo:
            connection.execute(statement)
        connection.execute(_ADVANCE)
        rows = _one(connection, _COUNTED.format(first=values["first"]))
    say("Clocks and sums …")
    _settle(url)
    _vacuum(url)
    return Generated(rows, time.monotonic() - began)


def _values(connection: psycopg.Connection[Any], pieces: int) -> dict[str, Any]:
    """How many there are of what they are drawn from; each has a place from nought on."""
    connection.execute(_PLACES)
    counted = {
        name: _one(connection, f"SELECT count(*) FROM people WHERE kind = '{kind}'")  # noqa: S608
        for name, kind in (("patients", "patient"), ("owners", "owner"), ("staff", "staff"))
    }
    places = _one(connection, "SELECT count(*) FROM places")
    if not places or not counted["patients"]:
        raise Conflict("There is nobody yet who could say something: load the sample data first.")
    first = _one(connection, "SELECT coalesce(max(id), 0) FROM crm_feedback")
    return {**counted, "places": places, "pieces": pieces, "first": first, "today": lagos_today()}


def _one(connection: psycopg.Connection[Any], statement: str) -> int:
    found = connection.execute(statement).fetchone()
    return int(found[0]) if found else 0


def _vacuum(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"VACUUM (ANALYZE) {', '.join(TABLES)}, crm_feedback_sums")


def _settle(url: str) -> None:
    """What the services keep: due times of open cases, folded sums, the scores of owners."""
    with connected(url):
        for step in (service.refresh_clocks, service.fold_sums):
            left = 1
            while left:
                with transaction(who=_WHO, why="generate") as session:
                    left = step(session)
        with transaction(who=_WHO, why="generate") as session:
            owners.refresh_satisfaction(session)


_PLACES = """
CREATE TEMP TABLE places ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY h.id, d.id) - 1 AS place, h.id AS hospital_id,
       d.id AS department_id
FROM crm_hospitals h LEFT JOIN crm_departments d ON d.hospital_id = h.id;
CREATE TEMP TABLE people ON COMMIT DROP AS
SELECT 'patient' AS kind, row_number() OVER (ORDER BY id) - 1 AS place, id
FROM crm_patients WHERE merged_into_id IS NULL
UNION ALL SELECT 'owner', row_number() OVER (ORDER BY id) - 1, id FROM crm_owners
UNION ALL SELECT 'staff', row_number() OVER (ORDER BY id) - 1, id FROM crm_staff
WHERE active AND 'viewer' = ANY (roles);
CREATE INDEX ON people (kind, place);
ANALYZE places, people;
"""
_ADVANCE = """
SELECT setval('crm_feedback_codes', (SELECT max(id) FROM crm_feedback)),
       setval(pg_get_serial_sequence('crm_feedback', 'id'), (SELECT max(id) FROM crm_feedback))
"""
_COUNTED = """
SELECT (SELECT count(*) FROM crm_feedback WHERE id > {first})
     + (SELECT count(*) FROM crm_feedback_stops WHERE feedback_id > {first})
     + (SELECT count(*) FROM crm_feedback_entries WHERE feedback_id > {first})
"""

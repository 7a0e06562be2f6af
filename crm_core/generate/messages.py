"""Made-up messages of a year to the patients that there are."""

import time
from collections.abc import Callable
from typing import Any, LiteralString

import psycopg

from crm_core.base.clock import lagos_today
from crm_core.base.errors import Conflict
from crm_core.generate.loading import Generated, clear_the_way, prepare, run_script

TABLES = ("crm_communication_logs",)
_LAST = "SELECT coalesce(max(id), 0) FROM crm_communication_logs"
_PEOPLE = "SELECT count(*) FROM crm_patients WHERE merged_into_id IS NULL"


def generate_messages(
    url: str, *, messages: int, seed: int, say: Callable[[str], None]
) -> Generated:
    """Adds so many messages, as the owner of the tables, with their sums by the hour.

    Raises:
        Conflict: there are no patients.
    """
    began = time.monotonic()
    with psycopg.connect(url) as connection:
        connection.execute("SET LOCAL work_mem = '256MB'; SET LOCAL maintenance_work_mem = '512MB'")
        connection.execute("SET LOCAL timezone = 'UTC'; SET LOCAL statement_timeout = 0")
        people = _number(connection, _PEOPLE)
        if not people:
            raise Conflict("There are no patients to write to: make some first.")
        last = _number(connection, _LAST)
        undo = clear_the_way(connection, TABLES)
        prepare(connection, seed)
        say("Messages …")
        values = {"messages": messages, "people": people, "last": last, "today": lagos_today()}
        run_script(connection, "messages.sql", values)
        say("Indexes …")
        for statement in undo:
            connection.execute(statement)
        connection.execute(_NEXT)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE) crm_communication_logs, crm_message_hours")
    return Generated(messages, time.monotonic() - began)


def _number(connection: psycopg.Connection[Any], statement: LiteralString) -> int:
    found = connection.execute(statement).fetchone()
    return int(found[0]) if found else 0


_NEXT = """
    SELECT setval(pg_get_serial_sequence('crm_communication_logs', 'id'),
                  (SELECT max(id) FROM crm_communication_logs))
"""

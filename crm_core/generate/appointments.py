"""Doctors with their hours, and their visits over a year: never two at once for anybody."""

import time
from collections.abc import Callable
from typing import Any

import psycopg

from crm_core.base.clock import lagos_today
from crm_core.base.errors import Conflict
from crm_core.generate.loading import (
    Generated,
    clear_the_way,
    prepare,
    refuse_without_hospital,
    run_script,
)

_ROOM = """
    SET LOCAL work_mem = '256MB'; SET LOCAL maintenance_work_mem = '512MB';
    SET LOCAL timezone = 'UTC'; SET LOCAL statement_timeout = 0
"""
TABLES = ("crm_appointments", "crm_appointment_notices")
A_DAY = 12  # visits of a doctor, of sixteen half hours


def generate_appointments(
    url: str, *, appointments: int, doctors: int, seed: int, say: Callable[[str], None]
) -> Generated:
    """Adds so many doctors and about so many visits, as the owner of the tables.

    Raises:
        Conflict: there is no hospital; there are visits of this kind already, or fewer patients
            than doctors, so that somebody would have to be in two places at once.
    """
    began = time.monotonic()
    with psycopg.connect(url) as connection:
        connection.execute(_ROOM)
        refuse_without_hospital(connection)
        _refuse_again(connection)
        _refuse_too_few(connection, doctors)
        undo = clear_the_way(connection, TABLES)
        prepare(connection, seed)
        say("Visits …")
        run_script(connection, "appointments.sql", _numbers(appointments, doctors))
        say("Indexes …")
        for statement in undo:
            connection.execute(statement)
        rows = _counted(connection)
    _finish(url)
    return Generated(rows, time.monotonic() - began)


def _numbers(appointments: int, doctors: int) -> dict[str, Any]:
    days = max(1, round(appointments / doctors / A_DAY))
    return {"doctors": doctors, "days": days, "today": lagos_today()}


def _refuse_again(connection: psycopg.Connection[Any]) -> None:
    made = "SELECT FROM crm_appointments WHERE created_by = 'generate' LIMIT 1"
    if connection.execute(made).fetchone() is not None:
        raise Conflict("There are made-up visits already: they would be at the same times.")


def _refuse_too_few(connection: psycopg.Connection[Any], doctors: int) -> None:
    found = connection.execute(
        "SELECT count(*) FROM (SELECT FROM crm_patients WHERE merged_into_id IS NULL"
        " AND status = 'active' LIMIT %s) AS active",
        [doctors],
    ).fetchone()
    if found is None or found[0] < doctors:
        raise Conflict("There are fewer patients than doctors: make more patients first.")


def _counted(connection: psycopg.Connection[Any]) -> int:
    found = connection.execute("SELECT count(*) FROM made_visits").fetchone()
    return int(found[0]) if found else 0


def _finish(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE) crm_appointments, crm_appointment_notices")
        connection.execute("VACUUM (ANALYZE) crm_doctors, crm_doctor_hours, crm_appointment_sums")

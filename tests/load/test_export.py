"""A million members as CSV: beside ``\\copy`` in the same run, in memory that does not grow."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from crm_core.base.db import connected
from crm_core.insights.exports import Dataset, ExportFilter, Format, open_export
from crm_core.people.schemas import machine
from tests.conftest import KEYS
from tests.load.conftest import PATIENTS
from tests.load.measuring import Table, by_turns, timed

pytestmark = [pytest.mark.load, pytest.mark.timeout(3600)]

MOST_TIMES_COPY = 1.5
MOST_MEMORY_MB = 64  # that a million rows may take beyond what a thousand do
RUNS = 3

# What the dashboard and the API do with an export, in a process of its own; it prints its peak.
_EXPORT = """
import resource, sys
from crm_core.base.db import connect, connected
from crm_core.insights.exports import Dataset, ExportFilter, Format, open_export
from crm_core.people.schemas import machine
connect(sys.argv[1])
given = ExportFilter.model_validate({"registered_to": sys.argv[3]} if sys.argv[3] else {})
export = open_export(Dataset.MEMBERS, Format(sys.argv[2]), given, actor=machine("command:bench"))
with open("/dev/null", "wb") as nowhere:
    for chunk in export.chunks():
        nowhere.write(chunk)
print(export.rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def export(url: str, kind: str, until: str = "") -> tuple[int, int]:
    """Rows that went out, and the process's peak memory in megabytes."""
    command = [sys.executable, "-c", _EXPORT, url, kind, until]
    environment = {**os.environ, **KEYS, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    rows, megabytes = done.stdout.split()
    return int(rows), int(megabytes)


def stream(url: str) -> None:
    """All of it, as a door that runs already sends it."""
    bench = machine("command:bench")
    with connected(url), open(os.devnull, "wb") as nowhere:
        given = open_export(Dataset.MEMBERS, Format.CSV, ExportFilter(), actor=bench)
        nowhere.writelines(given.chunks())


def copy(url: str) -> None:
    """The same rows by psql, as text and without our columns' care."""
    subprocess.run(
        ["psql", url, "-qc", f"\\copy ({_SAME}) TO '/dev/null' CSV HEADER"],
        check=True,
    )


_SAME = """
    SELECT p.patient_code, p.first_name, p.last_name, p.phone, p.email, p.date_of_birth, p.gender,
           extract(year FROM p.date_of_birth)::bigint, p.state, p.lga, p.status,
           p.registration_date, p.last_visit_date, p.visit_count, a.tier, a.balance,
           (p.communication_preferences ->> 'sms')::boolean,
           (p.communication_preferences ->> 'email')::boolean,
           (p.communication_preferences ->> 'whatsapp')::boolean,
           (p.communication_preferences ->> 'push')::boolean
    FROM crm_patients p JOIN crm_loyalty_accounts a ON a.id = p.id
""".replace("\n", " ")


def test_csv_takes_hardly_longer_than_copy(members: str, tables: list[Table]) -> None:
    ours, floor = by_turns([timed(lambda: stream(members)), timed(lambda: copy(members))], RUNS)
    table = Table("Export of all members as CSV", ("", "ms", "\\copy ms", "ratio"))
    table.add(f"{PATIENTS:,} rows", f"{ours:.0f}", f"{floor:.0f}", f"{ours / floor:.2f}")
    tables.append(table)

    assert ours / floor <= MOST_TIMES_COPY


@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx"])
def test_memory_does_not_grow_with_the_rows(members: str, tables: list[Table], kind: str) -> None:
    few, small = export(members, kind, until="2022-12-31")
    rows, large = export(members, kind)
    table = Table(f"Memory of an export as {kind}", ("rows", "peak MB"))
    table.add(f"{few:,}", str(small))
    table.add(f"{rows:,}", str(large))
    tables.append(table)

    assert rows == PATIENTS
    assert large - small < MOST_MEMORY_MB * (4 if kind == "xlsx" else 1)

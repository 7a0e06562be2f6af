"""How many messages a second go through the outbox, beside a bare loop of the same statement."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from crm_core.base.db import CONNECTION
from crm_core.base.migrate import migrate
from crm_core.messaging.dispatch.batches import CHUNK
from crm_core.messaging.dispatch.recording import RECORD
from tests.conftest import KEYS
from tests.load.measuring import Table, by_turns
from tests.messaging.dispatch.crowd import make_messages, make_patients
from tests.messaging.dispatch.disaster import play, scene
from tests.messaging.dispatch.test_kills import check
from tests.processes import eventually, running
from tests.servers import OWNER, Databases

pytestmark = [pytest.mark.load, pytest.mark.timeout(1800)]

MESSAGES, RUNS = 20_000, 5
DISASTER, KILLS = 100_000, 40

_PAUSE = "UPDATE crm_channel_health SET state = %s WHERE channel = 'sms'"
_LEFT = "SELECT count(*) FROM crm_communication_logs WHERE status = 'pending'"
_SPAN = """
    SELECT extract(epoch FROM max(updated_at) - min(updated_at))
    FROM crm_communication_logs WHERE id > (SELECT max(id) - %s FROM crm_communication_logs)
"""


@pytest.fixture
def crowd(databases: Databases) -> Iterator[str]:
    """The address of a database with patients and no message yet."""
    name = databases.empty()
    owner = databases.url(name, role=OWNER)
    migrate(owner)
    make_patients(owner)
    yield databases.url(name)
    databases.drop(name)


def test_messages_a_second(crowd: str, tmp_path: Path, tables: list[Table]) -> None:
    table = Table("Messages a second, gateway that costs nothing", ("", "a second", "of the loop"))
    tables.append(table)
    ways: dict[str, Callable[[], float]] = {
        f"bare loop of the same UPDATE … RETURNING, {CHUNK} rows each": lambda: bare_loop(crowd),
        "1 worker": lambda: dispatched(crowd, 1, tmp_path),
        "2 workers": lambda: dispatched(crowd, 2, tmp_path),
        "4 workers": lambda: dispatched(crowd, 4, tmp_path),
    }
    found = by_turns(list(ways.values()), RUNS)
    for name, figure in zip(ways, found, strict=True):
        table.add(name, f"{figure:,.0f}", f"{figure / found[0]:.2f}")
    assert found[1] >= found[0] / 3


def test_a_hundred_thousand_messages_survive_forty_kills(
    tmp_path: Path, tables: list[Table]
) -> None:
    with scene(tmp_path, DISASTER, delay=0.005) as made:
        play(made, DISASTER, KILLS)
        told = check(made, DISASTER)
    table = Table("kill -9 while 100,000 messages go out by four workers", ("",))
    table.add(told)
    tables.append(table)


def bare_loop(url: str) -> float:
    """Messages a second that the recording statement alone reaches, a transaction a chunk."""
    make_messages(url, MESSAGES)
    statement = str(RECORD.compile(dialect=PGDialect_psycopg()))  # type: ignore[no-untyped-call] # SQLAlchemy left it without types
    with psycopg.connect(url, **CONNECTION) as connection:
        row = connection.execute(f"{_LEFT.replace('count(*)', 'min(id)')}").fetchone()
        assert row is not None
        first = row[0]
        started = time.perf_counter()
        for start in range(first, first + MESSAGES, CHUNK):
            connection.execute(statement, _chunk(start)).fetchall()
            connection.commit()
        return MESSAGES / (time.perf_counter() - started)


def _chunk(start: int) -> dict[str, list[object]]:
    """What a chunk of accepted messages is recorded with."""
    ids = range(start, start + CHUNK)
    same: dict[str, object] = {
        "statuses": "sent",
        "addresses": "+2348031234567",
        "subjects": None,
        "contents": "Dear Ada, your health check is due. Please call Bench to book it.",
        "parts": 1,
        "reasons": None,
        "errors": None,
        "providers": "bare",
        "costs": Decimal(4),
        "handed": 1,
        "sent": datetime.now(UTC),
        "batches": None,
    }
    return {name: [value] * CHUNK for name, value in same.items()} | {
        "ids": list(ids),
        "provider_ids": [f"b{one}" for one in ids],
        "states": ["pending", "deferred"],
    }


def dispatched(url: str, workers: int, folder: Path) -> float:
    """Messages a second of so many worker processes, from the first recorded to the last."""
    with ExitStack() as stack, psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_PAUSE, ["paused"])
        make_messages(url, MESSAGES)
        started = [
            stack.enter_context(
                running(["-m", "tests.messaging.dispatch.worker", url, "0"], folder, KEYS)
            )
            for _ in range(workers)
        ]
        for worker in started:
            worker.wait_until_it_says("ready")
        connection.execute(_PAUSE, ["closed"])
        eventually(lambda: connection.execute(_LEFT).fetchone() == (0,))
        for worker in started:
            assert worker.stop(signal.SIGTERM) == 0
        row = connection.execute(_SPAN, [MESSAGES]).fetchone()
        assert row is not None
        return MESSAGES / float(row[0])

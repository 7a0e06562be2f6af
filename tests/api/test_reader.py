"""The reader: many at once on few connections, and what a lost connection costs (nothing)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal

import psycopg
import pytest

from crm_core.api import lane
from crm_core.api.lane import Lane
from crm_core.api.reader import MOST_LANES, LaneReader, open_reader

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def reader(own_database: str) -> AsyncIterator[LaneReader]:
    async with open_reader(own_database) as reader:
        yield reader


async def test_values_arrive_as_what_they_are(reader: LaneReader) -> None:
    values = {
        "text": "O'Brien % $1 🙂",
        "number": 2**62,
        "money": Decimal("1.50"),
        "day": date(2026, 10, 1),
        "ids": [1, 2],
        "none": None,
        "yes": True,
    }
    found = await reader(
        "SELECT concat_ws('|', %(text)s::text, %(number)s::bigint, %(money)s::numeric,"
        " %(day)s::date, %(ids)s::bigint[], %(none)s::text, %(yes)s::boolean, '100%%',"
        " %(text)s::text)",
        values,
    )
    text = values["text"]
    assert found == f"{text}|{2**62}|1.50|2026-10-01|{{1,2}}|t|100%|{text}"


async def test_no_row_is_none(reader: LaneReader) -> None:
    assert await reader("SELECT 'a' WHERE false", {}) is None


async def test_a_large_answer_and_a_large_value_arrive_whole(reader: LaneReader) -> None:
    large = "x" * 3_000_000
    assert await reader("SELECT %(large)s::text", {"large": large}) == large


async def test_many_at_once_each_get_their_own_answer(reader: LaneReader) -> None:
    asked = range(MOST_LANES * 5)
    found = await asyncio.gather(
        *(reader("SELECT %(n)s::text", {"n": str(number)}) for number in asked)
    )
    assert found == [str(number) for number in asked]
    assert reader.busy == 0
    assert reader.idle <= MOST_LANES


async def test_a_statement_that_fails_is_an_error_and_the_connection_goes_on(
    reader: LaneReader,
) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable):
        await reader("SELECT a FROM nowhere", {})
    with pytest.raises(psycopg.errors.DivisionByZero):
        await reader("SELECT (1 / %(n)s::int)::text", {"n": 0})
    assert await reader("SELECT 'a'", {}) == "a"
    assert reader.idle == 1


async def test_nothing_can_be_written_this_way(reader: LaneReader) -> None:
    statement = "INSERT INTO crm_worker_beats (name) VALUES ('x') RETURNING name"
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        await reader(statement, {})


async def test_a_read_on_a_connection_that_was_cut_is_done_on_another(
    reader: LaneReader, own_database: str
) -> None:
    await reader("SELECT 'a'", {})
    with psycopg.connect(own_database, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert await reader("SELECT 'a'", {}) == "a"


def cut_who_waits(url: str) -> None:
    """Ends the connection that waits for a lock, as soon as there is one."""
    cut = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with psycopg.connect(url, autocommit=True) as other:
        while other.execute(cut).fetchone() == (0,):
            pass


async def test_a_connection_cut_in_the_middle_of_a_read_costs_nothing(
    reader: LaneReader, own_database: str
) -> None:
    with psycopg.connect(own_database, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(1)")
        reading = asyncio.create_task(reader("SELECT 'done' || pg_advisory_lock(1)", {}))
        await asyncio.to_thread(cut_who_waits, own_database)
        other.execute("SELECT pg_advisory_unlock(1)")
        assert await reading == "done"


async def test_who_is_cancelled_takes_the_connection_along(reader: LaneReader) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await reader("SELECT pg_sleep(30)::text", {})
    assert (reader.idle, reader.busy) == (0, 0)
    assert await reader("SELECT 'a'", {}) == "a"


async def test_a_database_that_is_away_is_said_so(own_database: str) -> None:
    reader = LaneReader("postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(psycopg.OperationalError):
        await reader("SELECT 'a'", {})
    assert reader.busy == 0


async def test_statements_that_are_kept_do_not_pile_up(
    own_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "MOST_PREPARED", 5)
    one = await Lane.open(own_database)
    for number in range(12):
        assert await one.fetch_text(f"SELECT '{number}'", {}) == str(number)
    kept = await one.fetch_text("SELECT count(*)::text FROM pg_prepared_statements", {})
    assert int(kept or "") <= 5
    one.close()


async def test_a_closed_connection_is_told(own_database: str) -> None:
    one = await Lane.open(own_database)
    one.close()
    assert one.closed
    one.close()

"""Behind a pooler in transaction mode nothing may stay on a connection of the server."""

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import text

from crm_core import worker
from crm_core.api.lane import Lane
from crm_core.base.db import connect, reading
from crm_core.base.migrate import DatabaseUnfit
from crm_core.doctor import findings

OFTEN = 12  # psycopg prepares what it has run five times
PREPARED = "SELECT count(*)::text FROM pg_prepared_statements WHERE name <> ''"


@pytest.fixture
def behind_a_pooler(own_database: str, set_environment: Callable[..., None]) -> str:
    """The address of a database that is reached so; here without the pooler itself."""
    set_environment(DATABASE_URL=own_database, CRM_DATABASE_POOLED="true")
    return own_database


def test_sessions_prepare_nothing(behind_a_pooler: str) -> None:
    engine = connect(behind_a_pooler)
    with reading() as session:
        for _ in range(OFTEN):
            session.execute(text("SELECT 1"))
        assert session.execute(text(PREPARED)).scalar() == "0"
    engine.dispose()


def test_hot_reads_prepare_nothing_and_read_the_same(behind_a_pooler: str) -> None:
    async def read() -> list[str | None]:
        lane, found = await Lane.open(behind_a_pooler), None
        for _ in range(OFTEN):
            found = await lane.fetch_text("SELECT %(word)s::text || '%%'", {"word": "Ọláyẹmí"})
        kept = await lane.fetch_text(PREPARED, {})
        lane.close()
        return [found, kept]

    assert asyncio.run(read()) == ["Ọláyẹmí%", "0"]


def test_the_worker_refuses_to_listen_through_it(behind_a_pooler: str) -> None:
    with pytest.raises(DatabaseUnfit, match="without CRM_DATABASE_POOLED"):
        worker.run(behind_a_pooler)


def test_the_doctor_says_what_the_server_must_be_told(behind_a_pooler: str) -> None:
    told = [finding for finding in findings() if "pooler" in finding.text]

    assert [finding.ok for finding in told] == [False]
    assert "docs/operations.md" in told[0].text

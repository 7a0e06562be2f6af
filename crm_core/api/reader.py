"""The executor of hot reads: a pool of connections that never block the event loop."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from crm_core.base.db import CONNECTION

LARGEST_POOL = 10

# Nothing that comes this way may write, whatever a statement says.
_OPTIONS = CONNECTION | {
    "options": f"{CONNECTION['options']} -c default_transaction_read_only=on",
    "autocommit": True,
}


class PoolReader:
    """Runs one statement of one row with one text value, in its own implicit transaction."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[TupleRow]]) -> None:
        self.pool = pool

    async def __call__(self, statement: str, values: Mapping[str, Any]) -> str | None:
        try:
            return await self._run(statement, values)
        except psycopg.OperationalError as error:
            # A backend that was terminated shows only now. A read may be repeated, on a
            # connection that was tried first; a statement that was cancelled is not.
            if error.sqlstate == "57014":
                raise
            await self.pool.check()
            return await self._run(statement, values)

    async def _run(self, statement: str, values: Mapping[str, Any]) -> str | None:
        async with self.pool.connection() as connection:
            cursor = await connection.execute(statement, values)
            row = await cursor.fetchone()
        return None if row is None else row[0]


@asynccontextmanager
async def open_reader(url: str) -> AsyncIterator[PoolReader]:
    """A reader of the database at ``url``; its pool is closed at the end."""
    pool = AsyncConnectionPool(
        url, kwargs=_OPTIONS, min_size=2, max_size=LARGEST_POOL, timeout=5, open=False, name="api"
    )
    async with pool:
        yield PoolReader(pool)

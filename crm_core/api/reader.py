"""The executor of hot reads: a few connections that never block the event loop."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import psycopg

from crm_core.api.lane import Lane
from crm_core.base.estimates import Estimates

MOST_LANES = 10
PATIENCE = 5.0
"""Seconds that a read waits for a free connection before it is refused."""


class LaneReader:
    """Runs one statement of one row with one text value, in a transaction of its own."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._places = asyncio.Semaphore(MOST_LANES)
        self._free: list[Lane] = []
        self.busy = 0
        self.estimates = Estimates()

    @property
    def idle(self) -> int:
        """How many connections are open and unused."""
        return len(self._free)

    async def __call__(self, statement: str, values: Mapping[str, Any]) -> str | None:
        await self._wait_for_place()
        try:
            return await self._run(await self._free_lane(), statement, values)
        except psycopg.OperationalError as error:
            # A connection that was cut shows only now; a read may be repeated on a new one.
            if not _is_lost(error):
                raise
            return await self._run(await Lane.open(self._url), statement, values)
        finally:
            self.busy -= 1
            self._places.release()

    def close(self) -> None:
        """Closes the connections that nobody uses."""
        while self._free:
            self._free.pop().close()

    async def _wait_for_place(self) -> None:
        if self._places.locked():
            async with asyncio.timeout(PATIENCE):
                await self._places.acquire()
        else:
            await self._places.acquire()
        self.busy += 1

    async def _free_lane(self) -> Lane:
        while self._free:
            lane = self._free.pop()
            if not lane.closed:
                return lane
        return await Lane.open(self._url)

    async def _run(self, lane: Lane, statement: str, values: Mapping[str, Any]) -> str | None:
        try:
            return await lane.fetch_text(statement, values)
        finally:
            if not lane.closed:
                self._free.append(lane)


@asynccontextmanager
async def open_reader(url: str) -> AsyncIterator[LaneReader]:
    """A reader of the database at ``url``; its connections are closed at the end."""
    reader = LaneReader(url)
    try:
        yield reader
    finally:
        reader.close()


def _is_lost(error: psycopg.Error) -> bool:
    """Whether the connection is gone, rather than the statement refused."""
    return error.sqlstate is None or error.sqlstate.startswith(("08", "57P"))

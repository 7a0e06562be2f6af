"""One connection for hot reads, watched by the event loop all the time.

psycopg's asynchronous cursors tell the event loop about the socket anew for each step of a
statement, which costs more than the rest of a short read: 150 µs of CPU against 60 here.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import AsyncConnection, errors, pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.rows import TupleRow

from crm_core.base.db import CONNECTION, POOLED, pooled

MOST_PREPARED = 200  # statements the server keeps for a connection, before it forgets them all

# Nothing that comes this way may write, whatever a statement says.
_ENCODING = {"client_encoding": "UTF8"}
_OPTIONS: dict[str, Any] = (
    CONNECTION
    | _ENCODING
    | {"options": f"{CONNECTION['options']} -c default_transaction_read_only=on"}
)

_Dumped = tuple[Sequence[Any], tuple[int, ...], Sequence[pq.Format] | None]


class Lane:
    """A connection that runs one statement at a time, prepared, in a transaction of its own."""

    def __init__(self, connection: AsyncConnection[TupleRow]) -> None:
        self._connection = connection
        self._server = connection.pgconn
        self._keeps = not pooled()  # behind a pooler the next statement meets another server
        self._loop = asyncio.get_running_loop()
        self._socket = self._server.socket
        self._prepared: dict[tuple[bytes, tuple[int, ...]], bytes] = {}
        self._answer: asyncio.Future[pq.abc.PGresult] | None = None
        self._result: pq.abc.PGresult | None = None
        self._loop.add_reader(self._socket, self._receive)

    @classmethod
    async def open(cls, url: str) -> "Lane":
        """Connects; ``OperationalError`` where the server does not answer."""
        options = POOLED | _ENCODING if pooled() else _OPTIONS
        return cls(await AsyncConnection.connect(url, autocommit=True, **options))

    @property
    def closed(self) -> bool:
        """Whether the connection was closed, by either side."""
        return self._connection.closed

    async def fetch_text(self, statement: str, values: Mapping[str, Any]) -> str | None:
        """The one value of the one row that the statement gives; None where it gives no row."""
        text, names = _numbered(statement)
        given, types, formats = self._dump([values[name] for name in names])
        try:
            if self._keeps:
                name = await self._prepare(text, types)
                self._server.send_query_prepared(name, given, formats)
            else:
                self._server.send_query_params(text, given, types, formats)
            result = await self._finish()
        except BaseException:
            # Somebody else must not get this statement's answer.
            self.close()
            raise
        _refuse_failed(result)
        value = result.get_value(0, 0) if result.ntuples else None
        return None if value is None else value.decode()

    def close(self) -> None:
        """Closes the connection; what waits on it fails."""
        if self._socket >= 0:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket = -1
            self._server.finish()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(psycopg.OperationalError("the connection is lost"))

    def _dump(self, values: list[Any]) -> _Dumped:
        if not values:
            return [], (), []
        adapt = Transformer(self._connection)
        given = adapt.dump_sequence(values, [PyFormat.AUTO] * len(values))
        return given, tuple(adapt.types or ()), adapt.formats

    async def _prepare(self, text: bytes, types: tuple[int, ...]) -> bytes:
        name = self._prepared.get((text, types))
        if name is not None:
            return name
        if len(self._prepared) >= MOST_PREPARED:
            self._server.send_query(b"DEALLOCATE ALL")
            _refuse_failed(await self._finish())
            self._prepared.clear()
        name = b"read_%d" % len(self._prepared)
        self._server.send_prepare(name, text, types)
        _refuse_failed(await self._finish())
        self._prepared[text, types] = name
        return name

    async def _finish(self) -> pq.abc.PGresult:
        """Sends what is due and waits for its answer."""
        self._answer = self._loop.create_future()
        if self._server.flush():
            self._loop.add_writer(self._socket, self._send)
        return await self._answer

    def _send(self) -> None:
        try:
            if not self._server.flush():
                self._loop.remove_writer(self._socket)
        except psycopg.OperationalError:
            self.close()

    def _receive(self) -> None:
        """Called when the socket has something: part of an answer, or the end."""
        server = self._server
        try:
            server.consume_input()
            while not server.is_busy():
                result = server.get_result()
                if result is None:
                    break
                self._result = result
            else:
                return
        except psycopg.OperationalError:
            self.close()
            return
        if self._answer is not None and self._result is not None and not self._answer.done():
            self._answer.set_result(self._result)
        self._result = None
        if server.status == pq.ConnStatus.BAD:
            self.close()


def _refuse_failed(result: pq.abc.PGresult) -> None:
    if result.status not in {pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK}:
        raise errors.error_from_result(result)


@lru_cache(maxsize=2000)
def _numbered(statement: str) -> tuple[bytes, tuple[str, ...]]:
    """The statement with PostgreSQL's own placeholders, and the names that they stand for."""
    names: list[str] = []

    def number(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        if found[1] not in names:
            names.append(found[1])
        return f"${names.index(found[1]) + 1}"

    return re.sub(r"%%|%\((\w+)\)s", number, statement).encode(), tuple(names)

"""Transactions on a connection of the thread's own, which outlast a database that is away.

What a provider has answered is worth waiting for: if it is not written down, people have to find
out what became of those messages.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from crm_core.base.db import SessionFactory, attribute

WHO = "job:dispatch"
PATIENCE = 60.0
_PAUSE = 0.5
_log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass
class Line:
    """A thread's line to the database: taking one from the pool for each chunk would cost as much
    as recording it does.
    """

    _connection: Connection | None = None
    _quick: Connection | None = None

    def lasting(
        self, act: Callable[[Session], T], *, attributed: bool = False, single: bool = False
    ) -> T:
        """Does this in a transaction; again and again where the database cannot be reached.

        Args:
            act: it may have been done although no answer came, so it must bear being repeated.
            attributed: it touches what has a history. Messages have none: they are one.
            single: it is one statement, which is a transaction by itself: that saves the server
                two messages of three.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                with self._session(single) as session, session.begin():
                    if attributed:
                        attribute(session, who=WHO)
                    return act(session)
            except (OperationalError, InterfaceError) as trouble:
                self.hang_up()
                if time.monotonic() > deadline:
                    raise
                _log.warning("The database is away: %s", str(trouble.orig).strip())
                time.sleep(_PAUSE)

    def hang_up(self) -> None:
        """Gives the connections back."""
        held, self._connection, self._quick = (self._connection, self._quick), None, None
        for connection in held:
            if connection is not None:
                connection.close()

    def _session(self, single: bool) -> Session:
        bind = SessionFactory().get_bind()
        if not isinstance(bind, Engine):
            return SessionFactory(bind=bind)
        if single:
            self._quick = (
                self._quick or bind.execution_options(isolation_level="AUTOCOMMIT").connect()
            )
            return SessionFactory(bind=self._quick)
        self._connection = self._connection or bind.connect()
        return SessionFactory(bind=self._connection)


@contextmanager
def line() -> Iterator[Line]:
    """A line as long as the block runs."""
    made = Line()
    try:
        yield made
    finally:
        made.hang_up()

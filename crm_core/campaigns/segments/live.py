"""Counts beside a form that is being filled in: none blocks the page, a newer one ends an older.

A count runs in a thread of its own. The form asks again whenever it changed, which cancels the
count under way in PostgreSQL itself, and looks now and then whether an answer is there.
"""

from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from crm_core.base.db import reading
from crm_core.base.errors import Refusal
from crm_core.campaigns.segments.counting import SegmentCount, count_segment
from crm_core.campaigns.segments.schemas import Criteria
from crm_core.people.schemas import Actor

AT_ONCE = 3
_KEPT = 500  # forms whose last answer is remembered


@dataclass(frozen=True)
class LiveCount:
    """Where a form's count is: under way, counted, or refused with a sentence."""

    criteria: Criteria
    counted: SegmentCount | None = None
    refused: str | None = None

    @property
    def under_way(self) -> bool:
        """Whether to look again in a moment."""
        return self.counted is None and self.refused is None


@dataclass
class _Counting:
    """One count, which may be called off at any time, also before it has begun."""

    criteria: Criteria
    future: "Future[SegmentCount] | None" = None
    called_off: bool = False
    connection: Any = None
    lock: Lock = field(default_factory=Lock)

    @property
    def failed(self) -> bool:
        """Whether the database did not answer; a refusal is an answer."""
        if self.future is None or not self.future.done():
            return False
        return isinstance(self.future.exception(), _NO_ANSWER)

    @contextmanager
    def cancellable(self, session: Session) -> Iterator[None]:
        """Holds the connection that a cancellation goes to, only while it is this count's."""
        with self.lock:
            if self.called_off:
                raise CalledOff
            self.connection = session.connection().connection.driver_connection
        event.listen(session.connection(), "before_cursor_execute", self._go_on)
        try:
            yield
        finally:
            with self.lock:
                self.connection = None

    def call_off(self) -> None:
        """Cancels the statement in PostgreSQL."""
        with self.lock:
            self.called_off = True
            if self.connection is not None:
                self.connection.cancel_safe(timeout=2)

    def _go_on(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        """Before each statement: PostgreSQL forgets a cancellation that comes between two."""
        if self.called_off and not statement.startswith("ROLLBACK"):
            raise CalledOff


class CalledOff(Exception):
    """A newer question took this one's place."""


_NO_ANSWER = (CalledOff, OperationalError)


class LiveCounts:
    """The counts of all open forms, each under the form's own key."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="segment-count")
        self._kept: OrderedDict[str, _Counting] = OrderedDict()
        self._lock = Lock()

    def ask(self, key: str, criteria: Criteria, *, actor: Actor) -> None:
        """Begins to count; what the form asked before is called off, unless it was the same.

        The same that could not be counted then is tried again.
        """
        with self._lock:
            before = self._kept.get(key)
            if before is not None and before.criteria == criteria and not before.failed:
                return
            counting = _Counting(criteria)
            self._kept[key] = counting
            self._kept.move_to_end(key)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)[1].call_off()
        if before is not None:
            before.call_off()
        counting.future = self._pool.submit(_count, counting, actor)

    def look(self, key: str) -> LiveCount | None:
        """Where the form's count is; never waits. None where it asked for none."""
        with self._lock:
            counting = self._kept.get(key)
        if counting is None:
            return None
        if counting.future is None or not counting.future.done():
            return LiveCount(counting.criteria)
        return _answer(counting.criteria, counting.future)

    def wait(self, key: str, *, seconds: float = 30) -> None:
        """Until the form's count is done; for programs, which have nothing else to do."""
        with self._lock:
            counting = self._kept.get(key)
        if counting is not None and counting.future is not None:
            counting.future.exception(timeout=seconds)

    def close(self) -> None:
        """Ends what is under way, and waits for that."""
        for key in list(self._kept):
            self.forget(key)
        self._pool.shutdown()

    def forget(self, key: str) -> None:
        """The form was left."""
        with self._lock:
            counting = self._kept.pop(key, None)
        if counting is not None:
            counting.call_off()


def _count(counting: _Counting, actor: Actor) -> SegmentCount:
    with reading() as session, counting.cancellable(session):
        return count_segment(session, counting.criteria, actor=actor)


def _answer(criteria: Criteria, done: "Future[SegmentCount]") -> LiveCount:
    try:
        return LiveCount(criteria, counted=done.result())
    except Refusal as refusal:
        return LiveCount(criteria, refused=str(refusal))
    except _NO_ANSWER:
        return LiveCount(criteria, refused="This could not be counted now.")


LIVE = LiveCounts()
"""Those of this process."""

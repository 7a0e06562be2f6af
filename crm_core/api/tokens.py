"""Who a bearer token is: remembered for two seconds, and counted against its rate limit."""

import asyncio
import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from crm_core.people.schemas import Actor

REMEMBERED = 2.0
"""Seconds: a token that was revoked is refused at most so much later."""

_MOST = 10_000  # entries kept before those that have run out are swept


@dataclass(frozen=True, slots=True)
class _Known:
    actor: Actor
    until: float


class Tokens:
    """A token's actor, looked up at most every two seconds, however many requests come."""

    def __init__(
        self, find: Callable[[str], Actor | None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._find = find
        self._clock = clock
        self._known: dict[bytes, _Known] = {}
        self._under_way: dict[bytes, asyncio.Task[Actor | None]] = {}

    async def actor(self, token: str) -> Actor | None:
        """The actor, or None where the token is unknown, revoked or expired."""
        digest = hashlib.sha256(token.encode()).digest()
        known = self._known.get(digest)
        if known is not None and known.until > self._clock():
            return known.actor
        return await self._look_up_once(digest, token)

    async def _look_up_once(self, digest: bytes, token: str) -> Actor | None:
        """Requests that come while a look-up is under way wait for it instead of starting one."""
        task = self._under_way.get(digest)
        if task is None:
            task = asyncio.create_task(self._look_up(digest, token))
            self._under_way[digest] = task
            task.add_done_callback(lambda _: self._under_way.pop(digest, None))
        return await asyncio.shield(task)

    async def _look_up(self, digest: bytes, token: str) -> Actor | None:
        asked = self._clock()
        actor = await run_in_threadpool(self._find, token)
        self._known.pop(digest, None)
        if actor is not None:
            self._sweep(asked)
            self._known[digest] = _Known(actor, asked + REMEMBERED)
        return actor

    def _sweep(self, now: float) -> None:
        if len(self._known) >= _MOST:
            self._known = {key: known for key, known in self._known.items() if known.until > now}


class RateLimit:
    """A bucket a key that holds a minute's requests and refills steadily; kept in this process."""

    def __init__(self, a_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = float(a_minute)
        self._a_second = a_minute / 60
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, key: str) -> int:
        """0 where the request may go on, else the seconds to wait."""
        now = self._clock()
        left, at = self._left.get(key, (self._most, now))
        left = min(self._most, left + (now - at) * self._a_second)
        if left < 1:
            self._left[key] = (left, now)
            return max(1, math.ceil((1 - left) / self._a_second))
        self._left[key] = (left - 1, now)
        return 0

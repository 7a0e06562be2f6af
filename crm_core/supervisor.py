"""Keeps the parts of the product running: starts, watches, restarts and stops them.

Each part is a child process in a session of its own, so that Ctrl-C reaches the supervisor alone
and it decides the order. The children hold the reading end of a pipe whose writing end only the
supervisor has: however it dies, they notice and stop.
"""

import asyncio
import os
import signal
import threading
import time
import urllib.error
import urllib.request
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

LIFELINE = "CRM_LIFELINE"
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
LIVED_LONG = 60.0
"""After so many seconds a part that crashes is restarted at once again."""
MOST_FALSE_STARTS = 3
"""So often a part may end before everything was ready once; then it will not do better."""
GRACE = 10.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class NeverStarted(RuntimeError):
    """One sentence that says which part does not start."""


@dataclass(frozen=True)
class Part:
    """A child: ``health`` is an address that answers once the part is ready."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    health: str | None = None


@dataclass(frozen=True)
class Watch:
    """Something else to keep alive: ``alive`` is asked every few seconds, and ``revive`` helps."""

    name: str
    alive: Callable[[], bool]
    revive: Callable[[], None]
    every: float = 2.0


@dataclass
class Supervisor:
    """Runs parts until a signal; ``when_ready`` is called once, when all of them have answered."""

    parts: Sequence[Part]
    say: Callable[[str], None]
    when_ready: Callable[[], None]
    watches: Sequence[Watch] = ()
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _were_ready: bool = False
    _hopeless: str = ""

    def run(self) -> None:
        """Returns after SIGINT, SIGTERM or SIGHUP, when every child has ended.

        Raises:
            NeverStarted: a part ended again and again before everything was ready once.
        """
        asyncio.run(self._run())
        if self._hopeless:
            raise NeverStarted(
                f"The {self._hopeless} does not start: read what it says above, and correct that."
            )

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._stopping.set)
        reading, writing = os.pipe()
        tasks = [asyncio.create_task(self._keep(part, reading)) for part in self.parts]
        helpers = [asyncio.create_task(self._watch(watch)) for watch in self.watches]
        helpers.append(asyncio.create_task(self._announce()))
        await self._stopping.wait()
        self.say("Stopping.")
        await asyncio.gather(*tasks)
        for helper in helpers:
            helper.cancel()
        await asyncio.gather(*helpers, return_exceptions=True)
        os.close(reading)
        os.close(writing)

    async def _keep(self, part: Part, lifeline: int) -> None:
        """Starts the part, again and again, with longer pauses where it keeps crashing."""
        pause, false_starts = FIRST_PAUSE, 0
        while not self._stopping.is_set():
            started = time.monotonic()
            child = await _start(part, lifeline)
            await self._ended_or_stopping(child)
            if self._stopping.is_set():
                await _stop(child)
                return
            false_starts += not self._were_ready
            if false_starts == MOST_FALSE_STARTS:
                self._hopeless = part.name
                self._stopping.set()
                return
            if time.monotonic() - started > LIVED_LONG:
                pause = FIRST_PAUSE
            self.say(f"The {part.name} {_cause(child)}; it starts again in {pause:g} s.")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _ended_or_stopping(self, child: Process) -> None:
        waits = [asyncio.create_task(child.wait()), asyncio.create_task(self._stopping.wait())]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    async def _watch(self, watch: Watch) -> None:
        while True:
            await asyncio.sleep(watch.every)
            if await asyncio.to_thread(watch.alive) or self._stopping.is_set():
                continue
            self.say(f"The {watch.name} has died; it starts again.")
            try:
                await asyncio.to_thread(watch.revive)
            except Exception as error:  # noqa: BLE001  (said, and tried again)
                self.say(str(error))

    async def _announce(self) -> None:
        for part in self.parts:
            # Nobody tells us when a child begins to listen: it has to be asked.
            while part.health and not await asyncio.to_thread(_answers, part.health):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        self._were_ready = True
        try:
            await asyncio.to_thread(self.when_ready)
        except Exception as error:  # noqa: BLE001  (the parts run on without it)
            self.say(f"Everything runs, but could not be announced: {error}")


def follow_supervisor() -> None:
    """In a child: ends this process when the supervisor dies, however it does."""
    descriptor = os.environ.pop(LIFELINE, "")
    if descriptor:
        threading.Thread(target=_end_with, args=(int(descriptor),), daemon=True).start()


def _end_with(descriptor: int) -> None:
    # Nobody ever writes: this returns when the last writing end is closed.
    os.read(descriptor, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(1)


async def _start(part: Part, lifeline: int) -> Process:
    return await asyncio.create_subprocess_exec(
        *part.command,
        env={**part.environment, LIFELINE: str(lifeline)},
        stdin=asyncio.subprocess.DEVNULL,
        pass_fds=(lifeline,),
        start_new_session=True,
    )


async def _stop(child: Process) -> None:
    """Asks once; who does not listen is killed."""
    with suppress(ProcessLookupError):
        child.terminate()
    try:
        await asyncio.wait_for(child.wait(), GRACE)
    except TimeoutError:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()


def _cause(child: Process) -> str:
    code = child.returncode or 0
    return f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5):  # noqa: S310  (our own address)
            return True
    except (urllib.error.URLError, OSError):
        return False

"""Four workers, a provider and a PostgreSQL, each a process of its own, killed while they work."""

import os
import random
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psycopg

from crm_core.base import embedded
from crm_core.base.migrate import migrate
from tests.conftest import KEYS
from tests.messaging.dispatch.crowd import make_messages, make_patients
from tests.processes import Running, eventually, free_port, running
from tests.servers import OWNER, Databases

WORKERS = 4
# What is committed must survive the death of the server, though not of the machine.
_SERVER = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "on"}


@dataclass
class Scene:
    """Everything that takes part; each can be killed, and is started again at once."""

    folder: Path
    url: str
    port: int
    delay: float
    stack: ExitStack
    workers: list[Running] = field(default_factory=list)
    provider: Running | None = None
    killed: Counter[str] = field(default_factory=Counter)

    @property
    def log(self) -> Path:
        """What the provider saw."""
        return self.folder / "seen"

    def seen(self) -> list[int]:
        """The ids that the provider was handed, in their order."""
        return [int(line) for line in self.log.read_text().split()] if self.log.exists() else []

    def start_provider(self) -> None:
        """At the same port as before."""
        words = ["-m", "tests.messaging.dispatch.provider", str(self.port)]
        arguments = [*words, str(self.log), str(self.delay)]
        self.provider = self.stack.enter_context(running(arguments, self.folder))
        self.provider.wait_until_it_says("ready")

    def start_worker(self) -> None:
        """One more."""
        arguments = ["-m", "tests.messaging.dispatch.worker", self.url, str(self.port)]
        environment = {**KEYS, "CRM_MESSAGE_LEASE": "3"}
        self.workers.append(self.stack.enter_context(running(arguments, self.folder, environment)))

    def kill_worker(self) -> None:
        """Any one; another one takes its place."""
        victim = self.workers.pop(random.randrange(len(self.workers)))
        victim.stop(signal.SIGKILL)
        self.killed["worker"] += 1
        self.start_worker()

    def kill_provider(self) -> None:
        """In the middle of whatever it was handed."""
        assert self.provider is not None
        self.provider.stop(signal.SIGKILL)
        self.killed["provider"] += 1
        self.start_provider()

    def kill_database(self) -> None:
        """The server is killed, and started again by whoever misses it."""
        pid = int((self.folder / "data/cluster/postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        self.killed["PostgreSQL"] += 1
        self.stack.enter_context(embedded.running(self.folder / "data", settings=_SERVER))

    def counts(self) -> dict[str, int]:
        """How many messages are in each state."""
        with psycopg.connect(self.url) as connection:
            rows = connection.execute(
                "SELECT status, count(*) FROM crm_communication_logs GROUP BY 1 ORDER BY 1"
            )
            return dict(rows)

    def ids(self, status: str) -> set[int]:
        """The messages in this state."""
        with psycopg.connect(self.url) as connection:
            rows = connection.execute(
                "SELECT id FROM crm_communication_logs WHERE status = %s", [status]
            )
            return {one for (one,) in rows}

    def has_come_to(self, messages: float) -> bool:
        """Whether the provider has seen so many, or there are no more."""
        return len(self.seen()) >= messages or self.is_over()

    def is_over(self) -> bool:
        """Whether nothing is left to do."""
        with psycopg.connect(self.url) as connection:
            row = connection.execute(
                "SELECT count(*) FROM crm_message_batches WHERE state <> 'done'"
            ).fetchone()
            return row == (0,)


@contextmanager
def scene(folder: Path, messages: int, *, delay: float) -> Iterator[Scene]:
    """So many messages wait, and everybody is at work on them."""
    with ExitStack() as stack:
        data = embedded.running(folder / "data", settings=_SERVER)
        databases = Databases(stack.enter_context(data).url())
        databases.make_roles()
        name = databases.empty()
        owner = databases.url(name, role=OWNER)
        migrate(owner)
        make_patients(owner)
        make_messages(owner, messages)
        made = Scene(folder, databases.url(name), free_port(), delay, stack)
        made.start_provider()
        for _ in range(WORKERS):
            made.start_worker()
        yield made


def play(scene: Scene, messages: int, kills: int) -> None:
    """Kills one after the other as the work goes on, at moments that nobody chose."""
    acts = [scene.kill_worker, scene.kill_provider, scene.kill_worker, scene.kill_database]
    for number in range(kills):
        reached = messages * (number + random.random()) / (kills + 1)
        eventually(partial(scene.has_come_to, reached))
        acts[number % len(acts)]()
    eventually(scene.is_over)

"""What every job stands on: the queue's application, and a transaction under the job's name."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from procrastinate import App, PsycopgConnector
from sqlalchemy.orm import Session

from crm_core.base.db import transaction

# The connector is put in when a worker starts: only then is the database known. A laptop that
# slept through the night runs what it missed in the morning.
app = App(connector=PsycopgConnector(), periodic_defaults={"max_delay": 86_400})


@contextmanager
def job(name: str) -> Iterator[Session]:
    """The transaction of a job, attributed to it in the history."""
    with transaction(who=f"job:{name}", why=name.replace("_", " ")) as session:
        yield session


def until_done(name: str, act: Callable[[Session], int]) -> None:
    """A transaction a batch, so that nobody waits long for a lock, until none is left."""
    left = 1
    while left:
        with job(name) as session:
            left = act(session)

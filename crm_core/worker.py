"""Background jobs: each opens a transaction and calls one service function.

What must happen every few seconds (signs of life, sealing the history) is a pulse of the worker;
what happens at a time of day is a job of the queue, done once however many workers run. A job may
be run again after a crash, so every job can be repeated without harm.
"""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from procrastinate import App, PsycopgConnector
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from crm_core.base import beats, history, idempotency
from crm_core.base.db import CONNECTION, connect, transaction
from crm_core.loyalty import service as loyalty
from crm_core.people.service import forgetting

SEAL_EVERY_SECONDS = 10.0
KEEP_FINISHED_JOBS_HOURS = 14 * 24
_GRACE_SECONDS = 20.0

_log = logging.getLogger(__name__)

# The connector is put in when a worker starts: only then is the database known. A laptop that
# slept through the night runs what it missed in the morning.
app = App(connector=PsycopgConnector(), periodic_defaults={"max_delay": 86_400})


def run(url: str) -> None:
    """Works until SIGTERM or SIGINT, then finishes what it has begun."""
    engine = connect(url)
    try:
        asyncio.run(_work(url))
    finally:
        engine.dispose()


@contextmanager
def job(name: str) -> Iterator[Session]:
    """The transaction of a job, attributed to it in the history."""
    with transaction(who=f"job:{name}", why=name.replace("_", " ")) as session:
        yield session


@app.periodic(cron="10 1 * * *")
@app.task(name="forget_what_ended", queueing_lock="forget_what_ended")
def forget_what_ended(timestamp: int) -> None:  # noqa: ARG001  (the queue says when it was due)
    """Removes idempotency keys, sessions, links and workers that nobody needs any more."""
    with job("forget_what_ended") as session:
        idempotency.forget_old(session)
        forgetting.forget_ended(session)
        beats.forget_dead(session)


@app.periodic(cron="20 1 * * *")
@app.task(name="forget_finished_jobs", queueing_lock="forget_finished_jobs")
async def forget_finished_jobs(timestamp: int) -> None:  # noqa: ARG001  (as above)
    """Removes jobs that ended two weeks ago; failed ones, too."""
    await app.job_manager.delete_old_jobs(
        KEEP_FINISHED_JOBS_HOURS,
        include_failed=True,
        include_cancelled=True,
        include_aborted=True,
    )


# The first of the hours is Lagos' midnight, when the points of the day before have ended.
@app.periodic(cron="0 * * * *")
@app.task(name="expire_points", queueing_lock="expire_points")
def expire_points(timestamp: int) -> None:  # noqa: ARG001  (as above)
    """Takes points that have ended off the balances."""
    _until_done("expire_points", loyalty.expire_points)


@app.periodic(cron="30 1 * * *")
@app.task(name="review_tiers", queueing_lock="review_tiers")
def review_tiers(timestamp: int) -> None:  # noqa: ARG001  (as above)
    """The yearly review of the members whose day has come."""
    _until_done("review_tiers", loyalty.review_tiers)


@app.periodic(cron="40 1 * * *")
@app.task(name="count_cohorts", queueing_lock="count_cohorts")
def count_cohorts(timestamp: int) -> None:  # noqa: ARG001  (as above)
    """Counts which members still earn points, quarter by quarter."""
    with job("count_cohorts") as session:
        loyalty.count_cohorts(session)


@app.periodic(cron="* * * * *")
@app.task(name="fold_sums", queueing_lock="fold_sums")
def fold_sums(timestamp: int) -> None:  # noqa: ARG001  (as above)
    """Adds what the ledger appended to the sums that the charts show."""
    with job("fold_sums") as session:
        loyalty.fold_sums(session)


@app.periodic(cron="* * * * *")
@app.task(name="recover_stalled_jobs", queueing_lock="recover_stalled_jobs")
async def recover_stalled_jobs(timestamp: int) -> None:  # noqa: ARG001  (as above)
    """Queues again what a killed worker left behind; procrastinate does not by itself."""
    for stalled in await app.job_manager.get_stalled_jobs():
        _log.warning("The worker of job %s died: it runs again.", stalled.task_name)
        await app.job_manager.retry_job(stalled)


def seal_history() -> None:
    """Seals what was committed, and keeps the chain's head in the log as well."""
    with job("seal_history") as session:
        sealed = history.seal(session)
    if sealed.rows:
        _log.info("History sealed: %s rows, head %s", sealed.rows, sealed.head)


def _until_done(name: str, act: Callable[[Session], int]) -> None:
    """A transaction a batch, so that nobody waits long for a lock, until none is left."""
    left = 1
    while left:
        with job(name) as session:
            left = act(session)


async def _work(url: str) -> None:
    name = f"{socket.gethostname()}:{os.getpid()}"
    connector = PsycopgConnector(conninfo=url, kwargs=CONNECTION, min_size=1, max_size=6)
    with app.replace_connector(connector):
        async with app.open_async(), _beating(name):
            await app.run_worker_async(
                name=name, concurrency=4, shutdown_graceful_timeout=_GRACE_SECONDS
            )


@asynccontextmanager
async def _beating(name: str) -> AsyncIterator[None]:
    """The pulses, as long as the block runs."""
    pulses = [
        asyncio.create_task(_every(beats.EVERY.total_seconds(), lambda: _beat(name))),
        asyncio.create_task(_every(SEAL_EVERY_SECONDS, seal_history)),
    ]
    try:
        yield
    finally:
        for pulse in pulses:
            pulse.cancel()
        await asyncio.gather(*pulses, return_exceptions=True)
        # Where the database is what stopped us, the row goes with the nightly job.
        with suppress(SQLAlchemyError):
            await asyncio.to_thread(_leave, name)


async def _every(seconds: float, act: Callable[[], None]) -> None:
    while True:
        try:
            await asyncio.to_thread(act)
        except Exception:  # noqa: BLE001  (a database that is away comes back)
            _log.exception("A pulse of the worker failed")
        await asyncio.sleep(seconds)


def _beat(name: str) -> None:
    with job("beat") as session:
        beats.beat(session, name)


def _leave(name: str) -> None:
    with job("beat") as session:
        beats.leave(session, name)

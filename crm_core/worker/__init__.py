"""The worker: background jobs, each of which opens a transaction and calls one service function.

What must happen every few seconds (signs of life, sealing the history) is a pulse of the worker;
what happens at a time of day is a job of the queue, done once however many workers run. A job may
be run again after a crash, so every job can be repeated without harm. The jobs stand by domain in
the modules of this folder; each is imported here, which registers it with the queue.
"""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from procrastinate import PsycopgConnector
from sqlalchemy.exc import SQLAlchemyError

from crm_core.base import beats, history
from crm_core.base.db import CONNECTION, connected, pooled
from crm_core.base.migrate import DatabaseUnfit
from crm_core.worker import (
    answers,
    appointments,
    campaigns,
    feedback,
    housekeeping,
    imports,
    loyalty,
    message_figures,
    messaging,
    receipts,
    snapshots,
    transfers,
    webhooks,
)
from crm_core.worker.jobs import app, job

SEAL_EVERY_SECONDS = 10.0
TELL_EVERY_SECONDS = 5.0
_GRACE_SECONDS = 20.0
DOMAINS = (
    answers,
    appointments,
    campaigns,
    feedback,
    housekeeping,
    imports,
    loyalty,
    message_figures,
    messaging,
    receipts,
    snapshots,
    transfers,
)
"""The modules whose jobs a worker runs."""

_log = logging.getLogger(__name__)


def run(url: str) -> None:
    """Works until SIGTERM or SIGINT, then finishes what it has begun."""
    if pooled():
        raise DatabaseUnfit(
            "The worker listens for jobs, which a pooler does not pass on: start it with the"
            " server's own address in DATABASE_URL, and without CRM_DATABASE_POOLED."
        )
    with connected(url):
        asyncio.run(_work(url))


def seal_history() -> None:
    """Seals what was committed, and keeps the chain's head in the log as well."""
    with job("seal_history") as session:
        sealed = history.seal(session)
    if sealed.rows:
        _log.info("History sealed: %s rows, head %s", sealed.rows, sealed.head)


async def _work(url: str) -> None:
    name = f"{socket.gethostname()}:{os.getpid()}"
    connector = PsycopgConnector(conninfo=url, kwargs=CONNECTION, min_size=1, max_size=6)
    with app.replace_connector(connector):
        async with app.open_async(), _beating(name), messaging.sending(name):
            await app.run_worker_async(
                name=name, concurrency=4, shutdown_graceful_timeout=_GRACE_SECONDS
            )


@asynccontextmanager
async def _beating(name: str) -> AsyncIterator[None]:
    """The pulses, as long as the block runs."""
    pulses = [
        asyncio.create_task(_every(beats.EVERY.total_seconds(), lambda: _beat(name))),
        asyncio.create_task(_every(SEAL_EVERY_SECONDS, seal_history)),
        asyncio.create_task(_every(receipts.PLAY_EVERY_SECONDS, receipts.play_sandbox)),
        asyncio.create_task(_every(TELL_EVERY_SECONDS, webhooks.send_webhooks)),
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

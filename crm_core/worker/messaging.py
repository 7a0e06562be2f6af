"""Messages: sent by threads of the worker, since providers are waited for; notices by a job."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from crm_core.campaigns import service as campaigns
from crm_core.messaging import notices
from crm_core.messaging.dispatch import Dispatcher
from crm_core.messaging.gateways import gateway_for
from crm_core.messaging.schemas import Channel
from crm_core.worker.jobs import app, job

CHANNELS = (Channel.SMS, Channel.EMAIL, Channel.WHATSAPP)


@asynccontextmanager
async def sending(worker: str) -> AsyncIterator[None]:
    """Sends what is in the outbox, on every channel, as long as the block runs."""
    gateways = [gateway_for(channel) for channel in CHANNELS]
    dispatcher = Dispatcher(gateways, worker, campaigns.write_batch)
    dispatcher.start()
    try:
        yield
    finally:
        await asyncio.to_thread(dispatcher.stop)


# Nine in the morning in Lagos: nobody is woken by it.
@app.periodic(cron="0 8 * * *")
@app.task(name="announce_ending_points", queueing_lock="announce_ending_points")
def announce_ending_points(timestamp: int) -> None:  # noqa: ARG001  (the queue says when it was due)
    """Tells members 30 and 7 days before that points of theirs end."""
    for kind in notices.KINDS:
        after: int | None = 0
        while after is not None:
            with job("announce_ending_points") as session:
                after = notices.announce_ending_points(session, kind, after=after)

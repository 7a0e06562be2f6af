"""Sending messages: threads of the worker, since providers are waited for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from crm_core.messaging.dispatch import Dispatcher
from crm_core.messaging.gateways import gateway_for
from crm_core.messaging.schemas import Channel

CHANNELS = (Channel.SMS, Channel.EMAIL, Channel.WHATSAPP)


@asynccontextmanager
async def sending(worker: str) -> AsyncIterator[None]:
    """Sends what is in the outbox, on every channel, as long as the block runs."""
    dispatcher = Dispatcher([gateway_for(channel) for channel in CHANNELS], worker)
    dispatcher.start()
    try:
        yield
    finally:
        await asyncio.to_thread(dispatcher.stop)

"""Sending what is in the outbox: leases, chunks, retries, and a breaker for each channel."""

from crm_core.messaging.dispatch.dispatcher import Dispatcher

__all__ = ["Dispatcher"]

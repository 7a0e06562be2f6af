"""Commands of the messaging domain: what is to be sent, and what people chose."""

from crm_core.messaging.service.queueing import queue, queue_all, send_message

__all__ = ["queue", "queue_all", "send_message"]

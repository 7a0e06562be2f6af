"""Commands of the messaging domain: what is to be sent, and what people chose."""

from crm_core.messaging.service.queueing import queue, queue_all, send_message
from crm_core.messaging.service.resending import commit_resend, plan_resend, resend_message

__all__ = [
    "commit_resend",
    "plan_resend",
    "queue",
    "queue_all",
    "resend_message",
    "send_message",
]

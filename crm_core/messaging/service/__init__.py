"""Commands of the messaging domain: what is to be sent, and what people chose."""

from crm_core.messaging.service.pausing import pause_channel, resume_channel
from crm_core.messaging.service.queueing import queue, queue_all, send_message
from crm_core.messaging.service.resending import commit_resend, plan_resend, resend_message
from crm_core.messaging.service.settling import commit_settle, plan_settle

__all__ = [
    "commit_resend",
    "commit_settle",
    "pause_channel",
    "plan_resend",
    "plan_settle",
    "queue",
    "queue_all",
    "resend_message",
    "resume_channel",
    "send_message",
]

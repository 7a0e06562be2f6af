"""What people answer is offered to the domains that wait for answers; the rest to a person."""

import logging
from collections.abc import Callable

from sqlalchemy.orm import Session

from crm_core.appointments import service as appointments
from crm_core.feedback import service as feedback
from crm_core.messaging.receiving import replies
from crm_core.messaging.schemas import InboundRead
from crm_core.worker.jobs import app, job

Take = Callable[[Session, InboundRead], bool]
"""True where the reply was an answer to something of that domain."""

TAKERS: tuple[Take, ...] = (appointments.take_answer, feedback.take_answer)
"""Asked one after the other, until one takes it."""

_log = logging.getLogger(__name__)


@app.periodic(cron="* * * * *")
@app.task(name=replies.HAND_ON)
def hand_on_replies(timestamp: int = 0) -> None:  # noqa: ARG001  (the queue says when it was due)
    """Offers each new reply, in a transaction of its own; queued whenever one comes."""
    with job(replies.HAND_ON) as session:
        waiting = replies.new_replies(session)
    for reply_id in waiting:
        try:
            _hand_on(reply_id)
        except Exception:  # noqa: BLE001  (a bug of one domain: a person sees the reply, the log why)
            _log.exception("Reply %s could not be handed on", reply_id)
            with job(replies.HAND_ON) as session:
                replies.settle(session, reply_id, replies.PERSON)


def _hand_on(reply_id: int) -> None:
    with job(replies.HAND_ON) as session:
        inbound = replies.lock_new(session, reply_id)
        if inbound is None:
            return
        taken = any(take(session, inbound) for take in TAKERS)
        replies.settle(session, reply_id, replies.TAKEN if taken else replies.PERSON)

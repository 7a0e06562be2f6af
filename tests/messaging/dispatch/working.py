"""Sending by hand, in the test's own transaction."""

from threading import Event

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.campaigns.service import write_batch
from crm_core.messaging.dispatch.batches import Batch
from crm_core.messaging.dispatch.patience import line
from crm_core.messaging.dispatch.working import Worker
from crm_core.messaging.gateways import Gateway
from crm_core.messaging.models import Communication, MessageBatch


def send_all(gateway: Gateway, *, stopping: Event | None = None) -> int:
    """Sends until nothing is due; gives how many batches that took."""
    batches, stop = 0, stopping or Event()
    with line() as ours:
        worker = Worker(gateway, "test", ours, stop, _holding, write_batch)
        while not stop.is_set() and worker.work_off():
            batches += 1
    return batches


def _holding(batch: Batch | None) -> None:
    """A test's lease needs no renewing."""


def get(session: Session, message_id: int) -> Communication:
    """The row as it is now."""
    session.expire_all()
    return session.scalars(select(Communication).where(Communication.id == message_id)).one()


def batches_of(session: Session) -> list[MessageBatch]:
    """All batches, the oldest first."""
    session.expire_all()
    return list(session.scalars(select(MessageBatch).order_by(MessageBatch.id)))

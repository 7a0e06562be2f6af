"""The threads of one worker: one a channel, so that a gateway that hangs delays no other channel.

Several workers on several machines need not know of each other: the batch rows share the work out.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Event, Thread

from crm_core.base.settings import settings
from crm_core.messaging.dispatch import doubts
from crm_core.messaging.dispatch.batches import Batch
from crm_core.messaging.dispatch.leases import LeaseLost
from crm_core.messaging.dispatch.patience import Line, line
from crm_core.messaging.dispatch.working import Worker, Write
from crm_core.messaging.gateways import Gateway

POLL_SECONDS = 1.0
GRACE_SECONDS = 20.0
LOOK_UP_EVERY = 60
"""So many idle polls apart a provider is asked for what became of unknown messages."""

_log = logging.getLogger(__name__)


@dataclass
class Dispatcher:
    """Sends on the channels of these gateways until it is stopped.

    Attributes:
        write: writes the messages of a batch that is for people so far; it is given its id.
    """

    gateways: Sequence[Gateway]
    worker: str
    write: Write
    stopping: Event = field(default_factory=Event)
    _held: dict[str, Batch] = field(default_factory=dict)
    _threads: list[Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begins; the threads do not keep the process alive."""
        self._threads = [
            Thread(target=self._send, args=(gateway,), name=f"send-{gateway.channel}", daemon=True)
            for gateway in self.gateways
        ]
        self._threads.append(Thread(target=self._renew, name="leases", daemon=True))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Lets every channel finish its chunk; one whose provider hangs is left behind."""
        self.stopping.set()
        deadline = time.monotonic() + GRACE_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _send(self, gateway: Gateway) -> None:
        idle = 0
        with line() as ours:
            holding = Holder(self._held, gateway.channel.value)
            worker = Worker(gateway, self.worker, ours, self.stopping, holding, self.write)
            while not self.stopping.is_set():
                worked = self._work(worker, idle)
                idle = 0 if worked else idle + 1
                self.stopping.wait(0 if worked else POLL_SECONDS)

    def _work(self, worker: Worker, idle: int) -> bool:
        """One batch; where there is none, now and then a look at what is in doubt."""
        try:
            if worker.work_off():
                return True
            if idle % LOOK_UP_EVERY == 0:
                doubts.look_up(worker.gateway, worker.line)
        except Exception:  # noqa: BLE001  (the channel goes on; its batch goes to whoever is first)
            _log.exception("Sending on %s failed", worker.gateway.channel)
        return False

    def _renew(self) -> None:
        """Keeps the leases of what is in hand, however long a provider takes."""
        with line() as ours:
            while not self.stopping.wait(settings().crm_message_lease / 4):
                for batch in [*self._held.values()]:
                    self._renew_one(batch, ours)

    def _renew_one(self, batch: Batch, ours: Line) -> None:
        try:
            batch.renew(ours)
        except LeaseLost:
            _log.warning("The lease of batch %s is lost", batch.lease.batch_id)
        except Exception:  # noqa: BLE001  (tried again soon, and before it is too late)
            _log.exception("The lease of batch %s was not renewed", batch.lease.batch_id)


@dataclass(frozen=True)
class Holder:
    """Where a channel notes which batch it has in hand."""

    held: dict[str, Batch]
    channel: str

    def __call__(self, batch: Batch | None) -> None:
        """Notes it, or that there is none."""
        if batch is None:
            self.held.pop(self.channel, None)
        else:
            self.held[self.channel] = batch

"""A batch in a worker's hands: its lease, what was judged of it, what is to be recorded."""

import time
from dataclasses import dataclass, field

from crm_core.base.clock import utc_now
from crm_core.base.settings import settings
from crm_core.messaging.dispatch import handing, leases, pacing
from crm_core.messaging.dispatch.judging import Rules
from crm_core.messaging.dispatch.leases import Lease
from crm_core.messaging.dispatch.messages import Message, Result
from crm_core.messaging.dispatch.patience import Line
from crm_core.messaging.gateways import Gateway

CHUNK = 50
"""Messages that are handed over together; a crash leaves no more than these in doubt."""
FRESH_SECONDS = 5.0
"""So old may the judgement of a message be when it is handed over."""


@dataclass
class Batch:
    """A batch that this worker has in hand.

    Attributes:
        size: messages a chunk.
        letters: judged fit to go, not claimed yet; ``judged`` says when.
        results: of the last chunk, not recorded yet.
        renewed: when the lease was last known to be ours. Both on the clock of this process.
    """

    line: Line
    lease: Lease
    gateway: Gateway
    rules: Rules
    size: int = 1
    letters: list[Message] = field(default_factory=list)
    judged: float = 0.0
    results: list[Result] = field(default_factory=list)
    renewed: float = field(default_factory=time.monotonic)

    def read(self, *, silent: tuple[str, str] = handing.UNANSWERED) -> handing.Reading:
        """How the provider's answers are read."""
        most = self.rules.limits.most_attempts
        return handing.Reading(self.gateway.name, most, utc_now(), silent)

    def renew(self, line: Line) -> None:
        """Says that we are still at it; ``LeaseLost`` where that comes too late."""
        began = time.monotonic()
        line.lasting(lambda session: leases.renew(session, self.lease))
        self.renewed = began

    @property
    def most(self) -> int:
        """Messages a chunk, while the provider is well."""
        return pacing.at_once(CHUNK, self.rules.limits.a_second[self.gateway.channel])

    @property
    def running_out(self) -> bool:
        """Whether somebody else may soon take the batch."""
        return time.monotonic() - self.renewed > settings().crm_message_lease / 2

    @property
    def stale(self) -> bool:
        """Whether the messages ahead have to be judged anew."""
        return not self.letters or time.monotonic() - self.judged > FRESH_SECONDS

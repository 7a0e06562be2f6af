"""One batch from its lease to its end: record the last chunk, claim the next, hand it over.

Recording and claiming are one transaction, and handing over is in none. So whenever this process
dies, at most one chunk is in doubt, and the batch row says which.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Event

from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.base.settings import settings
from crm_core.messaging.dispatch import (
    breaker,
    handing,
    judging,
    leases,
    messages,
    pacing,
    recording,
)
from crm_core.messaging.dispatch.judging import Rules
from crm_core.messaging.dispatch.leases import Lease, LeaseLost
from crm_core.messaging.dispatch.limits import limits_in_force
from crm_core.messaging.dispatch.messages import Message, Result
from crm_core.messaging.dispatch.patience import lasting
from crm_core.messaging.gateways import Gateway, GatewayDown
from crm_core.messaging.schemas import ChannelState

CHUNK = 50
"""Messages that are handed over together; a crash leaves no more than these in doubt."""

PAUSE_AFTER_FAILURE = timedelta(seconds=5)
_QUIET = ("quiet_hours", "Such messages are not sent at night.")
_log = logging.getLogger(__name__)


@dataclass
class Batch:
    """A batch that this worker has in hand.

    Attributes:
        size: messages a chunk.
        results: of the last chunk, not recorded yet.
        renewed: when the lease was last known to be ours, on the clock of this process.
    """

    lease: Lease
    gateway: Gateway
    rules: Rules
    size: int
    results: list[Result] = field(default_factory=list)
    renewed: float = field(default_factory=time.monotonic)

    def read(self, *, silent: tuple[str, str] = handing.UNANSWERED) -> handing.Reading:
        """How the provider's answers are read."""
        most = self.rules.limits.most_attempts
        return handing.Reading(self.gateway.name, most, utc_now(), silent)

    def renew(self) -> None:
        """Says that we are still at it; ``LeaseLost`` where that comes too late."""
        began = time.monotonic()
        lasting(lambda session: leases.renew(session, self.lease))
        self.renewed = began

    @property
    def running_out(self) -> bool:
        """Whether somebody else may soon take the batch."""
        return time.monotonic() - self.renewed > settings().crm_message_lease / 2


Holding = Callable[[Batch | None], None]


def work_off(gateway: Gateway, worker: str, stopping: Event, holding: Holding) -> bool:
    """Takes one batch of the gateway's channel and sends it; False where none was due.

    Args:
        gateway: of the channel.
        worker: our name, for people.
        stopping: once set, the chunk in hand is finished and the rest given back.
        holding: told which batch is in hand, so that its lease is renewed meanwhile.
    """
    batch = lasting(lambda session: _take(session, gateway, worker))
    if batch is None:
        return False
    holding(batch)
    try:
        _send(batch, stopping)
    except LeaseLost:
        _log.warning("Batch %s went to another worker", batch.lease.batch_id)
        lasting(lambda session: recording.record_known(session, batch.results, now=utc_now()))
    finally:
        holding(None)
    return True


def _take(session: Session, gateway: Gateway, worker: str) -> Batch | None:
    if breaker.waits(session, gateway.channel):
        return None
    lease = leases.take(session, gateway.channel, worker)
    if lease is None:
        return None
    rules = judging.rules_in_force(session, limits_in_force(session))
    most = pacing.at_once(CHUNK, rules.limits.a_second[gateway.channel])
    return Batch(lease, gateway, rules, breaker.most_at_once(session, gateway.channel, most))


def _send(batch: Batch, stopping: Event) -> None:
    """Chunk after chunk, until nothing is left, or the batch or the channel was paused."""
    if batch.lease.interrupted:
        _resume(batch)
    while True:
        _wait_for_our_turn(batch, stopping)
        lease, letters = lasting(lambda session: _advance(session, batch, stopping))
        batch.lease, batch.results = lease, []
        if letters is None or not _hand_over(batch, letters):
            return


def _resume(batch: Batch) -> None:
    """Whoever had the batch died while handing over a chunk: asks the provider what it got.

    What it cannot tell becomes unknown, and is never blindly sent again; where it honours keys
    the chunk is simply sent again, with the same ones.
    """
    lease = batch.lease
    if batch.gateway.honours_keys:
        lease.claimed = lease.cursor
        return
    doubtful = lasting(
        lambda session: judging.fill_in(session, messages.in_doubt(session, lease), batch.rules)
    )
    outcomes = handing.look_up(batch.gateway, doubtful)
    batch.results = batch.read(silent=handing.INTERRUPTED).results(doubtful, outcomes)


def _wait_for_our_turn(batch: Batch, stopping: Event) -> None:
    """Keeps to the provider's pace."""
    lease, pace = batch.lease, batch.rules.limits.a_second[batch.gateway.channel]
    count = min(batch.size, lease.last - lease.claimed)
    if pace and count > 0:
        turn = lasting(lambda session: pacing.take_turn(session, lease.channel, count, pace))
        stopping.wait(turn)


def _advance(session: Session, batch: Batch, stopping: Event) -> tuple[Lease, list[Message] | None]:
    """Records the last chunk and claims the next; None instead of letters where it is over.

    It changes nothing but the database, and gives the new lease: it may have to be done again.
    """
    lease, now, results = replace(batch.lease), utc_now(), batch.results
    stops, quiet = stopping.is_set(), _quiet(batch)
    found = [] if stops or quiet else messages.waiting(session, lease, batch.size)
    letters = None
    if stops or quiet:
        leases.give_back(session, lease, done=lease.claimed, due_at=quiet)
    elif not found:
        leases.finish(session, lease)
    elif leases.move_on(session, lease, found[-1].id):
        judged = judging.judge(session, found, batch.rules, now=now)
        letters, results = judged.letters, [*results, *judged.aside]
    recording.record(session, lease, results, now=now)
    if quiet:
        recording.postpone(session, lease, *_QUIET)
    return lease, letters


def _quiet(batch: Batch) -> datetime | None:
    """Until when such messages are held back; None where they are not."""
    if not batch.lease.purpose.needs_consent:
        return None
    return batch.rules.limits.quiet_until(utc_now())


def _hand_over(batch: Batch, letters: list[Message]) -> bool:
    """False where the provider took nothing and the batch was given back."""
    if not letters:
        return True
    if batch.running_out:
        batch.renew()
    try:
        outcomes = handing.hand_over(batch.gateway, letters)
    except GatewayDown as refusal:
        down = refusal
    else:
        batch.results = batch.read().results(letters, outcomes)
        _note_health(batch)
        return True
    lasting(lambda session: _turn_back(session, batch, down))
    return False


def _turn_back(session: Session, batch: Batch, down: GatewayDown) -> None:
    """The chunk was surely not accepted: it is as if it had never been claimed."""
    pause = max(PAUSE_AFTER_FAILURE, timedelta(seconds=down.retry_after or 0))
    leases.give_back(session, batch.lease, done=batch.lease.cursor, due_at=utc_now() + pause)
    channel = batch.gateway.channel
    breaker.note_failure(session, channel, str(down), retry_after=down.retry_after)


def _note_health(batch: Batch) -> None:
    """Tells the breaker of trouble, and of its end; in good times there is nothing to tell."""
    channel, reason = batch.gateway.channel, handing.trouble(batch.results)
    if reason is not None:
        lasting(lambda s: breaker.note_failure(s, channel, reason, retry_after=None))
    elif batch.lease.health is not ChannelState.CLOSED or batch.lease.failures:
        lasting(lambda session: breaker.note_success(session, channel))
        pace = batch.rules.limits.a_second[channel]
        batch.size = pacing.at_once(CHUNK, pace)

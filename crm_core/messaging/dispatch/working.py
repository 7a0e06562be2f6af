"""One batch from its lease to its end: record the last chunk, claim the next, hand it over.

Recording and claiming are one statement, and handing over is in no transaction. So whenever this
process dies, at most one chunk is in doubt, and the batch row says which.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Event
from typing import TypeVar

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.base.db import attribute
from crm_core.messaging.dispatch import (
    breaker,
    handing,
    judging,
    leases,
    messages,
    pacing,
    recording,
)
from crm_core.messaging.dispatch.batches import FRESH_SECONDS, Batch
from crm_core.messaging.dispatch.judging import Rules
from crm_core.messaging.dispatch.leases import Lease, LeaseLost
from crm_core.messaging.dispatch.messages import Message
from crm_core.messaging.dispatch.patience import WHO, Line
from crm_core.messaging.gateways import Gateway, GatewayDown
from crm_core.messaging.schemas import ChannelState

AHEAD = 500
"""So many messages are judged at once."""

PAUSE_AFTER_FAILURE = timedelta(seconds=5)
_QUIET = ("quiet_hours", "Such messages are not sent at night.")
_log = logging.getLogger(__name__)

T = TypeVar("T")
Write = Callable[[Session, int], None]


@dataclass
class Worker:
    """One channel's thread: who it is, and how it is told to stop.

    Attributes:
        holding: told which batch is in hand, so that its lease is renewed meanwhile.
        write: writes the messages of a batch that is for people so far; it is given its id.
    """

    gateway: Gateway
    name: str
    line: Line
    stopping: Event
    holding: Callable[[Batch | None], None]
    write: Write
    _known: tuple[float, Rules] | None = None

    def work_off(self) -> bool:
        """Takes one batch of the gateway's channel and sends it; False where none was due."""
        lease = self.line.lasting(self._take)
        if lease is None:
            return False
        batch = Batch(self.line, lease, self.gateway, self._rules())
        batch.size = 1 if lease.health is not ChannelState.CLOSED else batch.most
        self.holding(batch)
        try:
            self._send(batch)
        except LeaseLost:
            _log.warning("Batch %s went to another worker", batch.lease.batch_id)
            known, now = batch.results, utc_now()
            self.line.lasting(lambda session: recording.record_known(session, known, now=now))
        finally:
            self.holding(None)
        return True

    def _take(self, session: Session) -> Lease | None:
        """A batch; where the channel is to be tried again, only for one worker."""
        channel = self.gateway.channel
        state, waits = breaker.state_now(session, channel)
        lease = None if waits else leases.take(session, channel, self.name)
        if lease is not None and state is not ChannelState.CLOSED:
            attribute(session, who=WHO)
            lease.health = ChannelState.HALF_OPEN
            if not breaker.try_one(session, channel):
                leases.let_go(session, lease)
                return None
        if lease is not None and lease.unwritten:
            self.write(session, lease.batch_id)
            leases.look_again(session, lease)
        return lease

    def _rules(self) -> Rules:
        """What holds now; read again every few seconds."""
        if self._known is None or time.monotonic() - self._known[0] > FRESH_SECONDS:
            self._known = time.monotonic(), self.line.lasting(judging.rules_in_force)
        return self._known[1]

    def _send(self, batch: Batch) -> None:
        """Chunk after chunk, until nothing is left, or the batch or the channel was paused."""
        if batch.lease.interrupted:
            _resume(batch)
        while True:
            due = batch.stale or self.stopping.is_set()
            if due and not _look_ahead(batch, self.stopping):
                return
            chunk = batch.letters[: batch.size]
            if chunk:
                _wait_for_our_turn(batch, len(chunk), self.stopping)
                if not _claim(batch, chunk) or not _hand_over(batch, chunk):
                    return


def _resume(batch: Batch) -> None:
    """Whoever had the batch died while handing over a chunk: asks the provider what it got.

    What it cannot tell becomes unknown, and is never blindly sent again; where it honours keys
    the chunk is simply sent again, with the same ones, unless its campaign was cancelled meanwhile.
    """
    lease = batch.lease
    if batch.gateway.honours_keys and not lease.cancelled:
        lease.claimed = lease.cursor
        return
    doubtful = batch.line.lasting(
        lambda session: judging.fill_in(session, messages.in_doubt(session, lease), batch.rules)
    )
    outcomes = handing.look_up(batch.gateway, doubtful)
    batch.results = batch.read(silent=handing.INTERRUPTED).results(doubtful, outcomes)


def _look_ahead(batch: Batch, stopping: Event) -> bool:
    """Judges the next messages; False where there is nothing to do, and the batch is put down."""
    stops = stopping.is_set()
    judged = _recording(batch, lambda session: _judge(session, batch, stops))
    if judged is None:
        return False
    batch.letters, batch.judged = judged, time.monotonic()
    return True


def _judge(session: Session, batch: Batch, stops: bool) -> list[Message] | None:
    """It changes nothing but the database: it may have to be done again."""
    lease, now = batch.lease, utc_now()
    quiet = _quiet_until(batch, now)
    ends = stops or quiet or lease.claimed >= lease.last
    found = [] if ends else messages.waiting(session, lease, AHEAD)
    if found:
        leases.look_ahead(session, lease, found[-1].id)
        judged = judging.judge(session, found, batch.rules, now=now)
        recording.record(session, lease, judged.aside, now=now)
        return judged.letters
    recording.record(session, lease, batch.results, now=now)
    if quiet:
        recording.postpone(session, lease, *_QUIET)
    if quiet or stops:
        leases.give_back(session, lease, done=lease.claimed, due_at=quiet)
    else:
        leases.finish(session, lease)
    return None


def _quiet_until(batch: Batch, now: datetime) -> datetime | None:
    """Until when such messages are held back; None where they are not."""
    return batch.rules.limits.quiet_until(now) if batch.lease.purpose.needs_consent else None


def _wait_for_our_turn(batch: Batch, count: int, stopping: Event) -> None:
    """Keeps to the provider's pace."""
    channel = batch.gateway.channel
    pace = batch.rules.limits.a_second[channel]
    if pace:
        turn = batch.line.lasting(lambda session: pacing.take_turn(session, channel, count, pace))
        stopping.wait(turn)


def _claim(batch: Batch, chunk: list[Message]) -> bool:
    """Records the last chunk and claims this one; False where it was paused meanwhile."""

    def act(session: Session) -> tuple[Lease, bool]:
        lease, last = replace(batch.lease), chunk[-1].id
        now = utc_now()
        return lease, recording.record_and_claim(session, lease, batch.results, last, now=now)

    single = not any(result.due_at or result.hard for result in batch.results)
    batch.lease, claimed = _recording(batch, act, single=single)
    batch.results, batch.letters = [], batch.letters[len(chunk) :]
    return claimed


def _recording(batch: Batch, act: Callable[[Session], T], *, single: bool = False) -> T:
    """A provider that gives one number to two messages must not keep them from being recorded."""
    try:
        return batch.line.lasting(act, single=single)
    except IntegrityError:
        if not any(result.provider_id for result in batch.results):
            raise
        _log.error("%s gave a message the number of another one", batch.gateway.name)
    _forget_doubles(batch)
    try:
        return batch.line.lasting(act, single=single)
    except IntegrityError:  # a number was taken since we looked: rather no numbers than no record
        for result in batch.results:
            result.provider_id = None
        return batch.line.lasting(act, single=single)


def _forget_doubles(batch: Batch) -> None:
    """Takes away numbers that two messages have: whose receipts they name nobody knows."""
    numbers = [result.provider_id for result in batch.results if result.provider_id]
    taken = batch.line.lasting(
        lambda session: messages.numbered(session, batch.gateway.name, numbers)
    )
    often = Counter(numbers)
    for result in batch.results:
        number = result.provider_id
        if number and (
            often[number] > 1 or taken.get(number, result.message.id) != result.message.id
        ):
            result.provider_id = None


def _hand_over(batch: Batch, chunk: list[Message]) -> bool:
    """False where the provider took nothing and the batch was given back."""
    if batch.running_out:
        batch.renew(batch.line)
    try:
        outcomes = handing.hand_over(batch.gateway, chunk)
    except GatewayDown as refusal:
        down = refusal
    else:
        batch.results = batch.read().results(chunk, outcomes)
        _note_health(batch, handing.trouble(chunk, outcomes))
        return True
    batch.line.lasting(lambda session: _turn_back(session, batch, down), attributed=True)
    return False


def _turn_back(session: Session, batch: Batch, down: GatewayDown) -> None:
    """The chunk was surely not accepted: it is as if it had never been claimed."""
    pause = max(PAUSE_AFTER_FAILURE, timedelta(seconds=down.retry_after or 0))
    leases.give_back(session, batch.lease, done=batch.lease.cursor, due_at=utc_now() + pause)
    channel = batch.gateway.channel
    breaker.note_failure(session, channel, str(down), retry_after=down.retry_after)


def _note_health(batch: Batch, reason: str | None) -> None:
    """Tells the breaker of trouble, and of its end; in good times there is nothing to tell."""
    channel = batch.gateway.channel
    if reason is not None:
        batch.line.lasting(
            lambda s: breaker.note_failure(s, channel, reason, retry_after=None), attributed=True
        )
    elif batch.lease.health is not ChannelState.CLOSED or batch.lease.failures:
        batch.line.lasting(lambda s: breaker.note_success(s, channel), attributed=True)
        batch.size = batch.most

"""Holding a batch: a lease that ends by itself, and a number that tells old holders from new.

``attempts`` of the batch rises with each lease and is the holder's token: whoever changes the
batch names its token, and where the row is not found somebody else has taken over.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from crm_core.base.settings import settings
from crm_core.messaging.schemas import BatchState, Channel, ChannelState, Purpose


class LeaseLost(Exception):
    """Somebody else has the batch by now: what is not recorded is no longer ours to record."""


@dataclass
class Lease:
    """A batch in our hands.

    Attributes:
        token: what the batch's ``attempts`` must still be.
        cursor: up to this id everything is recorded.
        claimed: beyond the cursor up to here messages are being handed over.
        last: id of its last message.
        cancelled: nothing of it is handed over any more.
        unwritten: whether its messages are to be written first.
        health: of the channel, as last seen.
    """

    batch_id: int
    token: int
    channel: Channel
    purpose: Purpose
    cursor: int
    claimed: int
    last: int
    cancelled: bool = False
    unwritten: bool = False
    health: ChannelState = ChannelState.CLOSED
    failures: int = 0

    @property
    def interrupted(self) -> bool:
        """Whether whoever held it before ended between handing over and recording."""
        return self.claimed > self.cursor


def take(session: Session, channel: Channel, worker: str) -> Lease | None:
    """The next batch of this channel that is due and that nobody holds; None where there is none.

    One that was left in the middle of a chunk is taken whatever has become of its campaign.
    """
    values = {"worker": worker, "channel": channel.value} | _until()
    row = session.execute(_TAKE, values).one_or_none()
    if row is None:
        return None
    return Lease(
        batch_id=row.id,
        token=row.attempts,
        channel=channel,
        purpose=Purpose(row.purpose),
        cursor=row.cursor_id,
        claimed=row.claimed_id,
        last=row.last_id,
        cancelled=row.state == BatchState.CANCELLED,
        unwritten=row.unwritten,
    )


def look_again(session: Session, lease: Lease) -> None:
    """Where its messages lie, once they are written."""
    row = session.execute(_RANGE, token_of(lease)).one()
    lease.cursor, lease.claimed, lease.last = row.cursor_id, row.claimed_id, row.last_id
    lease.unwritten = False


def look_ahead(session: Session, lease: Lease, judged: int) -> None:
    """Notes that the messages up to this id are about to be handed over: the week's share of a
    patient counts them.
    """
    _or_lost(session, lease, _LOOK_AHEAD, {"judged": judged})


def finish(session: Session, lease: Lease) -> None:
    """Nothing of the batch is left to send. One that was paused meanwhile ends when it goes on."""
    _or_lost(session, lease, _FINISH, {"done": lease.claimed})


def give_back(session: Session, lease: Lease, *, done: int, due_at: datetime | None = None) -> None:
    """Up to ``done`` everything is recorded, and what lies beyond was surely not handed over."""
    _or_lost(session, lease, _GIVE_BACK, {"done": done, "due_at": due_at})


def let_go(session: Session, lease: Lease) -> None:
    """It is as if it had not been taken: what was in doubt still is."""
    _or_lost(session, lease, _LET_GO, {})


def renew(session: Session, lease: Lease) -> None:
    """We are still at it."""
    _or_lost(session, lease, _RENEW, _until())


def _or_lost(
    session: Session, lease: Lease, statement: TextClause, values: dict[str, object]
) -> None:
    if session.execute(statement, token_of(lease) | values).first() is None:
        raise LeaseLost


def token_of(lease: Lease) -> dict[str, object]:
    """What a statement names to change the batch."""
    return {"batch": lease.batch_id, "token": lease.token}


def _until() -> dict[str, object]:
    return {"seconds": settings().crm_message_lease}


# A chunk that somebody was handing over when they died is looked at before anything else.
_TAKE = text(
    """
    WITH interrupted AS (
        SELECT id FROM crm_message_batches
        WHERE channel = CAST(:channel AS crm_channel) AND leased_until < now()
          AND claimed_id > cursor_id
        ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
    ), due AS (
        SELECT id FROM crm_message_batches
        WHERE channel = CAST(:channel AS crm_channel) AND state = 'ready' AND due_at <= now()
          AND (leased_until IS NULL OR leased_until < now())
          AND NOT EXISTS (SELECT FROM interrupted)
        ORDER BY priority, due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    UPDATE crm_message_batches b
    SET attempts = attempts + 1, leased_by = :worker, judged_id = claimed_id,
        leased_until = now() + make_interval(secs => :seconds)
    FROM (SELECT id FROM interrupted UNION ALL SELECT id FROM due) found
    WHERE b.id = found.id
    RETURNING b.id, b.attempts, b.purpose, b.cursor_id, b.claimed_id, b.last_id, b.state,
              b.run_id IS NOT NULL AND b.last_id = 0 AS unwritten
    """
)
_RANGE = text(
    """
    SELECT cursor_id, claimed_id, last_id FROM crm_message_batches
    WHERE id = :batch AND attempts = :token
    """
)
_LOOK_AHEAD = text(
    """
    UPDATE crm_message_batches SET judged_id = :judged
    WHERE id = :batch AND attempts = :token RETURNING id
    """
)
_FINISH = text(
    """
    UPDATE crm_message_batches
    SET cursor_id = :done, claimed_id = :done, leased_until = NULL, finished_at = now(),
        state = CASE WHEN state = 'ready' THEN 'done' ELSE state END
    WHERE id = :batch AND attempts = :token RETURNING id
    """
)
_GIVE_BACK = text(
    """
    UPDATE crm_message_batches
    SET cursor_id = :done, claimed_id = :done, leased_until = NULL,
        due_at = coalesce(:due_at, due_at)
    WHERE id = :batch AND attempts = :token RETURNING id
    """
)
_LET_GO = text(
    """
    UPDATE crm_message_batches SET leased_until = now()
    WHERE id = :batch AND attempts = :token RETURNING id
    """
)
_RENEW = text(
    """
    UPDATE crm_message_batches SET leased_until = now() + make_interval(secs => :seconds)
    WHERE id = :batch AND attempts = :token AND leased_until IS NOT NULL RETURNING id
    """
)

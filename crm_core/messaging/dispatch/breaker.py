"""The circuit breaker of each channel: a provider that keeps failing is left alone for a while.

It is in the database, so that all workers stop together, one tries again, and the page shows it.
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.messaging.schemas import Channel, ChannelState

MOST_FAILURES = 3
"""After so many failures in a row the channel waits."""
FIRST_PAUSE, LONGEST_PAUSE = 15.0, 600.0
TRIAL = 60.0
"""So long the one worker has that tries again, before another one may."""


def state_now(session: Session, channel: Channel) -> tuple[ChannelState, bool]:
    """The state, and whether nothing is to be sent: until a person, or some time, has come."""
    row = session.execute(_STATE, {"channel": channel.value}).one()
    return ChannelState(row.state), row.waits


def try_one(session: Session, channel: Channel) -> bool:
    """Begins a trial; False where another worker is at it."""
    values = {"channel": channel.value, "trial": TRIAL}
    return session.execute(_TRY, values).first() is not None


def note_success(session: Session, channel: Channel) -> None:
    """The provider answers again."""
    session.execute(_SUCCESS, {"channel": channel.value})


def note_failure(
    session: Session, channel: Channel, reason: str, *, retry_after: float | None
) -> None:
    """The provider failed; after a few times in a row, or in a trial, the channel waits."""
    session.execute(
        _FAILURE,
        {
            "channel": channel.value,
            "reason": reason,
            "asked": retry_after or 0,
            "most": MOST_FAILURES,
            "first": FIRST_PAUSE,
            "longest": LONGEST_PAUSE,
        },
    )


_STATE = text(
    """
    SELECT state, state = 'paused' OR state <> 'closed' AND coalesce(retry_at > now(), false)
        AS waits
    FROM crm_channel_health WHERE channel = CAST(:channel AS crm_channel)
    """
)
_TRY = text(
    """
    UPDATE crm_channel_health
    SET state = 'half_open', retry_at = now() + make_interval(secs => :trial),
        since = CASE WHEN state = 'half_open' THEN since ELSE now() END
    WHERE channel = CAST(:channel AS crm_channel) AND state IN ('open', 'half_open')
      AND coalesce(retry_at <= now(), true)
    RETURNING id
    """
)
_SUCCESS = text(
    """
    UPDATE crm_channel_health
    SET since = CASE WHEN state = 'closed' THEN since ELSE now() END,
        state = 'closed', failures = 0, reason = NULL, retry_at = NULL
    WHERE channel = CAST(:channel AS crm_channel) AND state <> 'paused'
    """
)
# One that waits already is not made to wait longer by what others began before it did.
_FAILURE = text(
    """
    UPDATE crm_channel_health
    SET failures = failures + 1, reason = :reason,
        state = CASE WHEN opens THEN 'open' ELSE state END,
        since = CASE WHEN opens THEN now() ELSE since END,
        retry_at = CASE WHEN opens THEN now() + make_interval(secs => greatest(
            CAST(:asked AS double precision),
            least(:longest, :first * 2 ^ greatest(failures + 1 - :most, 0)))) ELSE retry_at END
    FROM (SELECT id AS known, state = 'half_open' OR failures + 1 >= :most AS opens
          FROM crm_channel_health
          WHERE channel = CAST(:channel AS crm_channel) FOR UPDATE) old
    WHERE id = old.known AND state IN ('closed', 'half_open')
    """
)

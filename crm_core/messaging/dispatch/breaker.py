"""The circuit breaker of each channel: a provider that keeps failing is left alone for a while.

It is in the database, so that all workers stop together, one tries again, and the page shows it.
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.messaging.schemas import Channel

MOST_FAILURES = 3
"""After so many failures in a row the channel waits."""
FIRST_PAUSE, LONGEST_PAUSE = 15.0, 600.0
TRIAL = 60.0
"""So long the one worker has that tries again, before another one may."""


def waits(session: Session, channel: Channel) -> bool:
    """Whether nothing is to be sent now: until a person, or some time, has come."""
    return bool(session.execute(_WAITS, {"channel": channel.value}).scalar_one())


def most_at_once(session: Session, channel: Channel, usually: int) -> int:
    """How many messages may be handed over together: one where this is to be the trial."""
    tried = session.execute(_TRY, {"channel": channel.value, "trial": TRIAL}).first()
    return usually if tried is None else 1


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


_WAITS = text(
    """
    SELECT state = 'paused' OR state <> 'closed' AND coalesce(retry_at > now(), false)
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

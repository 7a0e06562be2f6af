"""The pace that a provider allows, shared by all workers: each takes its turn in the database."""

from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.messaging.schemas import Channel


def take_turn(session: Session, channel: Channel, messages: int, a_second: Decimal) -> float:
    """Reserves the time that so many messages take; gives the seconds until it begins."""
    values = {"channel": channel.value, "takes": float(messages / a_second)}
    return max(0.0, float(session.execute(_TURN, values).scalar_one()))


def at_once(most: int, a_second: Decimal) -> int:
    """How many messages go out together: never more than a second's worth."""
    return max(1, min(most, int(a_second))) if a_second else most


_TURN = text(
    """
    UPDATE crm_channel_health
    SET next_free_at = greatest(next_free_at, clock_timestamp()) + make_interval(secs => :takes)
    WHERE channel = CAST(:channel AS crm_channel)
    RETURNING extract(epoch FROM next_free_at - clock_timestamp()) - :takes
    """
)

"""Reads of figures: from the sums by the hour, never from the messages themselves."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.base.errors import NotFound
from crm_core.base.settings import settings
from crm_core.messaging.figures.schemas import (
    ChannelHealth,
    ChannelStats,
    CommunicationStats,
    HealthHour,
)
from crm_core.messaging.gateways.sandbox import NAME as SANDBOX
from crm_core.messaging.schemas import Channel

DAYS = 30
_RATE = Decimal("0.0001")


def health_by_hour(session: Session, since: datetime, until: datetime) -> list[HealthHour]:
    """What was handed over in these hours, by channel and provider, the oldest first."""
    found = session.execute(_BY_HOUR, {"since": since, "until": until}).mappings()
    return [HealthHour.model_validate(dict(row)) for row in found]


def channel_states(session: Session) -> list[ChannelHealth]:
    """Each channel that sends: its gateway by the settings, its circuit, what waits for it."""
    found = session.execute(_STATES).mappings()
    return [ChannelHealth.model_validate(dict(row) | _served(row["channel"])) for row in found]


def channel_state(session: Session, channel: Channel) -> ChannelHealth:
    """One of them; ``NotFound`` where nothing is sent by it."""
    for each in channel_states(session):
        if each.channel is channel:
            return each
    raise NotFound("Channel not found")


def communication_stats(session: Session) -> CommunicationStats:
    """The last thirty days in all and by channel, and what waits or is in doubt now."""
    since = utc_now() - timedelta(days=DAYS)
    rows = session.execute(_BY_CHANNEL, {"since": since}).mappings().all()
    now = session.execute(_NOW).mappings().one()
    by_channel = {Channel(row["channel"]): _stats(row) for row in rows}
    whole = _stats(_summed(rows))
    return CommunicationStats(
        **whole.model_dump(),
        **now,
        days=DAYS,
        deliveryRate=_rate(whole.delivered, whole.sent),
        readRate=_rate(whole.read, whole.delivered),
        byChannel=by_channel,
    )


def add_up(session: Session) -> None:
    """Adds up what changed since the last time; for the job that does so every minute."""
    session.execute(text("SELECT crm_message_hours_add_up()"))


def _served(channel: str) -> dict[str, object]:
    chosen = {
        Channel.SMS: settings().crm_sms_gateway,
        Channel.EMAIL: settings().crm_email_gateway,
        Channel.WHATSAPP: settings().crm_whatsapp_gateway,
    }
    gateway = str(chosen[Channel(channel)])
    return {"gateway": gateway, "sandbox": gateway == SANDBOX}


def _stats(row: Mapping[Any, Any]) -> ChannelStats:
    """From where messages are now to how far they came: a read one was delivered and sent."""
    delivered = row["delivered"] + row["read"]
    return ChannelStats(
        sent=row["sent"] + delivered + row["failed"],
        delivered=delivered,
        read=row["read"],
        failed=row["failed"],
        cost=row["cost"].quantize(Decimal("0.01")),
    )


def _summed(rows: Sequence[Mapping[Any, Any]]) -> dict[str, Any]:
    names = ("sent", "delivered", "read", "failed")
    return {name: sum(row[name] for row in rows) for name in names} | {
        "cost": sum((row["cost"] for row in rows), Decimal(0))
    }


def _rate(part: int, whole: int) -> Decimal | None:
    return (Decimal(part) / whole).quantize(_RATE) if whole else None


_COUNTS = """
    coalesce(sum(messages) FILTER (WHERE status = 'sent'), 0) AS sent,
    coalesce(sum(messages) FILTER (WHERE status = 'delivered'), 0) AS delivered,
    coalesce(sum(messages) FILTER (WHERE status = 'read'), 0) AS read,
    coalesce(sum(messages) FILTER (WHERE status = 'failed'), 0) AS failed
"""
# These are put together from constants of ours.
_BY_HOUR = text(
    f"""
    SELECT hour, channel, provider, {_COUNTS}
    FROM crm_message_health WHERE hour >= :since AND hour < :until
    GROUP BY hour, channel, provider HAVING sum(messages) > 0
    ORDER BY hour, channel, provider
    """  # noqa: S608
)
_BY_CHANNEL = text(
    f"""
    SELECT channel, {_COUNTS}, coalesce(sum(cost), 0) AS cost
    FROM crm_message_health WHERE hour >= :since GROUP BY channel ORDER BY channel
    """  # noqa: S608
)
_STATES = text(
    """
    SELECT h.channel, h.state, h.reason, h.since, h.retry_at, coalesce(b.waiting, 0) AS waiting
    FROM crm_channel_health h LEFT JOIN (
        SELECT channel, sum(size) AS waiting FROM crm_message_batches
        WHERE state = 'ready' GROUP BY channel) b USING (channel)
    ORDER BY h.channel
    """
)
_NOW = text(
    """
    SELECT (SELECT coalesce(sum(size), 0) FROM crm_message_batches WHERE state = 'ready')
               AS waiting,
           (SELECT count(*) FROM crm_communication_logs WHERE status = 'unknown') AS unknown
    """
)

"""Pausing a channel: nothing of it is handed over until somebody lets it go on."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_core.base.errors import Conflict, Invalid
from crm_core.messaging.models import ChannelHealth
from crm_core.messaging.schemas import Channel, ChannelPause, ChannelState
from crm_core.people.schemas import Actor, Permission


def pause_channel(session: Session, channel: Channel, data: ChannelPause, *, actor: Actor) -> None:
    """Stops the channel after the chunks that are being handed over; what waits goes on waiting."""
    actor.require(Permission.MESSAGES_MANAGE)
    health = _locked(session, channel)
    if health.state == ChannelState.PAUSED:
        raise Conflict(f"The channel {channel} is paused already.")
    health.state, health.since = ChannelState.PAUSED.value, func.now()
    health.reason, health.retry_at = data.reason, None
    session.flush()


def resume_channel(session: Session, channel: Channel, *, actor: Actor) -> None:
    """Lets a channel go on that a person paused, or that waits because its provider failed."""
    actor.require(Permission.MESSAGES_MANAGE)
    health = _locked(session, channel)
    if health.state == ChannelState.CLOSED:
        raise Conflict(f"The channel {channel} is not paused.")
    health.state, health.since = ChannelState.CLOSED.value, func.now()
    health.reason, health.retry_at, health.failures = None, None, 0
    session.flush()


def _locked(session: Session, channel: Channel) -> ChannelHealth:
    health = session.scalars(
        select(ChannelHealth).where(ChannelHealth.channel == channel.value).with_for_update(),
        execution_options={"populate_existing": True},
    ).one_or_none()
    if health is None:
        raise Invalid.field("channel", f"Nothing is sent by {channel}.")
    return health

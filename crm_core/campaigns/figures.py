"""A campaign in figures: its funnel, failures, pace; all from one statement's moment."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from crm_core.campaigns.models import CampaignConversion, CampaignRecipient, CampaignRun
from crm_core.campaigns.previewing import excluded
from crm_core.campaigns.queries import COUNTS, get_campaign, runs_of
from crm_core.campaigns.schemas import (
    CampaignStats,
    ChannelFunnel,
    Failures,
    Fate,
    Funnel,
    RunRead,
)
from crm_core.messaging.schemas import Channel, MessageStatus

REACHED_NOBODY = (MessageStatus.FAILED, MessageStatus.SKIPPED, MessageStatus.EXPIRED)
# Each step of the funnel holds those who came further.
_STEPS = {
    "queued": tuple(status.value for status in MessageStatus),
    "waiting": ("pending", "deferred"),
    "deferred": ("deferred",),
    "sent": ("sent", "delivered", "read"),
    "delivered": ("delivered", "read"),
    "read": ("read",),
    "answered": ("answered",),
    "failed": ("failed",),
    "skipped": ("skipped",),
    "expired": ("expired",),
    "unknown": ("unknown",),
}


def campaign_stats(session: Session, campaign_id: int) -> CampaignStats:
    """The figures of a campaign as they are now; the page, the API and SQL see the same ones."""
    campaign = get_campaign(session, campaign_id)
    counts = session.execute(select(COUNTS).where(COUNTS.c.campaign_id == campaign_id)).all()
    runs = runs_of(session, campaign_id)
    outcomes = _outcomes(session, campaign_id)
    total = Funnel(**_funnel(counts))
    rate = session.execute(_RATE, {"campaign_id": campaign_id}).scalar_one()
    return CampaignStats(
        campaign_id=campaign_id,
        status=campaign.status,
        runs=runs,
        people=sum(outcomes.values()),
        recipients=outcomes.get(Fate.QUEUED, 0),
        control=outcomes.get(Fate.CONTROL, 0),
        left_out=excluded(outcomes),
        total=total,
        channels=_channels(counts, campaign.channels),
        failures=_failures(counts),
        converted=_converted(session, campaign_id),
        rate=rate,
        seconds_left=_seconds_left(total, runs, rate),
    )


def _funnel(counts: Sequence[Any]) -> dict[str, Any]:
    by_status: Counter[str] = Counter()
    for row in counts:
        by_status[row.status] += int(row.messages)
    steps = {step: sum(by_status[s] for s in states) for step, states in _STEPS.items()}
    return {
        **steps,
        "parts": sum(int(row.parts) for row in counts),
        "cost": sum((row.cost for row in counts), Decimal(0)).quantize(Decimal("0.01")),
    }


def _channels(counts: Sequence[Any], channels: Iterable[Channel]) -> list[ChannelFunnel]:
    by_channel: defaultdict[str, list[Any]] = defaultdict(list)
    for row in counts:
        by_channel[row.channel].append(row)
    return [
        ChannelFunnel(channel=channel, **_funnel(by_channel[channel.value])) for channel in channels
    ]


def _failures(counts: Sequence[Any]) -> list[Failures]:
    """Why messages reached nobody, the most frequent reasons first."""
    found = [
        Failures(
            channel=Channel(row.channel),
            status=MessageStatus(row.status),
            reason=row.reason,
            count=int(row.messages),
        )
        for row in counts
        if row.status in REACHED_NOBODY and row.messages
    ]
    return sorted(found, key=lambda one: (-one.count, one.channel, one.reason))


def _outcomes(session: Session, campaign_id: int) -> Mapping[Fate, int]:
    """People by outcome; the chosen are the most, so that their number is kept with the run."""
    chosen = session.execute(
        select(func.coalesce(func.sum(CampaignRun.chosen), 0)).where(
            CampaignRun.campaign_id == campaign_id
        )
    ).scalar_one()
    taken = CampaignRecipient.c
    others = session.execute(
        select(taken.outcome, func.count())
        .join_from(CampaignRun, CampaignRecipient, taken.run_id == CampaignRun.id)
        .where(
            CampaignRun.campaign_id == campaign_id,
            CampaignRun.frozen_at.is_not(None),
            taken.outcome != Fate.QUEUED.value,
        )
        .group_by(taken.outcome)
    )
    return {Fate.QUEUED: int(chosen)} | {Fate(row[0]): row[1] for row in others}


def _converted(session: Session, campaign_id: int) -> int:
    """People who were written to and did what the campaign was for."""
    return session.execute(
        select(func.count())
        .join_from(CampaignRun, CampaignConversion, CampaignConversion.c.run_id == CampaignRun.id)
        .where(CampaignRun.campaign_id == campaign_id, ~CampaignConversion.c.control)
    ).scalar_one()


def _seconds_left(total: Funnel, runs: Sequence[RunRead], rate: int) -> int | None:
    """Until all are handed over at this pace; those held for the night are not waited for."""
    left = total.waiting - total.deferred
    still_queueing = any(run.finished_at is None for run in runs)
    if still_queueing or (left and not rate):
        return None
    return round(left * 60 / rate) if left else 0


# Whole batches: the chunks of those under way are not counted one by one.
_RATE = text(
    """
    SELECT coalesce(sum(size), 0)::integer FROM crm_message_batches
    WHERE campaign_id = :campaign_id AND finished_at > now() - interval '1 minute'
    """
)

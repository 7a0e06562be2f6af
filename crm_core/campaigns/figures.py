"""A campaign in figures: its funnel, failures, pace; all from one statement's moment."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.errors import NotFound
from crm_core.campaigns.previewing import excluded
from crm_core.campaigns.schemas import (
    CampaignStats,
    CampaignStatus,
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


@dataclass(frozen=True)
class _Line:
    """Messages of one channel that are alike."""

    channel: str
    status: str
    reason: str
    messages: int
    parts: int
    cost: Decimal


def campaign_stats(session: Session, campaign_id: int) -> CampaignStats:
    """The figures of a campaign as they are now; the page, the API and SQL see the same ones."""
    found = session.execute(_STATS, {"campaign_id": campaign_id}).one_or_none()
    if found is None:
        raise NotFound("Campaign not found")
    lines = [_Line(**{**line, "cost": Decimal(line["cost"])}) for line in found.lines]
    runs = [RunRead.model_validate(run) for run in found.runs]
    outcomes = {Fate(fate): people for fate, people in found.outcomes.items()}
    total = Funnel(**_funnel(lines))
    return CampaignStats(
        campaign_id=campaign_id,
        status=CampaignStatus(found.status),
        runs=runs,
        people=sum(outcomes.values()),
        recipients=outcomes.get(Fate.QUEUED, 0),
        control=outcomes.get(Fate.CONTROL, 0),
        left_out=excluded(outcomes),
        total=total,
        channels=_channels(lines, [Channel(channel) for channel in found.channels]),
        failures=_failures(lines),
        converted=found.converted,
        rate=found.rate,
        seconds_left=_seconds_left(total, runs, found.rate),
    )


def _funnel(lines: Sequence[_Line]) -> dict[str, Any]:
    by_status: Counter[str] = Counter()
    for line in lines:
        by_status[line.status] += line.messages
    steps = {step: sum(by_status[s] for s in states) for step, states in _STEPS.items()}
    return {
        **steps,
        "parts": sum(line.parts for line in lines),
        "cost": sum((line.cost for line in lines), Decimal(0)).quantize(Decimal("0.01")),
    }


def _channels(lines: Sequence[_Line], channels: Iterable[Channel]) -> list[ChannelFunnel]:
    by_channel: defaultdict[str, list[_Line]] = defaultdict(list)
    for line in lines:
        by_channel[line.channel].append(line)
    return [
        ChannelFunnel(channel=channel, **_funnel(by_channel[channel.value])) for channel in channels
    ]


def _failures(lines: Sequence[_Line]) -> list[Failures]:
    """Why messages reached nobody, the most frequent reasons first."""
    found = [
        Failures(
            channel=Channel(line.channel),
            status=MessageStatus(line.status),
            reason=line.reason,
            count=line.messages,
        )
        for line in lines
        if line.status in REACHED_NOBODY and line.messages
    ]
    return sorted(found, key=lambda one: (-one.count, one.channel, one.reason))


def _seconds_left(total: Funnel, runs: Sequence[RunRead], rate: int) -> int | None:
    """Until all are handed over at this pace; those held for the night are not waited for."""
    left = total.waiting - total.deferred
    still_queueing = any(run.finished_at is None for run in runs)
    if still_queueing or (left and not rate):
        return None
    return round(left * 60 / rate) if left else 0


# One statement is one moment, whatever isolation its transaction has. The outcomes are those that
# the runs keep; of batches the whole ones tell the pace, their chunks are not counted one by one.
_STATS = text(
    """
    SELECT c.status, c.channels,
        (SELECT coalesce(jsonb_agg(jsonb_build_object('channel', m.channel, 'status', m.status,
                    'reason', m.reason, 'messages', m.messages, 'parts', m.parts,
                    'cost', m.cost::text)), '[]')
         FROM crm_campaign_message_counts m WHERE m.campaign_id = c.id) AS lines,
        (SELECT coalesce(jsonb_agg(to_jsonb(r) ORDER BY r.id DESC), '[]')
         FROM (SELECT id, state, people, chosen, control, messages, created_at, finished_at
               FROM crm_campaign_runs WHERE campaign_id = c.id ORDER BY id DESC LIMIT 30) AS r
        ) AS runs,
        (SELECT coalesce(jsonb_object_agg(fate, people), '{}')
         FROM (SELECT o.key AS fate, sum(o.value::bigint) AS people
               FROM crm_campaign_runs r CROSS JOIN jsonb_each_text(r.outcomes) AS o
               WHERE r.campaign_id = c.id GROUP BY o.key) AS alike) AS outcomes,
        (SELECT count(*) FROM crm_campaign_runs r
         JOIN crm_campaign_conversions v ON v.run_id = r.id AND NOT v.control
         WHERE r.campaign_id = c.id) AS converted,
        (SELECT coalesce(sum(b.size), 0)::integer FROM crm_message_batches b
         WHERE b.campaign_id = c.id AND b.state <> 'cancelled'
           AND b.finished_at > now() - interval '1 minute') AS rate
    FROM crm_campaigns c WHERE c.id = :campaign_id
    """
)

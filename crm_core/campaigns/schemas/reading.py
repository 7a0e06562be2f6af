"""Campaigns as they are shown: rows, figures, people, previews."""

from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict

from crm_core.base.clock import Instant
from crm_core.base.paging import PageRequest
from crm_core.base.words import RecordId
from crm_core.campaigns.schemas.states import (
    FATE_SENTENCES,
    CampaignStatus,
    CampaignType,
    Fate,
    Goal,
    RunState,
    TargetAudience,
)
from crm_core.messaging.schemas import Channel, MessageStatus, RecipientType


class CampaignRead(BaseModel):
    """A campaign; the contract's row, and what we add. ``response_rate`` is in per cent."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    name: str
    description: str | None
    type: CampaignType
    target_audience: TargetAudience
    segment_criteria: dict[str, Any]
    channels: list[Channel]
    message_template: str
    texts: dict[Channel, dict[str, str | None]]
    control_percent: int
    goal: Goal
    goal_days: int
    repeat_after_days: int | None
    status: CampaignStatus
    status_note: str | None
    scheduled_date: Instant | None
    start_date: Instant | None
    end_date: Instant | None
    total_recipients: int
    messages_sent: int
    messages_delivered: int
    messages_read: int
    response_rate: Decimal
    created_by: str
    created_by_name: str
    submitted_at: Instant | None
    approved_by: str | None
    approved_by_name: str | None
    approved_at: Instant | None
    version: int
    created_at: Instant
    updated_at: Instant

    @property
    def recipient_type(self) -> RecipientType:
        """Patients, or owners."""
        owners = self.target_audience is TargetAudience.ALL_OWNERS
        return RecipientType.OWNER if owners else RecipientType.PATIENT


class CampaignFilter(PageRequest):
    """Campaigns by where they stand and what they are."""

    status: CampaignStatus | None = None
    type: CampaignType | None = None


class Excluded(BaseModel):
    """How many people are left out for a reason."""

    model_config = ConfigDict(frozen=True)

    reason: Fate
    sentence: str
    count: int


class ChannelCost(BaseModel):
    """What a channel's messages come to."""

    model_config = ConfigDict(frozen=True)

    channel: Channel
    messages: int
    parts: int
    cost: Decimal


class Finding(BaseModel):
    """Something about a text that its drafter should know; an error stops the launch."""

    model_config = ConfigDict(frozen=True)

    channel: Channel
    code: str
    sentence: str
    error: bool


class PreviewRead(BaseModel):
    """Who would get a campaign now: everyone − those left out − the control group = recipients.

    Attributes:
        audience: everyone.
        messages: how many messages; a person may get one on each channel.
        deferred: how many of them wait, until ``deferred_until``, for the end of quiet hours.
        cost: in naira; worked out from the texts of ``priced`` people where names differ in length.
    """

    model_config = ConfigDict(frozen=True)

    audience: int
    excluded: list[Excluded]
    control: int
    recipients: int
    deferred: int
    deferred_until: Instant | None
    messages: int
    cost: Decimal
    costs: list[ChannelCost]
    priced: int
    findings: list[Finding]


class ChannelOutcome(BaseModel):
    """What was decided about a channel, and where its message is, if there is one."""

    model_config = ConfigDict(frozen=True)

    fate: Fate
    message_id: int | None = None
    status: MessageStatus | None = None
    reason: str | None = None


class RecipientRead(BaseModel):
    """A person of an audience: what was decided and why, and what happened on each channel."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    run_id: int | None
    recipient_type: RecipientType
    code: str
    name: str
    outcome: Fate
    channels: dict[Channel, ChannelOutcome]
    converted: bool

    @property
    def sentence(self) -> str:
        """Why, for people."""
        return FATE_SENTENCES[self.outcome]


class RecipientFilter(PageRequest):
    """People of a campaign's audience by what was decided, or one of them; of its latest run."""

    campaign_id: RecordId | None = None
    run_id: RecordId | None = None
    outcome: Fate | None = None
    person_id: RecordId | None = None


class RunRead(BaseModel):
    """A launch, or a day's run of an open campaign, and how far it is."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    state: RunState
    people: int
    chosen: int
    control: int
    messages: int
    created_at: Instant
    finished_at: Instant | None


class Funnel(BaseModel):
    """Messages by how far they came; each step counts those beyond it, too."""

    model_config = ConfigDict(frozen=True)

    queued: int
    waiting: int
    deferred: int
    sent: int
    delivered: int
    read: int
    answered: int
    failed: int
    skipped: int
    expired: int
    unknown: int
    parts: int
    cost: Decimal


class ChannelFunnel(Funnel):
    """The same of one channel."""

    channel: Channel


class Failures(BaseModel):
    """Messages that reached nobody, by why."""

    model_config = ConfigDict(frozen=True)

    channel: Channel
    status: MessageStatus
    reason: str
    count: int


class CampaignStats(BaseModel):
    """A campaign in figures, all of one moment.

    Attributes:
        people: everyone in the audience; ``left_out`` and ``control`` got nothing on purpose.
        rate: messages a minute that were handed over in the last minute.
        seconds_left: until all are handed over at this rate; None where that cannot be told.
    """

    model_config = ConfigDict(frozen=True)

    campaign_id: int
    status: CampaignStatus
    runs: list[RunRead]
    people: int
    recipients: int
    control: int
    left_out: list[Excluded]
    total: Funnel
    channels: list[ChannelFunnel]
    failures: list[Failures]
    converted: int
    rate: int
    seconds_left: int | None


class ListReceipt(BaseModel):
    """What became of an uploaded list.

    Attributes:
        matched: patients who are on it now.
        unknown: the first of the entries that belong to no patient.
    """

    model_config = ConfigDict(frozen=True)

    matched: int
    unknown_count: int
    unknown: list[str]

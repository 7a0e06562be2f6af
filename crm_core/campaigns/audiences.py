"""Who is in a campaign's audience: one statement, whatever it is put together from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal, null, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased

from crm_core.base.clock import lagos_today
from crm_core.campaigns.models import CampaignListEntry, CampaignRecipient, CampaignRun
from crm_core.campaigns.schemas import (
    APPOINTMENT_FIELDS,
    CampaignCreate,
    ChannelText,
    Fate,
    TargetAudience,
    fields_of,
    texts_of,
)
from crm_core.campaigns.segments.compiling import IN_CARE, Sources, condition_of
from crm_core.messaging.schemas import Channel, Purpose, RecipientType
from crm_core.owners.models import Owner
from crm_core.patients.models import Patient


@dataclass(frozen=True)
class Brief:
    """What decides who gets a campaign and who does not.

    Attributes:
        campaign_id: 0 for a campaign that is not saved yet; the control group is drawn by it.
        today: the day in Lagos that ages, days and repetitions are counted from.
    """

    campaign_id: int
    campaign: CampaignCreate
    today: date

    @property
    def recipient_type(self) -> RecipientType:
        """Patients, or owners."""
        owners = self.campaign.target_audience is TargetAudience.ALL_OWNERS
        return RecipientType.OWNER if owners else RecipientType.PATIENT

    @property
    def purpose(self) -> Purpose:
        """Why one writes."""
        return Purpose(self.campaign.type.value)

    @property
    def texts(self) -> Mapping[Channel, ChannelText]:
        """What is said on each channel, in the order of the channels."""
        return texts_of(self.campaign)

    @property
    def speaks_of_appointment(self) -> bool:
        """Whether a text says when the person's next appointment is."""
        named = [
            fields_of(text.body) | fields_of(text.subject or "") for text in self.texts.values()
        ]
        return not APPOINTMENT_FIELDS.isdisjoint(set().union(*named))


def brief_of(campaign: CampaignCreate, *, campaign_id: int = 0, today: date | None = None) -> Brief:
    """The brief of a campaign, saved or not."""
    return Brief(campaign_id, campaign, today or lagos_today())


def audience_of(brief: Brief) -> Select[int, str, str, Any]:
    """Everybody in the audience: ``person_id``, ``phone``, ``email``, what they ``agreed`` to."""
    if brief.recipient_type is RecipientType.OWNER:
        return select(
            Owner.id.label("person_id"),
            Owner.phone,
            Owner.email,
            null().cast(JSONB).label("agreed"),
        ).where(Owner.status == "active")
    sources = Sources(brief.today)
    chosen = and_(IN_CARE, *_chosen(brief, sources))
    return (
        select(
            Patient.id.label("person_id"),
            Patient.phone,
            Patient.email,
            Patient.communication_preferences.label("agreed"),
        )
        .select_from(sources.from_patients())
        .where(chosen)
    )


def _chosen(brief: Brief, sources: Sources) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if brief.campaign.target_audience is TargetAudience.SPECIFIC_SEGMENT:
        conditions.append(condition_of(brief.campaign.segment_criteria, sources))
    if brief.campaign.target_audience is TargetAudience.CUSTOM:
        conditions.append(Patient.id.in_(listed(brief.campaign_id)))
    if brief.campaign.type.stays_open and brief.campaign_id:
        conditions.append(~_had_it(brief))
    return conditions


def listed(campaign_id: int) -> Select[int]:
    """The patients of an uploaded list: of a record that was merged since, the one that stayed."""
    entry = aliased(Patient)
    return (
        select(func.coalesce(entry.merged_into_id, entry.id))
        .join(CampaignListEntry, CampaignListEntry.person_id == entry.id)
        .where(CampaignListEntry.campaign_id == campaign_id)
    )


def _had_it(brief: Brief) -> ColumnElement[bool]:
    """Whether an earlier run of an open campaign chose the person, too short a time ago."""
    taken = CampaignRecipient.c
    earlier = [
        CampaignRun.campaign_id == brief.campaign_id,
        taken.run_id == CampaignRun.id,
        taken.person_id == Patient.id,
        or_(taken.outcome == Fate.QUEUED.value, taken.outcome == Fate.CONTROL.value),
    ]
    if brief.campaign.repeat_after_days is not None:
        earlier.append(
            CampaignRun.day > _days_before(brief.today, brief.campaign.repeat_after_days)
        )
    return exists(literal(1)).where(*earlier)


def _days_before(day: date, days: int) -> date:
    return date.fromordinal(day.toordinal() - days)

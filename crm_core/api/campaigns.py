"""Campaigns: drafting, four eyes, launching and steering; previews, figures and people."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from crm_core.api.deps import CurrentActor, Db, ReadDb, ReaderDep, needs
from crm_core.api.responses import Done, Envelope, JsonText, Rows
from crm_core.api.route import Route
from crm_core.base.words import RecordId
from crm_core.campaigns import effects, figures, people, previewing, queries, service
from crm_core.campaigns.schemas import (
    AudienceList,
    CampaignCancellation,
    CampaignCreate,
    CampaignFilter,
    CampaignRead,
    CampaignStats,
    CampaignUpdate,
    Comparison,
    EffectRead,
    ListReceipt,
    PreviewRead,
    RecipientFilter,
    RecipientRead,
    Rejection,
    Schedule,
    Seen,
)
from crm_core.campaigns.segments.counting import SegmentCount, count_segment
from crm_core.campaigns.segments.schemas import Criteria
from crm_core.messaging.schemas import CommunicationRead
from crm_core.people.schemas import Permission

router = APIRouter(
    prefix="/campaigns",
    tags=["Campaigns"],
    route_class=Route,
    dependencies=[needs(Permission.CAMPAIGNS_READ)],
)
CampaignId = Annotated[RecordId, Path()]


def _shown(seen: Seen | None = None) -> int | None:
    return seen.version if seen else None


ShownVersion = Annotated[int | None, Depends(_shown)]
"""A body is optional for the steps that say nothing else."""


class Launch(BaseModel):
    """A campaign that was launched, and how many people and messages that is."""

    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True, serialize_by_alias=True
    )

    campaign: CampaignRead
    recipients_targeted: int
    messages_queued: int


class Compared(BaseModel):
    """Which campaigns to look at beside each other."""

    model_config = ConfigDict(extra="forbid")

    ids: list[RecordId] = Field(min_length=1, max_length=effects.MOST_COMPARED)


@router.get("")
async def list_campaigns(
    reader: ReaderDep, filters: Annotated[CampaignFilter, Query()]
) -> JsonText[Rows[CampaignRead]]:
    """Campaigns, newest first."""
    return JsonText(await queries.list_campaigns(filters).fetch(reader))


@router.post("", status_code=201)
def create_campaign(db: Db, actor: CurrentActor, data: CampaignCreate) -> Done[CampaignRead]:
    """A draft; somebody else than its drafter approves it."""
    campaign = service.create_campaign(db, data, actor=actor)
    return Done(message="Campaign created successfully", data=campaign)


@router.post("/preview")
def preview_campaign(
    db: ReadDb, actor: CurrentActor, data: CampaignCreate
) -> Envelope[PreviewRead]:
    """Who would get it and who not, why, and what it costs; changes nothing."""
    return Envelope(data=previewing.preview_campaign(db, data, actor=actor))


@router.post("/count")
def count_patients(db: ReadDb, actor: CurrentActor, data: Criteria) -> Envelope[SegmentCount]:
    """How many patients in care match a segment's criteria."""
    return Envelope(data=count_segment(db, data, actor=actor))


@router.get("/compare")
def compare_campaigns(
    db: ReadDb, actor: CurrentActor, wanted: Annotated[Compared, Query()]
) -> Envelope[list[Comparison]]:
    """Campaigns beside each other, with their effects."""
    return Envelope(data=effects.compare_campaigns(db, wanted.ids, actor=actor))


@router.get("/{campaign_id}")
async def get_campaign(
    reader: ReaderDep, campaign_id: CampaignId
) -> JsonText[Envelope[CampaignRead]]:
    """One campaign."""
    return JsonText(await queries.CAMPAIGNS.find(campaign_id).fetch(reader))


@router.put("/{campaign_id}")
def update_campaign(
    db: Db, actor: CurrentActor, campaign_id: CampaignId, data: CampaignUpdate
) -> Done[CampaignRead]:
    """Edits a campaign before its launch; one that was approved becomes a draft again."""
    campaign = service.update_campaign(db, campaign_id, data, actor=actor)
    return Done(message="Campaign updated successfully", data=campaign)


@router.put("/{campaign_id}/list")
def upload_list(
    db: Db, actor: CurrentActor, campaign_id: CampaignId, data: AudienceList
) -> Done[ListReceipt]:
    """The patients of a custom audience, by codes, phone numbers or email addresses."""
    receipt = service.upload_list(db, campaign_id, data, actor=actor)
    return Done(message=f"{receipt.matched:,} patients are on the list", data=receipt)


@router.get("/{campaign_id}/preview")
def preview_saved(
    db: ReadDb, actor: CurrentActor, campaign_id: CampaignId
) -> Envelope[PreviewRead]:
    """The preview of a saved campaign, with its own list and control group."""
    draft = queries.written(queries.get_campaign(db, campaign_id))
    preview = previewing.preview_campaign(db, draft, actor=actor, campaign_id=campaign_id)
    return Envelope(data=preview)


@router.post("/{campaign_id}/submit")
def submit_campaign(
    db: Db, actor: CurrentActor, campaign_id: CampaignId, version: ShownVersion
) -> Done[CampaignRead]:
    """Asks for approval."""
    campaign = service.submit_campaign(db, campaign_id, actor=actor, version=version)
    return Done(message="Campaign submitted for approval", data=campaign)


@router.post("/{campaign_id}/approve")
def approve_campaign(
    db: Db, actor: CurrentActor, campaign_id: CampaignId, version: ShownVersion
) -> Done[CampaignRead]:
    """Approves a campaign that others drafted."""
    campaign = service.approve_campaign(db, campaign_id, actor=actor, version=version)
    return Done(message="Campaign approved successfully", data=campaign)


@router.post("/{campaign_id}/reject")
def reject_campaign(
    db: Db, actor: CurrentActor, campaign_id: CampaignId, data: Rejection
) -> Done[CampaignRead]:
    """Sends it back to its drafter with a note."""
    campaign = service.reject_campaign(db, campaign_id, data, actor=actor)
    return Done(message="Campaign sent back", data=campaign)


@router.post("/{campaign_id}/schedule")
def schedule_campaign(
    db: Db, actor: CurrentActor, campaign_id: CampaignId, data: Schedule
) -> Done[CampaignRead]:
    """Has it launched by itself at a time to come."""
    campaign = service.schedule_campaign(db, campaign_id, data, actor=actor)
    return Done(message="Campaign scheduled", data=campaign)


@router.post("/{campaign_id}/unschedule")
def unschedule_campaign(
    db: Db, actor: CurrentActor, campaign_id: CampaignId, version: ShownVersion
) -> Done[CampaignRead]:
    """Takes the time back; it stays approved."""
    campaign = service.unschedule_campaign(db, campaign_id, actor=actor, version=version)
    return Done(message="Campaign taken off the schedule", data=campaign)


@router.post("/{campaign_id}/launch")
def launch_campaign(
    db: Db, actor: CurrentActor, campaign_id: CampaignId, version: ShownVersion
) -> Done[Launch]:
    """Starts it: the worker queues its messages. Who may approve launches others' drafts, too."""
    campaign = service.launch_campaign(db, campaign_id, actor=actor, version=version)
    tally = previewing.tally_of_saved(db, campaign)
    launch = Launch(
        campaign=campaign, recipients_targeted=tally.recipients, messages_queued=tally.queued
    )
    return Done(message="Campaign launched successfully", data=launch)


@router.post("/{campaign_id}/pause")
def pause_campaign(
    db: Db, actor: CurrentActor, campaign_id: CampaignId, version: ShownVersion
) -> Done[CampaignRead]:
    """Holds what was not handed over yet."""
    campaign = service.pause_campaign(db, campaign_id, actor=actor, version=version)
    return Done(message="Campaign paused", data=campaign)


@router.post("/{campaign_id}/resume")
def resume_campaign(
    db: Db, actor: CurrentActor, campaign_id: CampaignId, version: ShownVersion
) -> Done[CampaignRead]:
    """Goes on where it was paused."""
    campaign = service.resume_campaign(db, campaign_id, actor=actor, version=version)
    return Done(message="Campaign resumed", data=campaign)


@router.post("/{campaign_id}/cancel")
def cancel_campaign(
    db: Db, actor: CurrentActor, campaign_id: CampaignId, data: CampaignCancellation
) -> Done[CampaignRead]:
    """Ends it: what was not handed over yet never is."""
    campaign = service.cancel_campaign(db, campaign_id, data, actor=actor)
    return Done(message="Campaign cancelled", data=campaign)


@router.post("/{campaign_id}/test")
def send_test(
    db: Db, actor: CurrentActor, campaign_id: CampaignId, version: ShownVersion
) -> Done[list[CommunicationRead]]:
    """Sends its texts to whoever the token acts for."""
    sent = service.send_test(db, campaign_id, actor=actor, version=version)
    return Done(message="Test queued", data=sent)


@router.get("/{campaign_id}/stats")
def campaign_stats(db: ReadDb, campaign_id: CampaignId) -> Envelope[CampaignStats]:
    """Its funnel by channel, failures by reason, pace and time left, all of one moment."""
    return Envelope(data=figures.campaign_stats(db, campaign_id))


@router.get("/{campaign_id}/effect")
def campaign_effect(
    db: ReadDb, actor: CurrentActor, campaign_id: CampaignId
) -> Envelope[EffectRead]:
    """What it brought about, against the control group, with a 95 % interval."""
    return Envelope(data=effects.effect_of(db, campaign_id, actor=actor))


@router.get("/{campaign_id}/recipients")
def list_recipients(
    db: ReadDb,
    actor: CurrentActor,
    campaign_id: CampaignId,
    filters: Annotated[RecipientFilter, Query()],
) -> JsonText[Rows[RecipientRead]]:
    """The people of its audience: who gets or got what, and why not; `outcome` picks a reason."""
    return JsonText(people.list_recipients(db, campaign_id, filters, actor=actor).json(db))

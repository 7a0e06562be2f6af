"""Writing campaigns: drafts, their edits, uploaded lists."""

import json
from typing import Any

from pydantic import ValidationError
from sqlalchemy import ColumnElement, delete, func, text
from sqlalchemy.orm import Session

from crm_core.base.errors import Conflict, Invalid
from crm_core.base.phone import normalise_phone
from crm_core.base.validation import problems_of
from crm_core.campaigns.models import Campaign, CampaignListEntry
from crm_core.campaigns.queries import get_campaign, written
from crm_core.campaigns.schemas import (
    AudienceList,
    CampaignCreate,
    CampaignRead,
    CampaignStatus,
    CampaignUpdate,
    ListReceipt,
    TargetAudience,
)
from crm_core.campaigns.segments.health import require_choice
from crm_core.campaigns.service import common
from crm_core.people.schemas import Actor, Permission

SHOWN_UNKNOWN = 50


def create_campaign(session: Session, data: CampaignCreate, *, actor: Actor) -> CampaignRead:
    """A draft; somebody else than its drafter approves it."""
    actor.require(Permission.CAMPAIGNS_DRAFT)
    require_choice(session, data.segment_criteria, actor=actor)
    campaign = Campaign(
        **_columns(data),
        created_by=actor.person,
        created_by_name=actor.name,
        drafters=[actor.person],
    )
    session.add(campaign)
    with common.refusing():
        session.flush()
    return get_campaign(session, campaign.id)


def update_campaign(
    session: Session, campaign_id: int, data: CampaignUpdate, *, actor: Actor
) -> CampaignRead:
    """Edits a campaign before its launch; one that was approved becomes a draft again.

    Raises:
        Conflict: it was changed or launched meanwhile, or the edit would move a schedule.
    """
    actor.require(Permission.CAMPAIGNS_DRAFT)
    campaign = common.lock_campaign(session, campaign_id)
    _refuse_launched(campaign)
    common.refuse_unseen(campaign, data.version)
    before = written(campaign)
    require_choice(session, before.segment_criteria, actor=actor)
    after = _merged(before, data)
    _refuse_moving(campaign, after)
    require_choice(session, after.segment_criteria, actor=actor)
    if _columns(after) == _columns(before):
        return campaign
    return common.change(session, campaign_id, **_columns(after), drafters=_with(actor.person))


def upload_list(
    session: Session, campaign_id: int, data: AudienceList, *, actor: Actor
) -> ListReceipt:
    """Replaces the list of a campaign for a custom audience.

    An entry is a patient's code, phone number or email address. Who shares a number is all there:
    the preview shows who of them is left out.
    """
    actor.require(Permission.CAMPAIGNS_DRAFT)
    campaign = common.lock_campaign(session, campaign_id)
    _refuse_launched(campaign)
    common.refuse_unseen(campaign, data.version)
    if campaign.target_audience is not TargetAudience.CUSTOM:
        raise Conflict("This campaign takes no list: give it the audience “custom” first.")
    # A list that was approved is another campaign with another list.
    common.change(
        session, campaign_id, status=CampaignStatus.DRAFT.value, drafters=_with(actor.person)
    )
    session.execute(
        delete(CampaignListEntry).where(CampaignListEntry.campaign_id == campaign_id),
        execution_options=common.VALUES,
    )
    entries = json.dumps([_usual(entry) for entry in dict.fromkeys(data.entries)])
    kept = session.execute(_KEEP_LIST, {"campaign_id": campaign_id, "entries": entries}).one()
    return ListReceipt(
        matched=kept.matched,
        unknown_count=len(kept.unknown),
        unknown=kept.unknown[:SHOWN_UNKNOWN],
    )


def _refuse_launched(campaign: CampaignRead) -> None:
    if not campaign.status.editable:
        raise Conflict(f"“{campaign.name}” is {campaign.status}: it is not edited any more.")


def _refuse_moving(campaign: CampaignRead, after: CampaignCreate) -> None:
    """A time that counts is given by who may launch, lies ahead, and is told as a step."""
    scheduled = campaign.status is CampaignStatus.SCHEDULED
    if scheduled and after.scheduled_date != campaign.scheduled_date:
        raise Conflict(
            f"“{campaign.name}” is on the schedule: schedule it anew for another time,"
            " or take it off the schedule first."
        )


def _merged(before: CampaignCreate, data: CampaignUpdate) -> CampaignCreate:
    """The campaign with what is given put in; what does not fit together any more is refused."""
    given = data.model_dump(exclude_unset=True, exclude={"version"})
    try:
        return CampaignCreate.model_validate(before.model_dump(exclude_none=True) | given)
    except ValidationError as error:
        problems = problems_of(error)
        raise Invalid(problems[0].message, problems) from error


def _columns(data: CampaignCreate) -> dict[str, Any]:
    """A campaign as its row keeps it; no conditions at all are kept as an empty object."""
    kept = data.model_dump(mode="json", exclude={"segment_criteria", "texts", "scheduled_date"})
    criteria = data.segment_criteria.model_dump(mode="json")
    return kept | {
        "segment_criteria": criteria if criteria["conditions"] else {},
        "texts": {
            channel.value: text.model_dump(mode="json", exclude_none=True)
            for channel, text in data.texts.items()
        },
        "scheduled_date": data.scheduled_date,
    }


def _with(person: str) -> ColumnElement[Any]:
    """The drafters, with this person among them."""
    return func.array_append(func.array_remove(Campaign.drafters, person), person)


def _usual(entry: str) -> dict[str, str]:
    """What an entry of a list is, in the form that patients are found by."""
    if "@" in entry:
        return {"entry": entry, "kind": "email", "value": entry.lower()}
    try:
        return {"entry": entry, "kind": "phone", "value": normalise_phone(entry)}
    except ValueError:
        return {"entry": entry, "kind": "code", "value": entry.upper()}


_KEEP_LIST = text(
    """
    WITH given AS (
        SELECT entry, kind, value FROM jsonb_to_recordset(CAST(:entries AS jsonb))
            AS one (entry text, kind text, value text)
    ), found AS MATERIALIZED (
        SELECT g.entry, coalesce(p.merged_into_id, p.id) AS id
        FROM given g JOIN crm_patients p ON p.patient_code = g.value WHERE g.kind = 'code'
        UNION ALL
        SELECT g.entry, p.id FROM given g JOIN crm_patients p ON p.phone = g.value
        WHERE g.kind = 'phone' AND p.merged_into_id IS NULL
        UNION ALL
        SELECT g.entry, p.id FROM given g JOIN crm_patients p ON lower(p.email) = g.value
        WHERE g.kind = 'email' AND p.merged_into_id IS NULL
    ), kept AS (
        INSERT INTO crm_campaign_lists (campaign_id, person_id)
        SELECT DISTINCT CAST(:campaign_id AS bigint), id FROM found RETURNING person_id
    )
    SELECT (SELECT count(*) FROM kept) AS matched,
           array(SELECT entry FROM given EXCEPT SELECT entry FROM found ORDER BY 1) AS unknown
    """
)

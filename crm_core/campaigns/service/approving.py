"""Four eyes: a draft is submitted, and approved or sent back by somebody who wrote none of it."""

from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.base.errors import Conflict, Invalid, Problem
from crm_core.campaigns.linting import lint_campaign
from crm_core.campaigns.queries import list_size, written
from crm_core.campaigns.schemas import CampaignRead, CampaignStatus, Rejection, TargetAudience
from crm_core.campaigns.segments.health import require_choice
from crm_core.campaigns.service import common
from crm_core.people.schemas import Actor, Permission


def submit_campaign(
    session: Session, campaign_id: int, *, actor: Actor, version: int | None = None
) -> CampaignRead:
    """Asks for approval of a draft that has nothing wrong with it."""
    actor.require(Permission.CAMPAIGNS_DRAFT)
    campaign = common.lock_campaign(session, campaign_id, version=version)
    common.refuse_transition(campaign, CampaignStatus.PENDING_APPROVAL)
    refuse_faults(session, campaign)
    return common.change(
        session,
        campaign_id,
        status=CampaignStatus.PENDING_APPROVAL.value,
        status_note=None,
        submitted_at=utc_now(),
    )


def approve_campaign(
    session: Session, campaign_id: int, *, actor: Actor, version: int | None = None
) -> CampaignRead:
    """Approves what was submitted; any edit afterwards makes it a draft again."""
    actor.require(Permission.CAMPAIGNS_APPROVE)
    campaign = common.lock_campaign(session, campaign_id, version=version)
    if campaign.status is not CampaignStatus.PENDING_APPROVAL:
        said = campaign.status.replace("_", " ")
        raise Conflict(f"“{campaign.name}” is {said}: only what was submitted is approved.")
    return approve_locked(session, campaign, actor)


def approve_locked(session: Session, campaign: CampaignRead, actor: Actor) -> CampaignRead:
    """Approves a campaign whose row is locked; the actor may approve, but perhaps not this one."""
    common.refuse_transition(campaign, CampaignStatus.APPROVED)
    common.refuse_drafter(session, campaign, actor)
    require_choice(session, written(campaign).segment_criteria, actor=actor)
    refuse_faults(session, campaign)
    return common.change(
        session,
        campaign.id,
        status=CampaignStatus.APPROVED.value,
        status_note=None,
        approved_by=actor.person,
        approved_by_name=actor.name,
        approved_at=utc_now(),
    )


def reject_campaign(
    session: Session, campaign_id: int, data: Rejection, *, actor: Actor
) -> CampaignRead:
    """Sends a campaign back to its drafter, with a note on what to change."""
    actor.require(Permission.CAMPAIGNS_APPROVE)
    campaign = common.lock_campaign(session, campaign_id, version=data.version)
    common.refuse_transition(campaign, CampaignStatus.DRAFT)
    return common.change(
        session, campaign_id, status=CampaignStatus.DRAFT.value, status_note=data.note
    )


def refuse_faults(session: Session, campaign: CampaignRead) -> None:
    """Raises ``Invalid`` where a text must not go out as it is, or a list is missing."""
    errors = [finding for finding in lint_campaign(written(campaign)) if finding.error]
    problems = [Problem(f"texts.{one.channel}", one.sentence) for one in errors]
    listed = campaign.target_audience is TargetAudience.CUSTOM
    if listed and not list_size(session, campaign.id):
        problems.append(Problem("entries", "Upload the list of patients first."))
    if problems:
        raise Invalid(problems[0].message, problems)

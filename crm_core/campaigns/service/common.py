"""What every command on campaigns shares: locking, refusing, who drafted it."""

from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm_core.base.db import refusing_violations
from crm_core.base.errors import Conflict, Forbidden
from crm_core.campaigns.models import Campaign
from crm_core.campaigns.queries import get_campaign
from crm_core.campaigns.schemas import CampaignRead, CampaignStatus
from crm_core.people.schemas import Actor

VALUES = {"synchronize_session": False}


def lock_campaign(
    session: Session, campaign_id: int, *, version: int | None = None
) -> CampaignRead:
    """The campaign, locked until the transaction ends; ``NotFound`` where there is none.

    Args:
        version: of the campaign that the actor looked at, where they say so.

    Raises:
        Conflict: it is another by now, and nobody does anything with what they did not see.
    """
    session.execute(select(Campaign.id).where(Campaign.id == campaign_id).with_for_update())
    campaign = get_campaign(session, campaign_id)
    refuse_unseen(campaign, version)
    return campaign


def refuse_unseen(campaign: CampaignRead, version: int | None) -> None:
    """Raises ``Conflict`` where this is not the version that somebody looked at."""
    if version is not None and version != campaign.version:
        raise Conflict("Somebody changed this campaign since you opened it: look at it again.")


def refuse_transition(campaign: CampaignRead, wanted: CampaignStatus) -> None:
    """Raises ``Conflict`` where the rules do not let the campaign go there from where it is."""
    if not campaign.status.can_become(wanted):
        raise Conflict(
            f"“{campaign.name}” is {_said(campaign.status)}: it cannot be {_said(wanted)}."
        )


def refuse_drafter(session: Session, campaign: CampaignRead, actor: Actor) -> None:
    """Raises ``Forbidden`` where the actor wrote any of the campaign."""
    drafters = session.execute(
        select(Campaign.drafters).where(Campaign.id == campaign.id)
    ).scalar_one()
    if actor.person in drafters:
        raise Forbidden("Who drafted a campaign cannot approve it: ask another approver.")


def change(session: Session, campaign_id: int, **values: Any) -> CampaignRead:
    """Writes the columns; what the database refuses is a refusal in words."""
    with refusing():
        session.execute(
            update(Campaign).where(Campaign.id == campaign_id).values(**values),
            execution_options=VALUES,
        )
    return get_campaign(session, campaign_id)


def refusing() -> AbstractContextManager[None]:
    """What the database's own rules say, in words."""
    return refusing_violations(
        ck_crm_campaigns_four_eyes="Who drafted a campaign cannot approve it.",
        ck_crm_campaigns_approved="This campaign takes somebody else's approval first.",
        campaign_transition="This is not possible in the campaign's present state.",
        campaign_approval="This campaign was approved by somebody already.",
        campaign_drafters="Who wrote a campaign stays its drafter.",
        campaign_fixed="A campaign that was launched is not edited any more.",
        uq_crm_campaign_runs_campaign_id_day="This campaign was launched today already.",
    )


def _said(status: CampaignStatus) -> str:
    return status.value.replace("_", " ")

"""A campaign under way: paused, resumed, cancelled, at its end; and a test to oneself."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.base.errors import Conflict
from crm_core.campaigns.audiences import brief_of
from crm_core.campaigns.previewing import STAND_IN
from crm_core.campaigns.queries import get_campaign, written
from crm_core.campaigns.schemas import CampaignCancellation, CampaignRead, CampaignStatus
from crm_core.campaigns.service import common, counting
from crm_core.messaging.filling import fill
from crm_core.messaging.schemas import (
    Channel,
    CommunicationRead,
    Outgoing,
    Purpose,
    RecipientType,
)
from crm_core.messaging.service import queue_all
from crm_core.messaging.service.audiences import (
    cancel_mailings,
    clear_cancelled,
    hold_mailings,
    release_mailings,
)
from crm_core.people.schemas import Actor, Permission

CANCELLED = "campaign_cancelled"
"""The reason that messages keep which a cancelled campaign did not send."""


def pause_campaign(
    session: Session, campaign_id: int, *, actor: Actor, version: int | None = None
) -> CampaignRead:
    """Holds what was not handed over yet; the batch under way stops after its present chunk."""
    actor.require(Permission.CAMPAIGNS_LAUNCH)
    campaign = common.lock_campaign(session, campaign_id, version=version)
    common.refuse_transition(campaign, CampaignStatus.PAUSED)
    hold_mailings(session, campaign_id)
    return common.change(session, campaign_id, status=CampaignStatus.PAUSED.value)


def resume_campaign(
    session: Session, campaign_id: int, *, actor: Actor, version: int | None = None
) -> CampaignRead:
    """Goes on where it was paused."""
    actor.require(Permission.CAMPAIGNS_LAUNCH)
    campaign = common.lock_campaign(session, campaign_id, version=version)
    common.refuse_transition(campaign, CampaignStatus.ACTIVE)
    if campaign.status is not CampaignStatus.PAUSED:
        common.refuse_transition(campaign, CampaignStatus.COMPLETED)
    release_mailings(session, campaign_id)
    return common.change(session, campaign_id, status=CampaignStatus.ACTIVE.value)


def cancel_campaign(
    session: Session, campaign_id: int, data: CampaignCancellation, *, actor: Actor
) -> CampaignRead:
    """Ends a campaign before its time: what was sent was sent, the rest never is.

    Of many messages the first are written down as skipped at once, the others by a job.
    """
    actor.require(Permission.CAMPAIGNS_LAUNCH)
    campaign = common.lock_campaign(session, campaign_id, version=data.version)
    common.refuse_transition(campaign, CampaignStatus.CANCELLED)
    unwritten = cancel_mailings(session, campaign_id)
    counting.skip_unwritten(session, campaign_id, unwritten, reason=CANCELLED)
    clear_cancelled(session, reason=CANCELLED, campaign_id=campaign_id)
    return common.change(
        session,
        campaign_id,
        status=CampaignStatus.CANCELLED.value,
        status_note=data.reason,
        end_date=utc_now(),
    )


def clear_cancelled_campaigns(session: Session) -> int:
    """Writes down some of what cancelled campaigns never send; gives 0 where nothing is left."""
    return clear_cancelled(session, reason=CANCELLED)


def complete_finished(session: Session) -> int:
    """Completes the campaigns of which nothing is left to send or to see; gives how many."""
    done: Sequence[int] = session.scalars(_COMPLETE, {"now": utc_now()}).all()
    return len(done)


def fold_counts(session: Session) -> None:
    """Adds what the log appended to the sums that campaigns' pages show."""
    session.execute(text("SELECT crm_fold_campaign_counts()"))


def send_test(
    session: Session, campaign_id: int, *, actor: Actor, version: int | None = None
) -> list[CommunicationRead]:
    """Sends the campaign's texts to the actor, with made-up names, on each channel it can.

    Where the actor has no address on a channel, the message says so as one that was skipped.
    """
    actor.require(Permission.CAMPAIGNS_DRAFT)
    campaign = get_campaign(session, campaign_id)
    common.refuse_unseen(campaign, version)
    kind, _, number = actor.person.partition(":")
    if kind != "staff":
        raise Conflict("A test goes to a person: sign in, or use a token of your own.")
    staff_id = int(number)
    brief = brief_of(written(campaign), campaign_id=campaign_id)
    tests = [
        Outgoing(
            recipient_type=RecipientType.STAFF,
            recipient_id=staff_id,
            purpose=Purpose.CUSTOM,
            message_type="campaign_test",
            channel=channel,
            subject=f"Test: {fill(said.subject, STAND_IN)}" if said.subject else None,
            content=fill(said.body, STAND_IN),
            reference_type="campaign",
            reference_id=campaign_id,
        )
        for channel, said in brief.texts.items()
        if channel not in (Channel.PUSH, Channel.CALL)
    ]
    return queue_all(session, tests, actor=actor)


# A campaign that was launched and whose every run is queued, without a message that waits; where it
# has a goal, the days in which people may do it are over.
_COMPLETE = text(
    """
    UPDATE crm_campaigns c SET status = 'completed', end_date = :now
    WHERE c.status = 'active' AND c.type <> 'reminder'
      AND NOT EXISTS (SELECT FROM crm_campaign_runs r
                      WHERE r.campaign_id = c.id AND r.state NOT IN ('done', 'cancelled'))
      AND EXISTS (SELECT FROM crm_campaign_runs r WHERE r.campaign_id = c.id)
      AND (c.goal = 'none' OR NOT EXISTS (SELECT FROM crm_campaign_runs r
               WHERE r.campaign_id = c.id
                 AND r.frozen_at + make_interval(days => c.goal_days) > now()))
      AND NOT EXISTS (SELECT FROM crm_campaign_message_counts m
                      WHERE m.campaign_id = c.id AND m.status IN ('pending', 'deferred')
                        AND m.messages > 0)
    RETURNING c.id
    """
)

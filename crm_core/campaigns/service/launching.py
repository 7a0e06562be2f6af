"""Launching: at once, at a time, or by the day; the work itself is a job of the worker."""

import logging
from datetime import datetime

from sqlalchemy import insert, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from crm_core.base import jobs
from crm_core.base.clock import utc_now
from crm_core.base.errors import Conflict, Invalid, Refusal
from crm_core.campaigns.audiences import brief_of
from crm_core.campaigns.models import Campaign, CampaignRun
from crm_core.campaigns.queries import get_campaign, written
from crm_core.campaigns.schemas import CampaignRead, CampaignStatus, Schedule
from crm_core.campaigns.service import common
from crm_core.campaigns.service.approving import approve_locked, refuse_faults
from crm_core.messaging.models import MessageTemplate
from crm_core.messaging.texts.queries import OF_CAMPAIGNS
from crm_core.people.schemas import Actor, Permission

TASK = "work_on_campaign"
"""The worker's name for freezing an audience and queueing its messages."""

_log = logging.getLogger(__name__)


def launch_campaign(
    session: Session, campaign_id: int, *, actor: Actor, version: int | None = None
) -> CampaignRead:
    """Starts a campaign; the worker freezes its audience and queues its messages.

    Whoever may approve as well launches a draft that others wrote: both at once.
    """
    actor.require(Permission.CAMPAIGNS_LAUNCH)
    campaign = common.lock_campaign(session, campaign_id, version=version)
    unapproved = (CampaignStatus.DRAFT, CampaignStatus.PENDING_APPROVAL)
    if campaign.status in unapproved:
        actor.require(Permission.CAMPAIGNS_APPROVE)
        campaign = approve_locked(session, campaign, actor)
    elif campaign.status not in (CampaignStatus.APPROVED, CampaignStatus.SCHEDULED):
        raise Conflict(f"“{campaign.name}” is {campaign.status}: it was launched or ended before.")
    refuse_faults(session, campaign)
    return _begin(session, campaign, actor.person)


def schedule_campaign(
    session: Session, campaign_id: int, data: Schedule, *, actor: Actor
) -> CampaignRead:
    """Has an approved campaign launched by itself at a time to come."""
    actor.require(Permission.CAMPAIGNS_LAUNCH)
    campaign = common.lock_campaign(session, campaign_id, version=data.version)
    if data.scheduled_date <= utc_now():
        raise Invalid.field("scheduled_date", "Give a time that lies ahead.")
    if campaign.status is not CampaignStatus.SCHEDULED:
        common.refuse_transition(campaign, CampaignStatus.SCHEDULED)
    return common.change(
        session,
        campaign_id,
        status=CampaignStatus.SCHEDULED.value,
        scheduled_date=data.scheduled_date,
    )


def unschedule_campaign(
    session: Session, campaign_id: int, *, actor: Actor, version: int | None = None
) -> CampaignRead:
    """Takes the time back; the campaign stays approved."""
    actor.require(Permission.CAMPAIGNS_LAUNCH)
    campaign = common.lock_campaign(session, campaign_id, version=version)
    if campaign.status is not CampaignStatus.SCHEDULED:
        raise Conflict(f"“{campaign.name}” is {campaign.status}: it has no time to take back.")
    return common.change(
        session, campaign_id, status=CampaignStatus.APPROVED.value, scheduled_date=None
    )


def launch_due(session: Session, *, now: datetime | None = None) -> int:
    """Takes one campaign whose time has come; gives how many that were, 0 or 1.

    One that cannot be launched is taken off the schedule and says why, and stops nobody else's.
    """
    due = session.scalars(
        select(Campaign.id)
        .where(
            Campaign.status == CampaignStatus.SCHEDULED.value,
            Campaign.scheduled_date <= (now or utc_now()),
        )
        .order_by(Campaign.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if due is None:
        return 0
    try:
        with session.begin_nested():
            _begin(session, get_campaign(session, due), "job:launch_due_campaigns")
    except OperationalError:
        raise  # the database is busy or away: the next minute tries again
    except Exception as error:  # noqa: BLE001  (whatever it is, the others go out)
        _log.exception("Campaign %s could not be launched at its time", due)
        _take_off_schedule(session, due, error)
    return 1


def _take_off_schedule(session: Session, campaign_id: int, error: Exception) -> None:
    why = str(error) if isinstance(error, Refusal) else "the log of the worker says why."
    common.change(
        session,
        campaign_id,
        status=CampaignStatus.APPROVED.value,
        status_note=f"It could not be launched at its time: {why}",
        scheduled_date=None,
    )


def open_daily_runs(session: Session) -> int:
    """Begins today's run of every open campaign that has none yet; gives how many."""
    begun = session.execute(_TODAYS_RUNS).all()
    for run in begun:
        _queue_work(session, run.campaign_id, run.id)
    return len(begun)


def take_up_left_runs(session: Session) -> int:
    """Queues the work of runs that have not ended and have no job any more; gives how many.

    A job that fails for good, or is taken out of the queue, so leaves nobody without a message.
    """
    left = session.execute(_LEFT_RUNS, {"task": TASK}).all()
    for run in left:
        _queue_work(session, run.campaign_id, run.id)
    return len(left)


def _begin(session: Session, campaign: CampaignRead, by: str) -> CampaignRead:
    _keep_texts(session, campaign)
    started = common.change(
        session,
        campaign.id,
        status=CampaignStatus.ACTIVE.value,
        status_note=None,
        start_date=utc_now(),
        launched_by=by,
    )
    with common.refusing():
        run_id = session.execute(
            insert(CampaignRun).values(campaign_id=campaign.id).returning(CampaignRun.id)
        ).scalar_one()
    _queue_work(session, campaign.id, run_id)
    return started


def _keep_texts(session: Session, campaign: CampaignRead) -> None:
    """The texts as templates that messages point at; a launched campaign's never change."""
    brief = brief_of(written(campaign), campaign_id=campaign.id)
    rows = [
        {
            "name": template_name(campaign.id),
            "channel": channel.value,
            "purpose": brief.purpose.value,
            "subject": said.subject,
            "body": said.body,
        }
        for channel, said in brief.texts.items()
    ]
    session.execute(insert(MessageTemplate), rows)


def template_name(campaign_id: int) -> str:
    """How the templates of a campaign are called."""
    return f"{OF_CAMPAIGNS}{campaign_id}"


def _queue_work(session: Session, campaign_id: int, run_id: int) -> None:
    """Runs of one campaign come after each other: each leaves out whom those before it chose."""
    jobs.queue(session, TASK, one_at_a_time=f"campaign {campaign_id}", run_id=run_id)


_TODAYS_RUNS = text(
    """
    INSERT INTO crm_campaign_runs (campaign_id)
    SELECT id FROM crm_campaigns WHERE status = 'active' AND type = 'reminder'
    ON CONFLICT (campaign_id, day) DO NOTHING RETURNING id, campaign_id
    """
)
_LEFT_RUNS = text(
    """
    SELECT id, campaign_id FROM crm_campaign_runs
    WHERE state IN ('waiting', 'queueing')
      AND id NOT IN (SELECT (args ->> 'run_id')::bigint FROM procrastinate_jobs
                     WHERE task_name = :task AND status IN ('todo', 'doing'))
    ORDER BY id
    """
)

"""The work of a launch, a step a transaction: freeze the audience, then queue it piece by piece.

The audience is frozen by one statement, so that it is everybody as of one moment. Each piece after
it moves the run's cursor in the transaction that queues its messages: killed at any point, the next
worker goes on behind the last piece, and nobody is queued twice or forgotten.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, literal, literal_column, null, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.campaigns.audiences import Brief, brief_of
from crm_core.campaigns.deciding import decided_table
from crm_core.campaigns.models import (
    Campaign,
    CampaignCountChange,
    CampaignRecipient,
    CampaignRun,
)
from crm_core.campaigns.previewing import deferred_until
from crm_core.campaigns.queries import get_campaign, written
from crm_core.campaigns.schemas import CampaignRead, CampaignStatus, Fate, RunState
from crm_core.campaigns.service.launching import template_name
from crm_core.messaging.models import MessageTemplate
from crm_core.messaging.schemas import Channel, MessageStatus
from crm_core.messaging.service.audiences import Mailing, queue_mailing
from crm_core.people.schemas import Actor, Permission

PIECE = 25_000
"""People whose messages are queued in one transaction."""


@dataclass(frozen=True)
class _Run:
    """A run whose row is locked, with the campaign as it is now."""

    id: int
    state: RunState
    cursor_id: int
    campaign: CampaignRead
    brief: Brief
    waits_until: datetime | None
    """The end of the quiet hours that it is in."""


def work_on_run(session: Session, run_id: int, *, actor: Actor) -> int:
    """The next step of a run; gives 1 while there is more to do, and 0 at its end.

    Another worker at the same run waits for this step and does the next one.
    """
    actor.require(Permission.JOBS_RUN)
    session.execute(text("SET LOCAL statement_timeout = '15min'"))
    session.execute(text("SET LOCAL work_mem = '128MB'"))
    run = _locked(session, run_id)
    if run is None:
        return 0
    if run.campaign.status is CampaignStatus.CANCELLED:
        return _end(session, run_id, RunState.CANCELLED)
    if run.state is RunState.WAITING:
        return _freeze(session, run)
    return _queue_piece(session, run)


def _locked(session: Session, run_id: int) -> _Run | None:
    """The run, unless it has ended."""
    found = session.execute(
        select(CampaignRun.state, CampaignRun.cursor_id, CampaignRun.campaign_id, CampaignRun.day)
        .where(CampaignRun.id == run_id)
        .with_for_update()
    ).one_or_none()
    if found is None or RunState(found.state) in (RunState.DONE, RunState.CANCELLED):
        return None
    state = RunState(found.state)
    if state is RunState.WAITING:
        # An open campaign leaves out whom its other runs chose: they must be there to be seen.
        session.execute(_ONE_FREEZE_AT_A_TIME, {"campaign_id": found.campaign_id})
    if state is RunState.QUEUEING:
        # Who pauses or cancels waits for this piece, and this piece sees who was first.
        session.execute(
            select(Campaign.id).where(Campaign.id == found.campaign_id).with_for_update(read=True)
        )
    campaign = get_campaign(session, found.campaign_id)
    brief = brief_of(written(campaign), campaign_id=campaign.id, today=found.day)
    waits = deferred_until(session, brief.purpose, utc_now())
    return _Run(run_id, state, found.cursor_id, campaign, brief, waits)


def _freeze(session: Session, run: _Run) -> int:
    """Decides about everybody in the audience and keeps it, in one statement."""
    people = decided_table(run.brief)
    channels = [channel.value for channel in run.brief.campaign.channels]
    decided = select(
        literal(run.id), people.c.person_id, people.c.outcome, *(people.c[c] for c in channels)
    )
    session.execute(
        insert(CampaignRecipient).from_select(
            ["run_id", "person_id", "outcome", *channels], decided
        )
    )
    tally = _tally(session, run.id)
    _change_run(session, run.id, state=RunState.QUEUEING.value, frozen_at=utc_now(), **tally)
    return 1


def _tally(session: Session, run_id: int) -> dict[str, Any]:
    """How many people had which outcome: kept with the run, which never changes again."""
    outcome = CampaignRecipient.c.outcome
    counted = session.execute(
        select(outcome, func.count()).where(CampaignRecipient.c.run_id == run_id).group_by(outcome)
    )
    outcomes = {str(row[0]): int(row[1]) for row in counted}
    return {
        "people": sum(outcomes.values()),
        "chosen": outcomes.get(Fate.QUEUED.value, 0),
        "control": outcomes.get(Fate.CONTROL.value, 0),
        "outcomes": outcomes,
    }


def _queue_piece(session: Session, run: _Run) -> int:
    until = _end_of_piece(session, run)
    if until is None:
        return _end(session, run.id, RunState.DONE)
    templates = _templates(session, run.campaign.id)
    queued = {
        channel: queue_mailing(
            session,
            _mailing(run, channel, templates[channel]),
            _people(run, channel, until),
        )
        for channel in run.brief.campaign.channels
    }
    _count(session, run, queued)
    added = CampaignRun.messages + sum(queued.values())
    _change_run(session, run.id, cursor_id=until, messages=added)
    return 1


def _end_of_piece(session: Session, run: _Run) -> int | None:
    """The last person of the next piece; None where nobody is left."""
    taken = CampaignRecipient.c
    piece = (
        select(taken.person_id)
        .where(taken.run_id == run.id, taken.person_id > run.cursor_id)
        .order_by(taken.person_id)
        .limit(PIECE)
        .subquery()
    )
    last: int | None = session.execute(select(func.max(piece.c.person_id))).scalar_one()
    return last


def _people(run: _Run, channel: Channel, until: int) -> Any:
    taken = CampaignRecipient.c
    fields: Any = _APPOINTMENT if run.brief.speaks_of_appointment else null()
    return select(taken.person_id, fields.cast(JSONB).label("fields")).where(
        taken.run_id == run.id,
        taken.person_id > run.cursor_id,
        taken.person_id <= until,
        taken[channel.value] == Fate.QUEUED.value,
    )


def _mailing(run: _Run, channel: Channel, template_id: int) -> Mailing:
    return Mailing(
        campaign_id=run.campaign.id,
        recipient_type=run.brief.recipient_type,
        channel=channel,
        purpose=run.brief.purpose,
        template_id=template_id,
        due_at=run.waits_until,
        paused=run.campaign.status is CampaignStatus.PAUSED,
    )


def _templates(session: Session, campaign_id: int) -> Mapping[Channel, int]:
    found = session.execute(
        select(MessageTemplate.channel, MessageTemplate.id).where(
            MessageTemplate.name == template_name(campaign_id), MessageTemplate.current
        )
    )
    return {Channel(row.channel): row.id for row in found}


def _count(session: Session, run: _Run, queued: Mapping[Channel, int]) -> None:
    """Tells the campaign's figures what was queued; the log itself tells what becomes of it."""
    status = MessageStatus.DEFERRED if run.waits_until else MessageStatus.PENDING
    rows = [
        {
            "campaign_id": run.campaign.id,
            "channel": channel.value,
            "status": status.value,
            "reason": "",
            "messages": messages,
            "parts": 0,
            "cost": 0,
        }
        for channel, messages in queued.items()
        if messages
    ]
    if rows:
        session.execute(insert(CampaignCountChange), rows)


def _end(session: Session, run_id: int, state: RunState) -> int:
    _change_run(session, run_id, state=state.value, finished_at=utc_now())
    return 0


def _change_run(session: Session, run_id: int, **values: Any) -> None:
    session.execute(
        update(CampaignRun).where(CampaignRun.id == run_id).values(**values),
        execution_options={"synchronize_session": False},
    )


_ONE_FREEZE_AT_A_TIME = text(
    "SELECT pg_advisory_xact_lock(hashint8extended(:campaign_id, 4242011))"
)
_APPOINTMENT: Any = literal_column(
    """
    (SELECT jsonb_build_object(
         'date', to_char(a.starts_at AT TIME ZONE 'Africa/Lagos', 'FMDD FMMonth YYYY'),
         'time', to_char(a.starts_at AT TIME ZONE 'Africa/Lagos', 'HH24:MI'))
     FROM crm_appointments a
     WHERE a.patient_id = crm_campaign_recipients.person_id AND a.starts_at > now()
       AND a.status IN ('scheduled', 'confirmed')
     ORDER BY a.starts_at LIMIT 1)
    """
)

"""The work of a launch: freeze the audience, and queue it in batches of people.

The audience is frozen by one statement, so that it is everybody as of one moment. In the same
transaction it is cut into batches, a row for some hundreds of people on a channel; whichever worker
takes one writes the messages to them. Killed before the end, nothing has happened and the next
worker does it all; two workers at one run take turns at its row, and the second finds it done.
"""

from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    CursorResult,
    Integer,
    Subquery,
    bindparam,
    column,
    func,
    insert,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.campaigns.audiences import Brief, brief_of
from crm_core.campaigns.deciding import decided_table
from crm_core.campaigns.models import Campaign, CampaignRecipient, CampaignRun
from crm_core.campaigns.previewing import deferred_until
from crm_core.campaigns.queries import get_campaign, written
from crm_core.campaigns.schemas import CampaignStatus, Fate, RunState
from crm_core.campaigns.service import counting
from crm_core.messaging.models import CHANNEL
from crm_core.messaging.schemas import MessageStatus
from crm_core.messaging.service.audiences import Mailing, queue_mailing
from crm_core.messaging.service.queueing import BATCH
from crm_core.people.schemas import Actor, Permission

NEIGHBOURS = 128
"""People whose numbers lie so close are in one batch: a batch may have so many more messages."""


@dataclass(frozen=True)
class _Run:
    """A run whose row is locked, with the campaign as it is now."""

    id: int
    state: RunState
    cursor_id: int
    campaign_id: int
    status: CampaignStatus
    brief: Brief


def work_on_run(session: Session, run_id: int, *, actor: Actor) -> None:
    """Does the work of a run.

    Another worker at the same run waits for this one and has nothing to do.
    """
    actor.require(Permission.JOBS_RUN)
    session.execute(text("SET LOCAL statement_timeout = '15min'"))
    session.execute(text("SET LOCAL work_mem = '128MB'"))
    run = _locked(session, run_id)
    if run is None:
        return
    if run.status is CampaignStatus.CANCELLED:
        _end(session, run_id, RunState.CANCELLED)
        return
    if run.state is RunState.WAITING:
        _freeze(session, run)
    _queue(session, run)


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
    campaign = get_campaign(session, found.campaign_id)
    brief = brief_of(written(campaign), campaign_id=campaign.id, today=found.day)
    return _Run(run_id, state, found.cursor_id, campaign.id, campaign.status, brief)


def _freeze(session: Session, run: _Run) -> None:
    """Decides about everybody in the audience and keeps it, in one statement."""
    people = decided_table(run.brief)
    channels = [channel.value for channel in run.brief.campaign.channels]
    decided = select(
        literal(run.id), people.c.person_id, people.c.outcome, *(people.c[c] for c in channels)
    )
    frozen = session.execute(
        insert(CampaignRecipient).from_select(
            ["run_id", "person_id", "outcome", *channels], decided
        ),
        execution_options={"preserve_rowcount": True},
    )
    count = cast("CursorResult[Any]", frozen).rowcount
    _change_run(session, run.id, frozen_at=utc_now(), **_tally(session, run.id, count))


def _tally(session: Session, run_id: int, people: int) -> dict[str, Any]:
    """How many people had which outcome: kept with the run, which never changes again.

    Those left out are counted, whom an index holds; the others are the rest of the people.
    """
    outcome = CampaignRecipient.c.outcome
    counted = session.execute(
        select(outcome, func.count())
        .where(CampaignRecipient.c.run_id == run_id, outcome != Fate.QUEUED.value)
        .group_by(outcome)
    )
    outcomes = {str(row[0]): int(row[1]) for row in counted}
    chosen = people - sum(outcomes.values())
    if chosen:
        outcomes[Fate.QUEUED.value] = chosen
    return {
        "people": people,
        "chosen": chosen,
        "control": outcomes.get(Fate.CONTROL.value, 0),
        "outcomes": outcomes,
    }


def _queue(session: Session, run: _Run) -> None:
    # Who pauses or cancels waits for this, and this sees who was first.
    status = session.execute(
        select(Campaign.status).where(Campaign.id == run.campaign_id).with_for_update(read=True)
    ).scalar_one()
    if status == CampaignStatus.CANCELLED.value:
        _end(session, run.id, RunState.CANCELLED)
        return
    waits = deferred_until(session, run.brief.purpose, utc_now())
    paused = status == CampaignStatus.PAUSED.value
    mailing = Mailing(run.campaign_id, run.id, run.brief.purpose, waits, paused)
    queued = queue_mailing(session, mailing, _parts(run))
    waiting = MessageStatus.DEFERRED if waits else MessageStatus.PENDING
    counting.add_lines(
        session,
        run.campaign_id,
        [(channel, waiting, "", messages) for channel, messages in queued.items()],
    )
    _end(session, run.id, RunState.DONE, messages=CampaignRun.messages + sum(queued.values()))


def _parts(run: _Run) -> Subquery:
    """Ranges of people with some hundreds of messages each; of words of our own alone.

    Neighbours are counted first, so that what has to be added up in order is not the people.
    """
    channels = [channel.value for channel in run.brief.campaign.channels]
    counts = ", ".join(f"count(*) FILTER (WHERE {c} = 'queued') AS {c}" for c in channels)
    each = ", ".join(f"('{c}'::crm_channel, {c})" for c in channels)
    statement = text(_PARTS.format(counts=counts, each=each)).bindparams(
        bindparam("run_id", run.id, BigInteger),
        bindparam("after", run.cursor_id, BigInteger),
        bindparam("neighbours", NEIGHBOURS, Integer),
        bindparam("batch", BATCH, Integer),
    )
    return statement.columns(
        column("channel", CHANNEL),
        column("first_person", BigInteger),
        column("last_person", BigInteger),
        column("size", Integer),
    ).subquery("parts")


def _end(session: Session, run_id: int, state: RunState, **values: Any) -> None:
    _change_run(session, run_id, state=state.value, finished_at=utc_now(), **values)


def _change_run(session: Session, run_id: int, **values: Any) -> None:
    session.execute(
        update(CampaignRun).where(CampaignRun.id == run_id).values(**values),
        execution_options={"synchronize_session": False},
    )


_ONE_FREEZE_AT_A_TIME = text(
    "SELECT pg_advisory_xact_lock(hashint8extended(:campaign_id, 4242011))"
)
# A run of before batches were of people may have a part of its people queued already.
_PARTS = """
    WITH neighbours AS MATERIALIZED (
        SELECT person_id / :neighbours AS place, min(person_id) AS first, max(person_id) AS last,
               {counts}
        FROM crm_campaign_recipients WHERE run_id = :run_id AND person_id > :after GROUP BY 1
    ), summed AS (
        SELECT c.channel, n.first, n.last, c.messages,
               sum(c.messages) OVER (PARTITION BY c.channel ORDER BY n.place) AS so_far
        FROM neighbours n CROSS JOIN LATERAL (VALUES {each}) AS c (channel, messages)
        WHERE c.messages > 0
    )
    SELECT channel, min(first) AS first_person, max(last) AS last_person,
           sum(messages)::integer AS size
    FROM summed GROUP BY channel, div(so_far - messages, :batch)
"""

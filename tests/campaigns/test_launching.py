"""A launch: the audience is frozen once, and each person and channel is queued once."""

from collections.abc import Callable

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.db import SessionFactory
from crm_core.base.errors import Conflict
from crm_core.campaigns import service
from crm_core.campaigns.schemas import CampaignRead
from crm_core.campaigns.service import running
from tests.make_campaigns import (
    LAUNCHER,
    WORKER,
    make_approved,
    make_launched,
    open_runs,
    run_of,
    work,
)
from tests.make_patients import make_patient
from tests.observe import executed, refused_by, sql
from tests.together import kinds, together

BOTH_CHANNELS = {"channels": ["sms", "email"]}


def make_crowd(session: Session, people: int) -> None:
    """Patients with an email address each, made in one statement."""
    make_patient(session)
    session.execute(
        text(
            "INSERT INTO crm_patients (first_name, last_name, phone, email, date_of_birth, gender,"
            " address, city, state, communication_preferences) SELECT 'Ada', 'Obi ' || n,"
            " '+234803' || lpad((5000000 + n + m)::text, 7, '0'),"
            " 'crowd' || n + m || '@example.ng',"
            " '1990-01-01', 'female', 'x', 'x', 'Lagos', '{\"sms\": true, \"email\": true}'"
            " FROM generate_series(1, :people - 1) n,"
            " (SELECT max(id) AS m FROM crm_patients) AS last"
        ),
        {"people": people},
    )


def messages_of(session: Session, campaign: CampaignRead) -> list[tuple[int, str, str]]:
    """(person, channel, status) of every message of the campaign."""
    found = sql(
        session,
        "SELECT recipient_id, channel, status FROM crm_communication_logs WHERE campaign_id = :id"
        " ORDER BY 1, 2",
        id=campaign.id,
    )
    return [tuple(row) for row in found]


def once_each(session: Session, campaign: CampaignRead, people: int) -> bool:
    """Every person but the first, who has no email address, has one message a channel."""
    pairs = [(person, channel) for person, channel, _ in messages_of(session, campaign)]
    return len(pairs) == len(set(pairs)) == 2 * people - 1


def test_everybody_gets_one_message_a_channel(session: Session) -> None:
    make_crowd(session, 30)

    campaign = make_launched(session, **BOTH_CHANNELS)

    assert once_each(session, campaign, 30)
    run = run_of(session, campaign.id)
    assert (run.people, run.chosen, run.messages, run.state) == (30, 30, 59, "done")


def test_messages_lie_in_batches_that_know_their_range(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm_core.messaging.service.audiences.BATCH", 7)
    make_crowd(session, 30)

    campaign = make_launched(session, **BOTH_CHANNELS)

    batches = sql(
        session,
        "SELECT b.size, b.last_id - b.first_id + 1 AS span, b.cursor_id - b.first_id AS before,"
        " b.channel, count(l.id) AS rows, min(l.id) - b.first_id AS low,"
        " max(l.id) - b.last_id AS high"
        " FROM crm_message_batches b JOIN crm_communication_logs l ON l.batch_id = b.id"
        "     AND l.channel = b.channel AND l.campaign_id = b.campaign_id"
        " WHERE b.campaign_id = :id GROUP BY b.id",
        id=campaign.id,
    ).all()
    assert sorted(b.size for b in batches if b.channel == "sms") == [2, 7, 7, 7, 7]
    for batch in batches:
        assert batch.size == batch.span == batch.rows
        assert (batch.before, batch.low, batch.high) == (-1, 0, 0)


def test_launching_twice_is_refused(session: Session) -> None:
    campaign = make_launched(session)

    with pytest.raises(Conflict, match="launched or ended"):
        service.launch_campaign(session, campaign.id, actor=LAUNCHER)


def test_a_launch_only_queues_a_job_in_its_own_transaction(session: Session) -> None:
    make_crowd(session, 30)
    campaign = make_approved(session)

    with executed(session) as seen:
        service.launch_campaign(session, campaign.id, actor=LAUNCHER)

    assert not any("crm_communication_logs" in one.statement for one in seen)
    job = sql(session, "SELECT task_name, args FROM procrastinate_jobs").one()
    assert (job.task_name, job.args) == (
        "work_on_campaign",
        {"run_id": run_of(session, campaign.id).id},
    )


def test_a_launch_takes_as_many_statements_for_many_as_for_few(session: Session) -> None:
    counts = []
    for people in (5, 200):
        make_crowd(session, people)
        campaign = make_approved(session)
        service.launch_campaign(session, campaign.id, actor=LAUNCHER)
        with executed(session) as seen:
            work(session, campaign.id)
        counts.append(len(seen))

    assert counts[0] == counts[1]


def test_work_goes_on_behind_the_last_piece(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "PIECE", 7)
    make_crowd(session, 30)
    campaign = make_approved(session, **BOTH_CHANNELS)
    service.launch_campaign(session, campaign.id, actor=LAUNCHER)
    run_id = run_of(session, campaign.id).id
    steps = 0
    while service.work_on_run(session, run_id, actor=WORKER):
        steps += 1

    assert steps == 6  # the freeze, and five pieces
    assert once_each(session, campaign, 30)
    assert service.work_on_run(session, run_id, actor=WORKER) == 0


def test_who_comes_after_the_freeze_is_not_in_it(session: Session) -> None:
    make_crowd(session, 5)
    campaign = make_approved(session)
    service.launch_campaign(session, campaign.id, actor=LAUNCHER)
    run_id = run_of(session, campaign.id).id
    service.work_on_run(session, run_id, actor=WORKER)

    latecomer = make_patient(session)
    work(session, campaign.id)

    assert latecomer.id not in {person for person, _, _ in messages_of(session, campaign)}


def test_a_patient_is_in_an_audience_once_whoever_inserts(session: Session) -> None:
    run_id = run_of(session, make_launched(session).id).id
    add = (
        "INSERT INTO crm_campaign_recipients (run_id, person_id, outcome) VALUES (:r, 77, 'queued')"
    )

    sql(session, add, r=run_id)
    with refused_by(session, "pk_crm_campaign_recipients"):
        sql(session, add, r=run_id)


@pytest.fixture
def launched(own_database: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[], CampaignRead]:
    """Launches to forty people in a database that really commits; pieces of five."""
    monkeypatch.setattr(running, "PIECE", 5)

    def launch() -> CampaignRead:
        with SessionFactory.begin() as session:
            make_crowd(session, 40)
            campaign = make_approved(session, **BOTH_CHANNELS)
            return service.launch_campaign(session, campaign.id, actor=LAUNCHER)

    return launch


def _work_to_the_end(run_id: int) -> int:
    left, steps = 1, 0
    while left:
        with SessionFactory.begin() as session:
            left = service.work_on_run(session, run_id, actor=WORKER)
        steps += 1
    return steps


def test_workers_at_the_same_run_queue_nobody_twice(
    launched: Callable[[], CampaignRead],
) -> None:
    campaign = launched()
    with SessionFactory() as session:
        (run_id,) = open_runs(session, campaign.id)

    together([lambda: _work_to_the_end(run_id)] * 4)

    with SessionFactory() as session:
        assert once_each(session, campaign, 40)
        assert run_of(session, campaign.id).messages == 79


def test_launching_at_the_same_moment_launches_once(own_database: str) -> None:
    with SessionFactory.begin() as session:
        make_crowd(session, 3)
        campaign = make_approved(session)

    def launch() -> CampaignRead:
        with SessionFactory.begin() as session:
            return service.launch_campaign(session, campaign.id, actor=LAUNCHER)

    outcomes = together([launch] * 4)

    assert kinds(outcomes) == ["CampaignRead", "Conflict", "Conflict", "Conflict"]
    with SessionFactory() as session:
        assert len(open_runs(session, campaign.id)) == 1


def test_a_worker_killed_anywhere_leaves_nobody_out_and_nobody_twice(
    launched: Callable[[], CampaignRead], own_database: str
) -> None:
    campaign = launched()
    with SessionFactory() as session:
        (run_id,) = open_runs(session, campaign.id)

    standings, left = [_standing(run_id)], 1
    while left:
        _die_in_the_middle(run_id, own_database)
        assert _standing(run_id) == standings[-1]
        with SessionFactory.begin() as session:
            left = service.work_on_run(session, run_id, actor=WORKER)
        standings.append(_standing(run_id))

    # Frozen, then eight pieces of five, then the end: a step each, and none of them for nothing.
    assert len(standings) == len(set(standings)) == 11
    with SessionFactory() as session:
        assert once_each(session, campaign, 40)


def _standing(run_id: int) -> tuple[object, ...]:
    """How far a run is, and how much of it is really there."""
    with SessionFactory() as session:
        found = sql(
            session,
            "SELECT state, cursor_id, messages,"
            " (SELECT count(*) FROM crm_campaign_recipients WHERE run_id = r.id),"
            " (SELECT count(*) FROM crm_communication_logs WHERE campaign_id = r.campaign_id)"
            " FROM crm_campaign_runs r WHERE id = :id",
            id=run_id,
        )
        return tuple(found.one())


def _die_in_the_middle(run_id: int, address: str) -> None:
    """The step is done and its connection is cut before it commits."""
    with pytest.raises(Exception, match=r"terminat|closed"), SessionFactory() as session:
        service.work_on_run(session, run_id, actor=WORKER)
        backend = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with psycopg.connect(address, autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])
        session.commit()

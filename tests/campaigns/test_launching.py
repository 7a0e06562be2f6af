"""A launch: the audience is frozen once, and each person and channel is queued once."""

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm_core.base.db import SessionFactory
from crm_core.base.errors import Conflict
from crm_core.campaigns import service
from crm_core.campaigns.invariants import invariants
from crm_core.campaigns.people import list_recipients
from crm_core.campaigns.schemas import CampaignRead, RecipientFilter
from crm_core.campaigns.service import running
from crm_core.messaging.schemas import Channel, MessageStatus
from tests.make_campaigns import (
    DRAFTER,
    LAUNCHER,
    WORKER,
    make_approved,
    make_launched,
    make_queued,
    open_runs,
    run_of,
    work,
    write_all,
)
from tests.make_patients import make_patient
from tests.messaging.dispatch.providers import Scripted
from tests.messaging.dispatch.working import send_all
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
    small_batches(monkeypatch)
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


def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven messages a batch, whatever the numbers of the people are."""
    monkeypatch.setattr(running, "BATCH", 7)
    monkeypatch.setattr(running, "NEIGHBOURS", 1)


def test_a_launch_writes_batches_of_people_and_no_message(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_batches(monkeypatch)
    make_crowd(session, 30)

    campaign = make_queued(session, **BOTH_CHANNELS)

    assert messages_of(session, campaign) == []
    batches = sql(
        session,
        "SELECT channel, size, first_person, last_person, state FROM crm_message_batches"
        " WHERE campaign_id = :id ORDER BY channel, first_person",
        id=campaign.id,
    ).all()
    assert [(b.channel, b.size) for b in batches] == [
        (channel, size)
        for channel, sizes in (("sms", (7, 7, 7, 7, 2)), ("email", (7, 7, 7, 7, 1)))
        for size in sizes
    ]
    for one, after in pairwise(batches):
        assert one.channel != after.channel or one.last_person < after.first_person
    assert list(invariants(session)) == []


def test_neighbours_are_in_one_batch_and_whoever_is_far_off_in_one_too(session: Session) -> None:
    make_crowd(session, 3)
    sql(session, "SET LOCAL ROLE NONE")
    sql(session, "SELECT setval('crm_patients_id_seq', 5000000)")
    sql(session, "SET LOCAL ROLE crm_app")
    make_crowd(session, 3)

    campaign = make_queued(session, **BOTH_CHANNELS)

    found = sql(session, "SELECT channel, size FROM crm_message_batches ORDER BY channel, id")
    assert [tuple(row) for row in found] == [("sms", 6), ("email", 4)]
    assert run_of(session, campaign.id).messages == 10


def test_each_person_sees_how_their_message_waits_before_it_is_written(session: Session) -> None:
    make_crowd(session, 3)
    campaign = make_queued(session, **BOTH_CHANNELS)

    def channels() -> list[list[tuple[str, MessageStatus | None, str | None, bool]]]:
        found = list_recipients(session, campaign.id, RecipientFilter(), actor=DRAFTER)
        return [
            [
                (channel.value, one.status, one.reason, one.message_id is not None)
                for channel, one in sorted(row.channels.items())
            ]
            for row in found.page(session).rows
        ]

    waits = ("sms", MessageStatus.PENDING, None, False)
    assert channels()[0] == [("email", MessageStatus.PENDING, None, False), waits]
    assert channels()[2] == [("email", None, None, False), waits]  # has no address
    write_all(session, campaign.id)
    assert channels()[0][1] == ("sms", MessageStatus.PENDING, None, True)


def test_a_run_is_cut_into_batches_once_whoever_does_it(session: Session) -> None:
    make_crowd(session, 3)
    campaign = make_queued(session)
    run = run_of(session, campaign.id)
    sql(session, "UPDATE crm_campaign_runs SET state = 'queueing' WHERE id = :i", i=run.id)
    session.expire_all()

    with pytest.raises(IntegrityError, match="uq_crm_message_batches_people"):
        service.work_on_run(session, run.id, actor=WORKER)


def test_a_run_of_which_a_part_was_queued_before_is_queued_from_there(session: Session) -> None:
    make_crowd(session, 10)
    campaign = make_approved(session)
    service.launch_campaign(session, campaign.id, actor=LAUNCHER)
    run_id = run_of(session, campaign.id).id
    fourth = sql(session, "SELECT id FROM crm_patients ORDER BY id OFFSET 3 LIMIT 1").scalar_one()
    sql(
        session,
        "INSERT INTO crm_campaign_recipients (run_id, person_id, outcome, sms)"
        " SELECT :r, id, 'queued', 'queued' FROM crm_patients",
        r=run_id,
    )
    sql(
        session,
        "UPDATE crm_campaign_runs SET state = 'queueing', cursor_id = :c, people = 10, chosen = 10,"
        " messages = 4, frozen_at = now() WHERE id = :r",
        c=fourth,
        r=run_id,
    )
    session.expire_all()

    work(session, campaign.id)

    assert len(messages_of(session, campaign)) == 6
    session.expire_all()
    run = run_of(session, campaign.id)
    assert (run.state, run.people, run.messages) == ("done", 10, 10)


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


def test_work_on_what_is_done_does_nothing(session: Session) -> None:
    make_crowd(session, 5)
    campaign = make_launched(session, **BOTH_CHANNELS)

    service.work_on_run(session, run_of(session, campaign.id).id, actor=WORKER)

    assert once_each(session, campaign, 5)
    assert run_of(session, campaign.id).messages == 9


def test_who_comes_after_the_freeze_is_not_in_it(session: Session) -> None:
    make_crowd(session, 5)
    campaign = make_approved(session)
    service.launch_campaign(session, campaign.id, actor=LAUNCHER)
    run_id = run_of(session, campaign.id).id
    service.work_on_run(session, run_id, actor=WORKER)

    latecomer = make_patient(session)
    write_all(session, campaign.id)

    assert len(messages_of(session, campaign)) == 5
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
    """Launches to forty people in a database that really commits; batches of seven."""
    small_batches(monkeypatch)

    def launch() -> CampaignRead:
        with SessionFactory.begin() as session:
            make_crowd(session, 40)
            campaign = make_approved(session, **BOTH_CHANNELS)
            return service.launch_campaign(session, campaign.id, actor=LAUNCHER)

    return launch


def _work(run_id: int) -> None:
    with SessionFactory.begin() as session:
        service.work_on_run(session, run_id, actor=WORKER)


def test_workers_at_the_same_run_queue_nobody_twice(
    launched: Callable[[], CampaignRead],
) -> None:
    campaign = launched()
    with SessionFactory() as session:
        (run_id,) = open_runs(session, campaign.id)

    together([lambda: _work(run_id)] * 4)

    with SessionFactory.begin() as session:
        write_all(session, campaign.id)
        assert once_each(session, campaign, 40)
        assert run_of(session, campaign.id).messages == 79


def test_workers_at_the_same_channel_write_each_batch_once(
    launched: Callable[[], CampaignRead],
) -> None:
    campaign = launched()
    with SessionFactory() as session:
        (run_id,) = open_runs(session, campaign.id)
    _work(run_id)
    gateways = [Scripted(channel=c) for c in (Channel.SMS, Channel.EMAIL) for _ in range(3)]

    outcomes = together([partial(send_all, gateway) for gateway in gateways])

    assert sum(batches for batches in outcomes if isinstance(batches, int)) == 12
    with SessionFactory() as session:
        assert once_each(session, campaign, 40)
        assert {status for _, _, status in messages_of(session, campaign)} == {"sent"}
    letters = [letter.id for gateway in gateways for letter in gateway.letters]
    assert len(letters) == len(set(letters)) == 79


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


def test_a_worker_killed_at_any_step_leaves_nobody_out_and_nobody_twice(
    launched: Callable[[], CampaignRead], own_database: str
) -> None:
    campaign = launched()
    with SessionFactory() as session:
        (run_id,) = open_runs(session, campaign.id)

    before = _standing(run_id)
    _die_before_the_commit(own_database, lambda session: _step(session, run_id))
    assert _standing(run_id) == before == ("waiting", 0, 0, 0)
    _work(run_id)
    assert _standing(run_id) == ("done", 79, 40, 0)
    with SessionFactory() as session:
        batches = sql(session, "SELECT batch_id FROM crm_unwritten_messages").scalars().all()
    assert len(batches) == 12
    for batch_id in batches[:3]:
        _die_before_the_commit(own_database, partial(service.write_batch, batch_id=batch_id))
        assert _standing(run_id) == ("done", 79, 40, 0)
    send_all(Scripted())
    send_all(Scripted(channel=Channel.EMAIL))

    with SessionFactory() as session:
        assert once_each(session, campaign, 40)


def _standing(run_id: int) -> tuple[object, ...]:
    """How far a run is, and how much of it is really there."""
    with SessionFactory() as session:
        found = sql(
            session,
            "SELECT state, messages,"
            " (SELECT count(*) FROM crm_campaign_recipients WHERE run_id = r.id),"
            " (SELECT count(*) FROM crm_communication_logs WHERE campaign_id = r.campaign_id)"
            " FROM crm_campaign_runs r WHERE id = :id",
            id=run_id,
        )
        return tuple(found.one())


def _step(session: Session, run_id: int) -> None:
    service.work_on_run(session, run_id, actor=WORKER)


def _die_before_the_commit(address: str, act: Callable[[Session], None]) -> None:
    """It is done and its connection is cut before it commits."""
    with pytest.raises(Exception, match=r"terminat|closed"), SessionFactory() as session:
        act(session)
        backend = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with psycopg.connect(address, autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])
        session.commit()

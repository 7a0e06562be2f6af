"""The worker: signs of life, sealing, nightly jobs done once, and jobs that survive a crash."""

import asyncio
import io
import signal
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from procrastinate import PsycopgConnector
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from crm_core.base import beats
from crm_core.base.clock import utc_now
from crm_core.base.db import CONNECTION, reading, transaction
from crm_core.base.models import IdempotencyKey
from crm_core.loyalty import importing
from crm_core.loyalty.importing import carrying
from crm_core.people import service as people
from crm_core.people.models import SignInLink, StaffSession
from crm_core.people.schemas import Role
from crm_core.people.service.forgetting import KEPT
from crm_core.worker import housekeeping, jobs
from tests.conftest import KEYS
from tests.make import make_staff
from tests.make_imports import file_of, line
from tests.make_messages import make_message
from tests.make_patients import DESK, make_patient
from tests.processes import Running, eventually, running


def start(url: str, folder: Path) -> AbstractContextManager[Running]:
    """A worker process on this database."""
    environment: Mapping[str, str] = {"DATABASE_URL": url, **KEYS}
    return running(["-m", "crm_core", "work"], folder, environment)


def ask(url: str, question: str) -> object:
    """The single value of a query, read by a connection of its own."""
    with psycopg.connect(url) as connection:
        row = connection.execute(question.encode()).fetchone()
        return row[0] if row else None


def test_a_worker_is_seen_while_it_runs_and_not_after_it_stopped(
    own_database: str, tmp_path: Path
) -> None:
    with start(own_database, tmp_path) as process:
        eventually(lambda: ask(own_database, "SELECT count(*) FROM crm_worker_beats"))
        with reading() as session:
            assert beats.is_alive(session)
        assert process.stop(signal.SIGTERM) == 0
    assert ask(own_database, "SELECT count(*) FROM crm_worker_beats") == 0
    assert "Traceback" not in process.said


def test_it_seals_the_history_and_logs_the_head(own_database: str, tmp_path: Path) -> None:
    with transaction(who="staff:1") as session:
        make_staff(session, Role.VIEWER)
    with start(own_database, tmp_path) as process:
        process.wait_until_it_says("History sealed")
    head = ask(own_database, "SELECT encode(hash, 'hex') FROM crm_history_seals")
    assert f"head {head}" in process.said


def test_two_workers_do_a_nightly_job_once(own_database: str, tmp_path: Path) -> None:
    with transaction(who="token:1") as session:
        session.add(
            IdempotencyKey(
                who="token:1",
                key="old",
                request_hash=b"",
                created_at=utc_now() - timedelta(days=2),
            )
        )
    done = (
        "SELECT count(*) FROM procrastinate_jobs WHERE status = 'succeeded'"
        " AND task_name IN ('forget_what_ended', 'forget_finished_jobs')"
    )
    with start(own_database, tmp_path), start(own_database, tmp_path):
        eventually(lambda: ask(own_database, "SELECT count(*) FROM crm_worker_beats") == 2)
        eventually(lambda: ask(own_database, done) == 2)
    assert ask(own_database, "SELECT count(*) FROM crm_idempotency_keys") == 0
    assert ask(own_database, "SELECT count(*) FROM procrastinate_jobs WHERE attempts > 1") == 0


def test_it_sends_what_is_in_the_outbox(own_database: str, tmp_path: Path) -> None:
    with transaction(who="staff:1") as session:
        message = make_message(session, make_patient(session).id)
    with start(own_database, tmp_path) as process:
        sent = f"SELECT sent_at IS NOT NULL FROM crm_communication_logs WHERE id = {message.id}"
        eventually(lambda: ask(own_database, sent))
        assert process.stop(signal.SIGTERM) == 0
    provider = f"SELECT provider FROM crm_communication_logs WHERE id = {message.id}"
    assert ask(own_database, provider) == "sandbox"


def test_what_a_killed_worker_left_is_queued_again(own_database: str) -> None:
    with psycopg.connect(own_database) as connection:
        connection.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour')"
        )
        connection.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, worker_id)"
            " SELECT 'default', 'forget_what_ended', '{\"timestamp\": 0}', 'doing', id"
            " FROM procrastinate_workers"
        )
    run_job(own_database, lambda: housekeeping.recover_stalled_jobs(timestamp=0))
    assert ask(own_database, "SELECT status::text FROM procrastinate_jobs") == "todo"


def test_what_a_living_worker_does_is_left_to_it(own_database: str) -> None:
    with psycopg.connect(own_database) as connection:
        connection.execute("INSERT INTO procrastinate_workers DEFAULT VALUES")
        connection.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, worker_id)"
            " SELECT 'default', 'forget_what_ended', '{}', 'doing', id FROM procrastinate_workers"
        )
    run_job(own_database, lambda: housekeeping.recover_stalled_jobs(timestamp=0))
    assert ask(own_database, "SELECT status::text FROM procrastinate_jobs") == "doing"


def test_finished_jobs_are_forgotten_after_two_weeks(own_database: str) -> None:
    with psycopg.connect(own_database) as connection:
        for status, days in (("failed", 15), ("succeeded", 15), ("succeeded", 13), ("todo", 15)):
            connection.execute(
                "WITH job AS (INSERT INTO procrastinate_jobs (queue_name, task_name, status)"
                " VALUES ('default', 'any', %(status)s) RETURNING id)"
                " INSERT INTO procrastinate_events (job_id, type, at)"
                " SELECT id, %(event)s, now() - %(days)s * interval '1 day' FROM job",
                {
                    "status": status,
                    "event": "deferred" if status == "todo" else status,
                    "days": days,
                },
            )
    run_job(own_database, lambda: housekeeping.forget_finished_jobs(timestamp=0))
    kept = ask(
        own_database,
        "SELECT string_agg(status::text, ' ' ORDER BY status) FROM procrastinate_jobs",
    )
    assert kept == "todo succeeded"


def test_a_job_is_in_the_history_by_its_name(session: Session) -> None:
    with jobs.job("spring_clean") as transaction_of_the_job:
        staff = make_staff(transaction_of_the_job, Role.VIEWER)
    who, why = session.execute(
        text("SELECT who, why FROM crm_history WHERE table_name = 'crm_staff' AND record_id = :id"),
        {"id": staff.id},
    ).one()
    assert (who, why) == ("job:spring_clean", "spring clean")


def test_sessions_and_links_are_forgotten_a_month_after_their_end(session: Session) -> None:
    staff = make_staff(session, Role.VIEWER)
    people.open_session(session, staff.id, method="password", user_agent="")
    long_ago = utc_now() - KEPT - timedelta(days=1)
    session.execute(update(StaffSession).values(expires_at=long_ago))
    people.open_session(session, staff.id, method="password", user_agent="")
    session.add(SignInLink(staff_id=staff.id, token_hash=b"x", expires_at=long_ago))
    session.flush()
    housekeeping.forget_what_ended(timestamp=0)
    assert session.execute(text("SELECT count(*) FROM crm_sessions")).scalar() == 1
    assert session.execute(text("SELECT count(*) FROM crm_sign_in_links")).scalar() == 0


def run_job(url: str, job: Callable[[], Awaitable[None]]) -> None:
    """One asynchronous job, run as a worker does."""

    async def run() -> None:
        connector = PsycopgConnector(conninfo=url, kwargs=CONNECTION)
        with jobs.app.replace_connector(connector):
            async with jobs.app.open_async():
                await job()

    asyncio.run(run())


def test_a_large_file_of_patients_is_read_by_the_worker(
    own_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "SMALL_FILE", 0)
    given = importing.Upload(io.BytesIO(file_of(line("Ada Obi"))), "ward.csv")
    with transaction(who=DESK.key) as session:
        importing.take_file(session, given, actor=DESK)
    with start(own_database, tmp_path) as process:
        state = "SELECT state FROM crm_patient_imports"
        eventually(lambda: ask(own_database, state) != "reading")
        assert ask(own_database, state) == "planned"
    assert "Traceback" not in process.said

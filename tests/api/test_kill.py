"""The API or its database connection dies in the middle of a commit: all or nothing, and once."""

import signal
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from crm_core.base.db import transaction
from crm_core.people.schemas import Role
from tests import make_business as make
from tests.api.calls import PAYOUTS
from tests.api.tokens import make_token
from tests.processes import PATIENCE, Running, eventually, free_port, running

NOTHING = {"approved": 0, "approvals": 0, "receipts": 0, "keys": 0}
ONCE = {"approved": 3, "approvals": 3, "receipts": 1, "keys": 1}


@dataclass
class Approval:
    """A client that approves three payouts with one commit, under one key."""

    url: str
    token: str
    ids: list[int]
    fingerprint: str = ""

    def post(self, what: str, **body: object) -> httpx2.Response:
        """Sends it to the API that runs now."""
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": "approve-three"}
        json = {"ids": self.ids, **body}
        return httpx2.post(f"{self.url}{PAYOUTS}/{what}", json=json, headers=headers, timeout=60)

    def plan(self) -> None:
        """Looks at what would happen."""
        self.fingerprint = self.post("plan-approval").json()["data"]["fingerprint"]

    def commit(self) -> httpx2.Response:
        """Does it."""
        return self.post("commit-approval", fingerprint=self.fingerprint)


@dataclass
class Watch:
    """Looks at the database from outside, and may hold it up."""

    url: str

    def effects(self) -> dict[str, Any]:
        """What the commit has left behind."""
        with psycopg.connect(self.url) as connection:
            counted = connection.execute(
                "SELECT (SELECT count(*) FROM crm_payouts WHERE status = 'approved'),"
                " (SELECT count(*) FROM crm_payout_approvals),"
                " (SELECT count(*) FROM crm_receipts),"
                " (SELECT count(*) FROM crm_idempotency_keys)"
            ).fetchone()
        return dict(zip(NOTHING, counted or (), strict=True))

    @contextmanager
    def holding_up_receipts(self) -> Iterator[psycopg.Connection[Any]]:
        """Whoever writes a receipt, which a commit does last, waits until this ends."""
        with psycopg.connect(self.url) as connection:
            connection.execute("LOCK TABLE crm_receipts IN SHARE MODE")
            yield connection
            connection.rollback()

    def waiting(self) -> list[int]:
        """The backends that wait for a lock."""
        with psycopg.connect(self.url) as connection:
            found = connection.execute(
                "SELECT pid FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            ).fetchall()
        return [pid for (pid,) in found]

    def end_backend(self, pid: int) -> None:
        """As an administrator or a restart of the server does."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(%s)", [pid])


@pytest.fixture
def watch(own_database: str) -> Watch:
    return Watch(own_database)


@pytest.fixture
def approval(own_database: str) -> Approval:
    """Three payouts that wait, and a token of somebody who may approve them."""
    with transaction(who="test") as session:
        owner = make.make_owner(session)
        ids = [make.make_payout(session, owner.id, months_ago=n).id for n in (1, 2, 3)]
        token = make_token(session, Role.APPROVER)
    return Approval("", token, ids)


@contextmanager
def api(approval: Approval, database: str, folder: Path) -> Iterator[Running]:
    """An API process of its own, that the client talks to from now on."""
    port = free_port()
    approval.url = f"http://127.0.0.1:{port}"
    server = ["-m", "uvicorn", "crm_core.api.app:app", "--host", "127.0.0.1", "--port", str(port)]
    with running(server, folder, {"DATABASE_URL": database}) as process:
        eventually(lambda: process.process.poll() is not None or answers(approval.url))
        yield process


def answers(url: str) -> bool:
    with suppress(httpx2.TransportError):
        return httpx2.get(f"{url}/health").is_success
    return False


def in_background(pool: ThreadPoolExecutor, approval: Approval) -> "Future[httpx2.Response]":
    return pool.submit(approval.commit)


def test_an_api_killed_in_the_middle_leaves_nothing_and_the_retry_does_it_once(
    own_database: str, approval: Approval, watch: Watch, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(1) as pool, api(approval, own_database, tmp_path) as process:
        approval.plan()
        with watch.holding_up_receipts():
            answer = in_background(pool, approval)
            eventually(watch.waiting)
            process.stop(signal.SIGKILL)
            assert isinstance(answer.exception(PATIENCE), httpx2.TransportError)
        eventually(lambda: not watch.waiting())
        assert watch.effects() == NOTHING

    with api(approval, own_database, tmp_path):
        assert [approval.commit().json()["data"]["changed"] for _ in range(2)] == [3, 3]
    assert watch.effects() == ONCE


def test_a_backend_ended_in_the_middle_leaves_nothing_and_the_retry_does_it_once(
    own_database: str, approval: Approval, watch: Watch, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(1) as pool, api(approval, own_database, tmp_path):
        approval.plan()
        with watch.holding_up_receipts():
            answer = in_background(pool, approval)
            eventually(watch.waiting)
            watch.end_backend(watch.waiting()[0])
            refused = answer.result(PATIENCE)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "2")
        assert refused.json()["success"] is False
        assert watch.effects() == NOTHING

        assert approval.commit().json()["data"]["changed"] == 3
    assert watch.effects() == ONCE


def test_an_answer_that_was_lost_is_given_again_by_the_next_process(
    own_database: str, approval: Approval, watch: Watch, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(1) as pool, api(approval, own_database, tmp_path) as process:
        approval.plan()
        answer = in_background(pool, approval)
        eventually(lambda: watch.effects() == ONCE)
        process.stop(signal.SIGKILL)  # whether the answer has left by now is not known
        answer.exception(PATIENCE)

    with api(approval, own_database, tmp_path):
        again = approval.commit()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json()["data"]["changed"] == 3
    assert watch.effects() == ONCE

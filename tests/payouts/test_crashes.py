"""The database connection is killed in the middle of a commit: all of it happened, or nothing."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from crm_core.base.db import SessionFactory, transaction
from crm_core.base.preflight import Receipt
from crm_core.payouts import service
from crm_core.payouts.invariants import invariants
from tests.make_business import APPROVER, FINANCE
from tests.observe import sql
from tests.payouts.acts import approve, new

_BLOCKED = """
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()
"""
_OTHERS = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def prepared(*, approved: bool) -> list[int]:
    """Some payouts, waiting for an approval or for a file."""
    with SessionFactory.begin() as session:
        ids = [new(session).id for _ in range(5)]
        for payout_id in ids if approved else []:
            approve(session, payout_id)
    return ids


def approving(ids: list[int]) -> Callable[[], Receipt]:
    with SessionFactory() as session:
        plan = service.plan_approval(session, ids, actor=APPROVER)

    def commit() -> Receipt:
        with transaction(who=APPROVER.key) as session:
            return service.commit_approval(session, plan.fingerprint, ids, actor=APPROVER)

    return commit


def sending(ids: list[int]) -> Callable[[], Receipt]:
    with SessionFactory() as session:
        plan = service.plan_file(session, ids, actor=FINANCE)

    def commit() -> Receipt:
        with transaction(who=FINANCE.key) as session:
            return service.commit_file(session, plan.fingerprint, ids, actor=FINANCE)

    return commit


def state() -> tuple[list[str], int, int, int, int]:
    """The payouts' states, and how much proof of anything there is."""
    tables = ("crm_payout_approvals", "crm_payout_attempts", "crm_receipts", "crm_history")
    with SessionFactory() as session:
        states = list(sql(session, "SELECT status FROM crm_payouts ORDER BY id").scalars())
        counts = [sql(session, f"SELECT count(*) FROM {table}").scalar() for table in tables]
        assert list(invariants(session)) == []
    return states, counts[0], counts[1], counts[2], counts[3]


def kill_at(url: str, table: str, commit: Callable[[], Receipt]) -> None:
    """Kills the connection of a commit that waits for this table."""
    with (
        ThreadPoolExecutor(1) as pool,
        psycopg.connect(url) as holder,
        psycopg.connect(url, autocommit=True) as admin,
    ):
        holder.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        running = pool.submit(commit)
        while not (found := admin.execute(_BLOCKED).fetchone()):
            admin.execute("SELECT pg_sleep(0.01)")
        admin.execute("SELECT pg_terminate_backend(%s)", found)
        with pytest.raises(OperationalError):
            running.result(timeout=30)


@pytest.mark.parametrize("table", ["crm_payout_approvals", "crm_history", "crm_receipts"])
def test_an_approval_that_was_killed_did_nothing_and_can_be_done(
    own_database: str, table: str
) -> None:
    commit = approving(prepared(approved=False))
    before = state()
    kill_at(own_database, table, commit)
    assert state() == before
    assert commit().changed == 5
    assert state()[0] == ["approved"] * 5


@pytest.mark.parametrize("table", ["crm_payout_files", "crm_payout_attempts", "crm_receipts"])
def test_a_bank_file_that_was_killed_does_not_exist(own_database: str, table: str) -> None:
    commit = sending(prepared(approved=True))
    before = state()
    kill_at(own_database, table, commit)
    assert state() == before
    assert commit().changed == 5
    assert state()[0] == ["processing"] * 5


def test_killed_at_any_moment_it_is_all_or_nothing(own_database: str) -> None:
    outcomes = set()
    for moment in range(8):
        ids = prepared(approved=False)
        commit = approving(ids)
        with (
            ThreadPoolExecutor(1) as pool,
            psycopg.connect(own_database, autocommit=True) as admin,
        ):
            running = pool.submit(commit)
            admin.execute("SELECT pg_sleep(%s)", [moment * 0.005])
            admin.execute(_OTHERS)
            killed = running.exception(timeout=30) is not None
        states, *_ = state()
        assert len(set(states[-5:])) == 1
        # Where the answer was lost after the commit, both are true: it is done, and it failed.
        if states[-1] == "pending":
            assert killed
        outcomes.add(states[-1])
    assert outcomes <= {"pending", "approved"}

"""The embedded database starts once, stops last, and comes back from every kind of death."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from crm_core.base.embedded import Cluster, running
from tests.base.embedded.processes import (
    QUICK,
    VISITOR,
    address_of,
    ask,
    holder,
    is_alive,
    leave,
    processes_of,
    server_pid,
    start_process,
    tell,
    wait_until,
    with_pid_gone,
)


def test_data_survives_a_restart(data: Path) -> None:
    with running(data, settings=QUICK) as cluster:
        tell(cluster.url(), "CREATE TABLE kept AS SELECT 7 AS number")
    with running(data, settings=QUICK) as cluster:
        assert ask(cluster.url(), "SELECT number FROM kept") == 7


def test_the_last_to_leave_stops_the_server(data: Path) -> None:
    with running(data, settings=QUICK):
        with running(data) as inner:
            assert ask(inner.url(), "SHOW fsync") == "off"
        pid = server_pid(data)
        assert is_alive(pid)
    assert not is_alive(pid)
    assert processes_of(data) == []


def test_a_failing_body_leaves_too(data: Path) -> None:
    with pytest.raises(ZeroDivisionError), running(data, settings=QUICK):
        raise ZeroDivisionError
    assert processes_of(data) == []


def test_three_cold_starts_at_once_make_one_server(data: Path) -> None:
    with holder(data) as first, holder(data) as second, holder(data) as third:
        addresses = {address_of(process) for process in (first, second, third)}
        assert len(addresses) == 1
        assert ask(addresses.pop(), "SELECT 1") == 1
        pid = server_pid(data)
        assert [leave(first), leave(second)] == [0, 0]
        assert is_alive(pid)
        assert leave(third) == 0
    assert processes_of(data) == []


def test_processes_that_come_and_go_always_find_a_server(data: Path) -> None:
    visitors = [start_process(VISITOR, data) for _ in range(3)]
    for visitor in visitors:
        visitor.communicate()
    assert [visitor.returncode for visitor in visitors] == [0, 0, 0]
    assert processes_of(data) == []


def test_a_killed_server_is_started_again_at_the_same_address(data: Path) -> None:
    with running(data, settings=QUICK) as before:
        tell(before.url(), "CREATE TABLE kept AS SELECT 7 AS number")
        with_pid_gone(server_pid(data))
        with running(data, settings=QUICK) as after:
            assert after == before
            assert ask(before.url(), "SELECT number FROM kept") == 7
    assert processes_of(data) == []


def test_it_waits_for_what_a_killed_server_left_at_work(data: Path) -> None:
    said: list[str] = []
    with running(data, settings=QUICK) as before:
        busy, at_work = start_endless_query(before)
        with_pid_gone(server_pid(data))

        def release_when_waited_for() -> None:
            wait_until(lambda: any("last processes" in sentence for sentence in said))
            with_pid_gone(busy)

        release = threading.Thread(target=release_when_waited_for)
        release.start()
        with running(data, settings=QUICK, say=said.append) as after:
            assert not is_alive(busy)
            assert ask(after.url(), "SELECT 1") == 1
        release.join()
        at_work.join()


def start_endless_query(cluster: Cluster) -> tuple[int, threading.Thread]:
    """A query that never looks up from its work, so that it outlives its server."""
    connection = psycopg.connect(cluster.url())
    pid = connection.info.backend_pid

    def work() -> None:
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT count(*) FROM generate_series(1, 1e12::bigint)")
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    question = f"SELECT state FROM pg_stat_activity WHERE pid = {pid}"
    wait_until(lambda: ask(cluster.url(), question) == "active")
    return pid, thread


def test_a_killed_process_does_not_keep_the_server(data: Path) -> None:
    with holder(data) as killed, holder(data) as last:
        assert address_of(killed) == address_of(last)
        killed.kill()
        killed.wait()
        pid = server_pid(data)
        assert is_alive(pid)
        assert leave(last) == 0
        assert not is_alive(pid)
    assert processes_of(data) == []


def test_a_server_left_by_a_killed_process_is_joined_and_stopped(data: Path) -> None:
    with holder(data) as killed:
        address_of(killed)
    pid = server_pid(data)
    with running(data, settings=QUICK):
        assert server_pid(data) == pid
    assert not is_alive(pid)


def test_everything_killed_inside_initdb_leaves_a_folder_that_starts(data: Path) -> None:
    with holder(data) as process:
        wait_until((data / "cluster.new" / "global").exists)
        process.kill()
        for pid in processes_of(data):
            with_pid_gone(pid)
    assert not (data / "cluster").exists()
    with running(data, settings=QUICK) as cluster:
        assert ask(cluster.url(), "SELECT 1") == 1


def test_an_initdb_that_outlives_its_process_is_waited_for(data: Path) -> None:
    with holder(data) as process:
        wait_until((data / "cluster.new" / "global").exists)
        process.kill()
    with running(data, settings=QUICK) as cluster:
        assert ask(cluster.url(), "SELECT 1") == 1


@pytest.fixture
def stranger() -> Iterator[int]:
    """The pid of a program that has nothing to do with us; PostgreSQL overlooks its parent's."""
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process.pid
        process.kill()


@pytest.mark.parametrize("stale", ["cluster/postmaster.pid", "socket/.s.PGSQL.5432.lock"])
def test_a_reused_pid_does_not_block_the_start(data: Path, stranger: int, stale: str) -> None:
    with running(data, settings=QUICK):
        with_pid_gone(server_pid(data))
    _, _, rest = (data / stale).read_text().partition("\n")
    (data / stale).write_text(f"{stranger}\n{rest}")
    with running(data, settings=QUICK) as cluster:
        assert ask(cluster.url(), "SELECT 1") == 1


def test_an_empty_pid_file_does_not_block_the_start(data: Path) -> None:
    with running(data, settings=QUICK):
        pass
    (data / "cluster" / "postmaster.pid").touch()
    with running(data, settings=QUICK) as cluster:
        assert ask(cluster.url(), "SELECT 1") == 1


def test_ctrl_c_reaches_the_process_but_not_the_server(data: Path) -> None:
    with holder(data) as starter:
        url = address_of(starter)
        pid = server_pid(data)
        with holder(data) as other:
            assert address_of(other) == url
            os.killpg(starter.pid, signal.SIGINT)
            starter.wait()
            assert server_pid(data) == pid
            assert ask(url, "SELECT 1") == 1
            assert leave(other) == 0

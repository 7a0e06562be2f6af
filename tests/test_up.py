"""`up`: one command, and everything is there; Ctrl-C, and nothing is."""

import os
import re
import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.processes import Running, children_of, eventually, free_port, is_alive, running

UP = ["-m", "crm_core", "up"]
READY = "Ctrl-C stops everything."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("up")


@pytest.fixture(scope="module")
def variables(folder: Path) -> dict[str, str]:
    """Ports of its own, a data directory of its own, no database but the embedded one."""
    return {
        "CRM_DATA_DIR": str(folder / "data"),
        "CRM_DASHBOARD_PORT": str(free_port()),
        "CRM_API_PORT": str(free_port()),
        "DATABASE_URL": "",
        "CRM_ENCRYPTION_KEY": "",
        "CRM_SESSION_KEY": "",
    }


@pytest.fixture(scope="module")
def up(folder: Path, variables: dict[str, str]) -> Iterator[Running]:
    """The whole product, ready to use; the tests of this file run in their order."""
    with running(UP, folder, variables) as started:
        try:
            started.wait_until_it_says(READY)
            yield started
        finally:
            started.process.terminate()
            started.process.wait(60)


def get(port: str, path: str) -> int:
    """The status of a GET."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except (urllib.error.URLError, ConnectionError):
        return 0


def child(up: Running, command: str) -> int:
    """The pid of one part, once it runs."""

    def found() -> list[int]:
        children = children_of(up.process.pid).items()
        return [pid for pid, words in children if words.endswith(f"-m crm_core {command}")]

    eventually(found)
    return found()[0]


def test_dashboard_and_api_answer_when_it_says_so(up: Running, variables: dict[str, str]) -> None:
    assert get(variables["CRM_DASHBOARD_PORT"], "/health") == 200
    assert get(variables["CRM_API_PORT"], "/health") == 200
    assert f"http://localhost:{variables['CRM_DASHBOARD_PORT']}" in up.said
    assert f"http://localhost:{variables['CRM_API_PORT']}/api/crm-v2/docs" in up.said


def test_the_worker_is_seen(up: Running, variables: dict[str, str]) -> None:
    eventually(lambda: get(variables["CRM_API_PORT"], "/ready") == 200)


def test_the_link_signs_an_administrator_in_once(up: Running, variables: dict[str, str]) -> None:
    (link,) = re.findall(r"http://localhost:\d+/auth/link\?token=\S+", up.said)
    # The link asks before it is used up, so that a preview of it does not.
    with urllib.request.urlopen(link.replace("localhost", "127.0.0.1"), timeout=10) as answer:
        assert answer.status == 200
        assert b"Administrator" in answer.read()


def test_a_second_start_says_that_one_is_running(
    up: Running, folder: Path, variables: dict[str, str]
) -> None:
    with running(UP, folder, variables) as second:
        assert second.process.wait(60) == 1
    assert second.said.startswith("Error: It is running already, at http://localhost:")
    assert len(second.said.splitlines()) == 1


def test_the_parts_never_learn_the_owner_of_the_tables(up: Running) -> None:
    for command in ("api", "dashboard", "work"):
        environment = Path(f"/proc/{child(up, command)}/environ").read_text()
        assert "crm_app" in environment
        assert "crm_owner" not in environment


def test_a_killed_part_comes_back(up: Running, variables: dict[str, str]) -> None:
    os.kill(child(up, "api"), signal.SIGKILL)
    up.wait_until_it_says("The api was killed by signal 9; it starts again")
    eventually(lambda: get(variables["CRM_API_PORT"], "/health") == 200)


def test_a_killed_database_comes_back(up: Running, folder: Path, variables: dict[str, str]) -> None:
    pid = int((folder / "data/cluster/postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    up.wait_until_it_says("The database has died; it starts again.")
    eventually(lambda: get(variables["CRM_API_PORT"], "/ready") == 200)


def test_ctrl_c_stops_everything(up: Running, folder: Path, variables: dict[str, str]) -> None:
    children = children_of(up.process.pid)
    database = int((folder / "data/cluster/postmaster.pid").read_text().split()[0])
    assert up.stop(signal.SIGINT) == 0
    assert up.said.splitlines()[-1] == "Stopped."
    assert not any(is_alive(pid) for pid in (*children, database))
    assert get(variables["CRM_API_PORT"], "/health") == 0
    assert "Traceback" not in up.said.partition("Stopping.")[2]


def test_the_next_start_finds_the_data_and_loads_none(
    up: Running, folder: Path, variables: dict[str, str]
) -> None:
    assert "Loading the sample data" in up.said
    with running(UP, folder, variables) as again:
        again.wait_until_it_says(READY)
        assert "Loading the sample data" not in again.said
        assert again.stop() == 0


def test_no_part_outlives_a_killed_start_and_the_next_one_works(
    folder: Path, variables: dict[str, str]
) -> None:
    with running(UP, folder, variables) as killed:
        killed.wait_until_it_says(READY)
        children = [pid for pid, words in children_of(killed.process.pid).items() if "-m" in words]
        killed.stop(signal.SIGKILL)
        eventually(lambda: not any(is_alive(pid) for pid in children))
    with running(UP, folder, variables) as again:
        again.wait_until_it_says(READY)
        assert again.stop() == 0


def test_a_taken_port_is_said_in_one_sentence(folder: Path, variables: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with running(UP, folder, {**variables, "CRM_API_PORT": port}) as started:
            assert started.process.wait(60) == 1
    assert started.said == (
        f"Error: Port {port} on 127.0.0.1 is taken: stop what uses it, or set CRM_API_PORT to"
        " another one.\n"
    )


def test_one_port_for_both_is_said_in_one_sentence(folder: Path, variables: dict[str, str]) -> None:
    port = variables["CRM_API_PORT"]
    with running(UP, folder, {**variables, "CRM_DASHBOARD_PORT": port}) as started:
        assert started.process.wait(60) == 1
    assert started.said == (
        "Error: CRM_DASHBOARD_PORT and CRM_API_PORT name the same port: give each one of its own.\n"
    )


def test_a_missing_key_is_said_before_anything_is_written(
    folder: Path, variables: dict[str, str], empty_database: str
) -> None:
    with running(UP, folder, {**variables, "DATABASE_URL": empty_database}) as started:
        assert started.process.wait(60) == 1
    assert started.said.startswith("Error: Set CRM_ENCRYPTION_KEY to 32 random bytes")
    with psycopg.connect(empty_database) as connection:
        tables = connection.execute("SELECT FROM pg_tables WHERE schemaname = 'public'")
        assert tables.fetchone() is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_data_directory_that_is_not_writable_is_said_in_one_sentence(
    folder: Path, variables: dict[str, str]
) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o500)
    with running(UP, folder, {**variables, "CRM_DATA_DIR": str(closed / "data")}) as started:
        assert started.process.wait(60) == 1
    assert started.said.startswith("Error: The data folder")
    assert len(started.said.splitlines()) == 1


def test_a_data_directory_that_is_a_file_is_said_in_one_sentence(
    folder: Path, variables: dict[str, str]
) -> None:
    (folder / "file").touch()
    with running(UP, folder, {**variables, "CRM_DATA_DIR": str(folder / "file")}) as started:
        assert started.process.wait(60) == 1
    assert started.said.startswith("Error: The data folder")
    assert len(started.said.splitlines()) == 1


def test_an_outside_database_is_used_and_left_running(
    empty_database: str, folder: Path, variables: dict[str, str]
) -> None:
    key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    outside = {
        **variables,
        "CRM_DATA_DIR": str(folder / "outside"),
        "DATABASE_URL": empty_database,
        "CRM_ENCRYPTION_KEY": key,
        "CRM_SESSION_KEY": key,
    }
    with running(UP, folder, outside) as started:
        started.wait_until_it_says(READY)
        assert started.stop() == 0
    assert not (folder / "outside/cluster").exists()
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("SELECT count(*) > 0 FROM crm_staff").fetchone() == (True,)

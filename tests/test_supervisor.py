"""The supervisor starts parts, restarts what crashes, and leaves nothing behind."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import PATIENCE, Running, children_of, eventually, free_port, is_alive, running

PROGRAM = """
import os, sys
from crm_core.supervisor import Part, Supervisor, Watch
folder, port = sys.argv[1:]
def say(words): print(words, flush=True)
PARTS = {
    # Answers as soon as it listens, and ends in good order.
    "server": f'''
from crm_core.supervisor import follow_supervisor; follow_supervisor()
import http.server
http.server.HTTPServer(("127.0.0.1", {port}), http.server.SimpleHTTPRequestHandler).serve_forever()
''',
    # Hears SIGTERM and writes down that it has.
    "tidy": f'''
from crm_core.supervisor import follow_supervisor; follow_supervisor()
import pathlib, signal, sys
def leave(*_):
    pathlib.Path("{folder}/tidied").touch()
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
pathlib.Path("{folder}/ready").touch()
signal.pause()
''',
}
def part(name):
    health = f"http://127.0.0.1:{port}/" if name == "server" else None
    return Part(name, [sys.executable, "-c", PARTS[name]], dict(os.environ), health)
flag = f"{folder}/database"
watch = Watch("database", lambda: os.path.exists(flag), lambda: open(flag, "w").close(), every=0.05)
open(flag, "w").close()
Supervisor([part("server"), part("tidy")], say, lambda: say("Ready."), [watch]).run()
say("Ended.")
"""


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Running]:
    """A supervisor with a server and another part, both of them up."""
    with running(["-c", PROGRAM, str(tmp_path), str(free_port())], tmp_path) as started:
        started.wait_until_it_says("Ready.")
        eventually((tmp_path / "ready").exists)
        yield started


def pid_of(supervisor: Running, words: str) -> int:
    """The pid of the child with these words in its command line, once there is one."""

    def found() -> list[int]:
        children = children_of(supervisor.process.pid).items()
        return [pid for pid, command in children if words in command]

    eventually(found)
    return found()[0]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_everything_in_good_order(
    supervisor: Running, tmp_path: Path, number: int
) -> None:
    children = children_of(supervisor.process.pid)
    assert supervisor.stop(number) == 0
    assert supervisor.said.splitlines()[-2:] == ["Stopping.", "Ended."]
    assert (tmp_path / "tidied").exists()
    assert not any(is_alive(pid) for pid in children)


def test_a_crashed_part_is_started_again_and_said_so(supervisor: Running) -> None:
    first = pid_of(supervisor, "http.server")
    os.kill(first, signal.SIGKILL)
    supervisor.wait_until_it_says("The server was killed by signal 9; it starts again in 0.5 s.")
    assert pid_of(supervisor, "http.server") != first


def test_a_part_that_keeps_crashing_is_given_longer_pauses(supervisor: Running) -> None:
    for pause in ("0.5", "1", "2"):
        os.kill(pid_of(supervisor, "http.server"), signal.SIGKILL)
        supervisor.wait_until_it_says(f"it starts again in {pause} s.")


def test_the_other_parts_are_left_alone_meanwhile(supervisor: Running) -> None:
    tidy = pid_of(supervisor, "tidied")
    os.kill(pid_of(supervisor, "http.server"), signal.SIGKILL)
    supervisor.wait_until_it_says("it starts again")
    assert is_alive(tidy)


def test_no_child_outlives_a_killed_supervisor(supervisor: Running) -> None:
    children = children_of(supervisor.process.pid)
    assert len(children) == 2
    supervisor.stop(signal.SIGKILL)
    eventually(lambda: not any(is_alive(pid) for pid in children))


def test_what_is_watched_is_revived(supervisor: Running, tmp_path: Path) -> None:
    (tmp_path / "database").unlink()
    supervisor.wait_until_it_says("The database has died; it starts again.")
    eventually((tmp_path / "database").exists)


def test_readiness_is_told_once(supervisor: Running) -> None:
    os.kill(pid_of(supervisor, "http.server"), signal.SIGKILL)
    supervisor.wait_until_it_says("it starts again")
    pid_of(supervisor, "http.server")
    assert supervisor.said.count("Ready.") == 1


HOPELESS = """
import os, sys
from crm_core.supervisor import NeverStarted, Part, Supervisor
def say(words): print(words, flush=True)
def part(name, program, health):
    return Part(name, [sys.executable, "-c", program], dict(os.environ), health)
parts = [
    part("server", "raise SystemExit('no key')", "http://127.0.0.1:1/"),
    part("other", "import signal; signal.pause()", None),
]
try:
    Supervisor(parts, say, lambda: say("Ready.")).run()
except NeverStarted as error:
    say(error)
"""


def test_a_part_that_never_starts_is_given_up_and_everything_with_it(tmp_path: Path) -> None:
    with running(["-c", HOPELESS], tmp_path) as started:
        assert started.process.wait(PATIENCE) == 0
    lines = started.said.splitlines()
    assert lines.count("no key") == 3
    assert lines[-1].startswith("The server does not start: read what it says above")
    assert "Ready." not in lines

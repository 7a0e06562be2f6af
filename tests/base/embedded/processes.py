"""Processes that hold an embedded database, and what they leave behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg

QUICK = {"fsync": "off", "shared_buffers": "16MB", "max_connections": "20"}
ROOT = os.geteuid() == 0
PROJECT = Path(__file__).parents[3]

# A process that joins, says the address, and leaves when its input ends. A shell that put the
# suite into the background has switched Ctrl-C off for everything below it.
HOLDER = """
import signal, sys
from pathlib import Path
from crm_core.base.embedded import running
signal.signal(signal.SIGINT, signal.default_int_handler)
with running(Path(sys.argv[1]), settings=dict(p.split("=") for p in sys.argv[2:])) as cluster:
    print(cluster.url(), flush=True)
    sys.stdin.read()
"""
# A process that comes and goes, each time with a question to the server.
VISITOR = """
import sys
from pathlib import Path
import psycopg
from crm_core.base.embedded import running
for _ in range(5):
    with running(Path(sys.argv[1]), settings=dict(p.split("=") for p in sys.argv[2:])) as cluster:
        with psycopg.connect(cluster.url()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
"""


def processes_of(folder: Path) -> list[int]:
    """All processes that have the folder in their command line."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = file.read_bytes()
        except OSError:
            continue
        if os.fsencode(folder) in words:
            found.append(int(file.parent.name))
    return found


def with_pid_gone(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    wait_until(lambda: not is_alive(pid))


def is_alive(pid: int) -> bool:
    """Whether it runs; one that ended and is not yet buried does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def wait_until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, "it did not happen within a minute"
        time.sleep(0.01)


def start_process(
    script: str, data: Path, env: Mapping[str, str] | None = None
) -> "subprocess.Popen[str]":
    settings = [f"{name}={value}" for name, value in QUICK.items()]
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", script, str(data), *settings],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
        env={**os.environ, **(env or {})},
        start_new_session=True,
    )


@contextmanager
def holder(data: Path, env: Mapping[str, str] | None = None) -> Iterator["subprocess.Popen[str]"]:
    with start_process(HOLDER, data, env) as process:
        try:
            yield process
        finally:
            process.kill()


def address_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def leave(process: "subprocess.Popen[str]") -> int:
    assert process.stdin is not None
    process.stdin.close()
    return process.wait()


def ask(url: str, question: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(question.encode()).fetchone()
    return row[0] if row else None


def tell(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def server_pid(data: Path) -> int:
    return int((data / "cluster" / "postmaster.pid").read_text().split()[0])

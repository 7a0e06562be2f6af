"""Starting the product's own processes in tests, and never leaving one behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[1]
PATIENCE = 60.0
"""How long something may take on a busy machine before a test gives it up."""


@dataclass
class Running:
    """A process whose output goes to a file, so that it can be read while it runs."""

    process: subprocess.Popen[bytes]
    output: Path

    @property
    def said(self) -> str:
        """Everything it wrote so far."""
        return self.output.read_text(errors="replace")

    def wait_until_it_says(self, words: str, *, times: int = 1) -> None:
        """Returns when the words were said so many times."""
        eventually(lambda: self.said.count(words) >= times or self.process.poll() is not None)
        assert self.said.count(words) >= times, f"ended without saying {words!r}: {self.said}"

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Sends the signal and gives the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextmanager
def running(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """``python`` with these arguments, in a process that is killed at the end if need be."""
    output = folder / f"output-{time.monotonic_ns()}"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            cwd=PROJECT,
            env={**os.environ, **(environment or {})},
        )
    try:
        yield Running(process, output)
    finally:
        process.kill()
        process.wait()


def eventually(condition: Callable[[], object]) -> None:
    """Returns as soon as the condition holds; fails after a long time."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and is not yet buried does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def children_of(pid: int) -> dict[int, str]:
    """Pid → command line of the processes that this one started."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == pid:
                words = (folder / "cmdline").read_bytes().decode(errors="replace")
                found[int(folder.name)] = words.replace("\0", " ").strip()
    return found

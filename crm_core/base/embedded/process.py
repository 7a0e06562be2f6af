"""The server as a process of the operating system."""

import os
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

# Above the highest pid that Linux ever gives out.
_NOBODYS_PID = 4_194_305
_POLL_SECONDS = 0.02


def postmaster(cluster: Path) -> int | None:
    """The pid of the server of this cluster; a pid that another program has by now is none."""
    pid = _written_pid(cluster)
    if pid is None:
        return None
    words = _command_line(pid)
    ours = bool(words) and words[0].rpartition("/")[2] == "postgres" and str(cluster) in words
    return pid if ours else None


def disown(cluster: Path) -> None:
    """Write nobody's pid over a dead server's, which another program may have by now.

    PostgreSQL takes any living process of that number for the server. The file must stay: by its
    last lines the next server finds out whether parts of the dead one still write the data.
    """
    file = cluster / "postmaster.pid"
    if _written_pid(cluster) is None:
        # Absent, or empty after a power cut, which PostgreSQL would take for a starting server.
        file.unlink(missing_ok=True)
        return
    _, _, rest = file.read_text().partition("\n")
    with file.open("r+") as pid_file:
        pid_file.write(f"{_NOBODYS_PID}\n{rest}")
        pid_file.truncate()


def spawn(command: list[str], environment: Mapping[str, str], log: int) -> int:
    """Start a process that outlives us, in a session of its own: Ctrl-C is not meant for it."""
    return os.posix_spawn(
        command[0],
        command,
        environment,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, log, 1),
            (os.POSIX_SPAWN_DUP2, log, 2),
        ],
        setsid=True,
    )


def has_ended(child: int) -> bool:
    try:
        return os.waitpid(child, os.WNOHANG)[0] == child
    except ChildProcessError:
        return True


def await_end(pid: int, cluster: Path, seconds: float) -> None:
    """Wait until the server is gone, or the time is over."""
    deadline = time.monotonic() + seconds
    while postmaster(cluster) == pid:
        if time.monotonic() > deadline:
            return
        time.sleep(_POLL_SECONDS)
    # The pid file goes just before the process; ours would stay behind as a zombie.
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)


def _written_pid(cluster: Path) -> int | None:
    try:
        return int((cluster / "postmaster.pid").read_text().partition("\n")[0])
    except (FileNotFoundError, ValueError):
        return None


def _command_line(pid: int) -> list[str]:
    if not Path("/proc/self/cmdline").exists():
        return _asked_command_line(pid)
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return []
    return [os.fsdecode(word) for word in words.split(b"\0")]


def _asked_command_line(pid: int) -> list[str]:
    """Systems without /proc: `ps` joins the words by blanks, which a path may hold as well."""
    answer = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    program, _, rest = answer.stdout.strip().partition(" -D ")
    folder, _, _ = rest.partition(" -c ")
    return [program, folder]

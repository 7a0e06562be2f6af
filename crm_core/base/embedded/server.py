"""Make, start, watch and stop one PostgreSQL server."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from crm_core.base.embedded import identity, process, tuning
from crm_core.base.embedded.errors import EmbeddedError, disk_full
from crm_core.base.embedded.folder import PORT, Folder
from crm_core.base.embedded.programs import Programs, environment

SUPERUSER = "crm_admin"
_LOG_LIMIT = 10 * 1024 * 1024
_POLL_SECONDS = 0.03
# How long the processes of a killed server may take to notice, a long query included.
_LEFTOVER_SECONDS = 60.0
_REPORT_SECONDS = 5.0
# The same signals as pg_ctl's fast and immediate stop, with what each is given in seconds. After
# the second the next start replays the log, which loses nothing.
_STOPS = ((signal.SIGINT, 60.0), (signal.SIGQUIT, 30.0))


@dataclass(frozen=True)
class Server:
    folder: Folder
    programs: Programs
    settings: Mapping[str, str]
    say: Callable[[str], None]


def ensure_running(server: Server, lock: int) -> None:
    """Return when the server answers; `lock` is the start lock, which the caller holds."""
    if process.postmaster(server.folder.cluster) is not None and _await_running(server):
        return
    who = identity.choose(server.folder, server.programs)
    server.folder.give_to(who.uid, who.gid)
    server.folder.password()
    if server.folder.major_version() is None:
        _make_cluster(server, who, lock)
    _start(server, who)


def stop(folder: Folder) -> None:
    """Stop the server, if one runs, and wait until it is gone."""
    for number, seconds in _STOPS:
        pid = process.postmaster(folder.cluster)
        if pid is None:
            break
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        process.await_end(pid, folder.cluster, seconds)
    with suppress(OSError):
        folder.sockets.rmdir()


def _await_running(server: Server) -> bool:
    """Wait for a server that another process started; it may also be on its way down."""
    return _await_ready(server, lambda: process.postmaster(server.folder.cluster) is None)


def _make_cluster(server: Server, who: identity.Identity, lock: int) -> None:
    """Into a side folder first: a folder of the right name is always a whole database."""
    folder = server.folder
    server.say("Making the database; this happens once.")
    shutil.rmtree(folder.unfinished_cluster, ignore_errors=True)
    answer = subprocess.run(
        [*who.prefix, *_initdb(server)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        env=environment(),
        start_new_session=True,
        # Should we be killed, initdb goes on: the lock stays taken until it has ended, too.
        pass_fds=(lock,),
    )
    if answer.returncode != 0:
        raise EmbeddedError(_why_not(folder, answer.stderr))
    folder.unfinished_cluster.rename(folder.cluster)
    _sync(folder)


def _initdb(server: Server) -> list[str]:
    folder, programs = server.folder, server.programs
    words = [programs.path("initdb"), "-D", str(folder.unfinished_cluster)]
    words += [f"--username={SUPERUSER}", f"--pwfile={folder.password_file}"]
    words += ["--auth=scram-sha-256", "--encoding=UTF8", "--data-checksums", "--no-instructions"]
    # Other systems than Linux know C.UTF-8 under other names, or not at all.
    words.append("--locale=C.UTF-8" if sys.platform == "linux" else "--locale=C")
    if programs.major >= 17:
        words += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    if server.settings.get("fsync") == "off":
        words.append("--no-sync")
    return words


def _sync(folder: Folder) -> None:
    descriptor = os.open(folder.root, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _start(server: Server, who: identity.Identity) -> None:
    """Start until it answers; what is left of a killed server is waited for, for it ends alone."""
    deadline = time.monotonic() + _LEFTOVER_SECONDS
    while True:
        seen = _log_size(server.folder)
        if _start_once(server, who):
            return
        news = _log_since(server.folder, seen)
        passing = "shared memory block" in news or "lock file" in news
        if not passing or time.monotonic() > deadline:
            raise EmbeddedError(_why_not(server.folder, news))
        server.say("Waiting for the last processes of the previous server.")
        time.sleep(0.2)


def _start_once(server: Server, who: identity.Identity) -> bool:
    if process.postmaster(server.folder.cluster) is not None:
        return _await_running(server)
    folder = server.folder
    process.disown(folder.cluster)
    folder.make_sockets()
    folder.clear_sockets()
    log = _open_log(folder)
    try:
        child = process.spawn([*who.prefix, *_postgres(server)], environment(), log)
    finally:
        os.close(log)
    return _await_ready(server, lambda: process.has_ended(child))


def _postgres(server: Server) -> list[str]:
    settings = tuning.server_settings(server.folder, server.settings)
    words = [server.programs.path("postgres"), "-D", str(server.folder.cluster)]
    for name, value in settings.items():
        words += ["-c", f"{name}={value}"]
    return words


def _await_ready(server: Server, gone: Callable[[], bool]) -> bool:
    """Wait for as long as it takes: the recovery of a large database can take minutes."""
    started = time.monotonic()
    next_report = started + _REPORT_SECONDS
    while not gone():
        if is_ready(server):
            return True
        if time.monotonic() > next_report:
            seconds = round(time.monotonic() - started)
            server.say(f"The database is not ready yet: it recovers what was open ({seconds} s).")
            next_report += _REPORT_SECONDS
        time.sleep(_POLL_SECONDS)
    return False


def is_ready(server: Server) -> bool:
    """Whether the server accepts connections."""
    where = ["-h", str(server.folder.sockets), "-p", str(PORT), "-U", SUPERUSER, "-d", "postgres"]
    answer = subprocess.run(
        [server.programs.path("pg_isready"), "-q", *where], env=environment(), check=False
    )
    return answer.returncode == 0


def _open_log(folder: Folder) -> int:
    """One old log is kept, so that the two never take more than a start's worth over the limit."""
    if _log_size(folder) > _LOG_LIMIT:
        folder.log.replace(folder.log.with_suffix(".log.1"))
    return folder.open(folder.log, os.O_WRONLY | os.O_APPEND)


def _log_size(folder: Folder) -> int:
    return folder.log.stat().st_size if folder.log.exists() else 0


def _log_since(folder: Folder, position: int) -> str:
    if _log_size(folder) < position:
        position = 0
    with folder.log.open("rb") as file:
        file.seek(position)
        return file.read(64 * 1024).decode(errors="replace")


def _why_not(folder: Folder, output: str) -> str:
    if "No space left on device" in output:
        return disk_full(folder.root)
    errors = [line for line in output.splitlines() if "FATAL" in line or "error:" in line]
    reason = (errors or output.splitlines() or ["it said nothing"])[0].strip().rstrip(".")
    return f"PostgreSQL did not start ({reason}): read {folder.log} and correct the cause."

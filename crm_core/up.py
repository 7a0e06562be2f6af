"""`up`: everything at once on one machine, ready to use."""

import fcntl
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from crm_core.base import keys
from crm_core.base.database import Urls, revivable
from crm_core.base.db import connect, reading, transaction
from crm_core.base.embedded.errors import explained
from crm_core.base.migrate import migrate
from crm_core.base.settings import settings
from crm_core.parts import environment_for, unwind_on_sigterm
from crm_core.people import directory, service
from crm_core.people.schemas import Role, StaffCreate, machine
from crm_core.supervisor import Part, Supervisor, Watch

ADMINISTRATOR = "admin@crm.local"
_ACTOR = machine("command:up")


class CannotStart(RuntimeError):
    """One sentence that says what is in the way and what to do."""


def run(say: Callable[[str], None]) -> None:
    """Database, migrations, sample data, then dashboard, API and worker until a signal."""
    unwind_on_sigterm()
    with explained(settings().crm_data_dir), _only_one(settings().crm_data_dir):
        _refuse_taken_ports()
        _refuse_missing_keys()
        with revivable(say=say) as (urls, revive):
            migrate(urls.owner)
            connect(urls.app)
            _fill_if_empty(urls, say)
            watches = [Watch("database", lambda: _answers(urls.app), revive)] if revive else []
            Supervisor(_parts(urls), say, lambda: say(_welcome()), watches).run()
    say("Stopped.")


def address(port: int) -> str:
    """What to type into a browser on this machine."""
    host = settings().crm_host
    everywhere_or_here = host in {"127.0.0.1", "localhost", "0.0.0.0", "::", "::1"}  # noqa: S104
    return f"http://{'localhost' if everywhere_or_here else host}:{port}"


def sign_in_address(token: str) -> str:
    """The one-time link of a token, at the address that people use."""
    base = settings().crm_public_url.rstrip("/") or address(settings().crm_dashboard_port)
    return f"{base}/auth/link?token={token}"


def is_running(data_dir: Path) -> bool:
    """Whether an `up` with this data directory runs now."""
    if not (data_dir / "up.lock").exists():
        return False
    try:
        with _only_one(data_dir):
            return False
    except CannotStart:
        return True


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


@contextmanager
def _only_one(data_dir: Path) -> Iterator[None]:
    """The kernel drops the lock with the process, so that nothing is left after a crash."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (data_dir / "up.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStart(
                f"It is running already, at {address(settings().crm_dashboard_port)}: stop it"
                " first (Ctrl-C where it runs), or choose another CRM_DATA_DIR and other ports."
            ) from None
        yield


def _refuse_taken_ports() -> None:
    if settings().crm_dashboard_port == settings().crm_api_port:
        raise CannotStart(
            "CRM_DASHBOARD_PORT and CRM_API_PORT name the same port: give each one of its own."
        )
    for name in ("crm_dashboard_port", "crm_api_port"):
        port = getattr(settings(), name)
        if not is_free(settings().crm_host, port):
            raise CannotStart(
                f"Port {port} on {settings().crm_host} is taken: stop what uses it, or set"
                f" {name.upper()} to another one."
            )


def _refuse_missing_keys() -> None:
    """Before anything is written to a database; next to an embedded one they are made now."""
    keys.encryption_key()
    keys.session_key()


def _fill_if_empty(urls: Urls, say: Callable[[str], None]) -> None:
    with reading() as session:
        empty = directory.has_nobody(session)
    if empty:
        from seeds.loader import load_sample

        say("Loading the sample data; this happens once.")
        load_sample(urls.owner)
        # The loader may have bound the sessions to the owner's connection.
        connect(urls.app)


def _parts(urls: Urls) -> list[Part]:
    environment = {**os.environ, **environment_for(urls)}
    ports = {"dashboard": settings().crm_dashboard_port, "api": settings().crm_api_port}
    return [
        Part(
            name="worker" if command == "work" else command,
            command=[sys.executable, "-m", "crm_core", command],
            environment=environment,
            health=f"{_reachable(ports[command])}/health" if command in ports else None,
        )
        for command in ("dashboard", "api", "work")
    ]


def _reachable(port: int) -> str:
    """Where we ourselves reach a part: a name could have another address first."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings().crm_host, settings().crm_host)  # noqa: S104
    return f"http://{host}:{port}"


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.Error:
        return False
    return True


def _welcome() -> str:
    return f"""
The dashboard   {address(settings().crm_dashboard_port)}
The API         {address(settings().crm_api_port)}/api/crm-v2/docs

Sign in as administrator with this link, once and within 15 minutes:
{sign_in_address(_administrator_link())}

Ctrl-C stops everything."""


def _administrator_link() -> str:
    with transaction(who=_ACTOR.key, why="started") as session:
        administrator = directory.first_administrator(session)
        if administrator is None:
            data = StaffCreate(email=ADMINISTRATOR, name="Administrator", roles=[Role.ADMIN])
            administrator = service.create_staff(session, data, actor=_ACTOR)
        return service.make_sign_in_link(session, administrator.email, actor=_ACTOR)

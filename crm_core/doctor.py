"""`doctor`: what is needed, whether it is there, and what to do where it is not."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import Requirement
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from crm_core import up
from crm_core.base import keys
from crm_core.base.database import database, outside_urls
from crm_core.base.db import connect, connected, pooled, reading
from crm_core.base.embedded import EmbeddedError, programs
from crm_core.base.migrate import OLDEST_POSTGRES, DatabaseUnfit, is_current
from crm_core.base.settings import settings

OLDEST_PYTHON = (3, 11)
PROJECT = Path(__file__).parents[1]
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, and where it is wrong what to do."""

    ok: bool
    text: str


def findings() -> Iterator[Finding]:
    """Every check in the order in which a start would trip over it."""
    checks: list[Callable[[], Finding]] = [
        _python,
        _environment,
        _requirements,
        _data_dir,
        _keys,
        lambda: _port("crm_dashboard_port"),
        lambda: _port("crm_api_port"),
        _database,
        _pooler,
        _browser,
    ]
    for check in checks:
        yield check()


def find_browser() -> str | None:
    """The path of an installed Chromium; CRM_TEST_BROWSER names another one."""
    chosen = os.environ.get("CRM_TEST_BROWSER")
    names = (chosen,) if chosen else _BROWSERS
    return next((path for name in names if (path := shutil.which(name))), None)


def _python() -> Finding:
    here = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST_PYTHON:
        return Finding(False, f"Python {here} is too old: run `make PYTHON=python3.11 run`.")
    return Finding(True, f"Python {here}")


def _environment() -> Finding:
    if sys.prefix == sys.base_prefix:
        return Finding(False, "This is not the virtual environment: use `make run`.")
    return Finding(True, f"virtual environment in {sys.prefix}")


def _requirements() -> Finding:
    wrong = [line for line in _pinned() if not _is_installed(Requirement(line))]
    if wrong:
        return Finding(False, f"{', '.join(wrong)}: not installed so; run `make install`.")
    return Finding(True, "requirements are installed as pinned")


def _pinned() -> Iterator[str]:
    for line in (PROJECT / "requirements.txt").read_text().splitlines():
        requirement = line.partition("#")[0].strip()
        if requirement:
            yield requirement


def _is_installed(wanted: Requirement) -> bool:
    if wanted.marker is not None and not wanted.marker.evaluate():
        return True
    try:
        return wanted.specifier.contains(version(wanted.name), prereleases=True)
    except PackageNotFoundError:
        return False


def _data_dir() -> Finding:
    folder = settings().crm_data_dir.absolute()
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        return Finding(
            False,
            f"{folder} is not writable: let this account write there, or set CRM_DATA_DIR to"
            " another folder.",
        )
    return Finding(True, f"data directory {folder}")


def _keys() -> Finding:
    made = settings().crm_encryption_key or (settings().crm_data_dir / "encryption.key").exists()
    if outside_urls() is None and not made:
        return Finding(True, "keys are made at the first start")
    try:
        keys.encryption_key()
        keys.session_key()
    except (keys.KeyMissing, OSError) as error:
        return Finding(False, str(error))
    return Finding(True, "keys for encryption and sessions")


def _port(setting: str) -> Finding:
    port, host = getattr(settings(), setting), settings().crm_host
    if up.is_free(host, port):
        return Finding(True, f"port {port} is free")
    if up.is_running(settings().crm_data_dir):
        return Finding(True, f"port {port} is taken, and `up` is running")
    return Finding(
        False, f"Port {port} is taken: stop what uses it, or set {setting.upper()} to another one."
    )


def _database() -> Finding:
    made = settings().crm_data_dir / "cluster"
    try:
        if outside_urls() is None and not made.exists():
            major = programs.find(made_by=None).major
            return Finding(True, f"the first start makes a database of PostgreSQL {major}")
        with database() as urls:
            return _schema(urls.app)
    except (DatabaseUnfit, EmbeddedError) as error:
        return Finding(False, str(error))


def _pooler() -> Finding:
    outside = outside_urls()
    if outside is None or not pooled():
        return Finding(True, "the database is reached without a pooler")
    try:
        with connected(outside.app), reading() as session:
            found = session.execute(_AS_POOLED).one()
    except SQLAlchemyError as error:
        return Finding(False, f"the pooler does not answer: {str(error).splitlines()[0]}")
    if all(found):
        return Finding(True, "the pooler gives connections that are set as they must be")
    return Finding(
        False,
        "set the application's login on the server, since a pooler passes no settings on:"
        " docs/operations.md, Scaling out, has the statements",
    )


# The login must not own the history, and reads instants in UTC, plans anew, gives up in time.
_AS_POOLED = text(
    "SELECT NOT has_table_privilege('crm_history', 'UPDATE'), current_setting('TimeZone') = 'UTC',"
    " current_setting('plan_cache_mode') = 'force_custom_plan',"
    " current_setting('statement_timeout') <> '0', current_setting('lock_timeout') <> '0'"
)


def _schema(url: str) -> Finding:
    engine = connect(url)
    try:
        with engine.connect() as connection:
            major = (
                int(connection.exec_driver_sql("SHOW server_version_num").scalar_one()) // 10_000
            )
            if major < OLDEST_POSTGRES:
                return Finding(
                    False, f"PostgreSQL {major} is too old: use {OLDEST_POSTGRES} or newer."
                )
            current = is_current(connection)
    except SQLAlchemyError:
        # The application's role does not exist, or may not read: nothing was migrated yet.
        current, major = False, 0
    finally:
        engine.dispose()
    if not current:
        return Finding(False, "The database lacks migrations: run `python -m crm_core migrate`.")
    return Finding(True, f"database answers (PostgreSQL {major}), migrations are there")


def _browser() -> Finding:
    path = find_browser()
    if path is None:
        # Whoever only uses the product needs none.
        return Finding(
            True, "no Chromium: the browser tests are skipped until `apt-get install chromium`"
        )
    return Finding(True, f"browser for the tests: {path}")

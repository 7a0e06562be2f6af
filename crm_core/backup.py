"""Backup and restore: one file with everything in the database, and what a restored one needs.

The two keys are never in the file: whoever finds it reads no account or identity number.
"""

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from crm_core.base import crypto, history
from crm_core.base.database import outside_urls
from crm_core.base.db import APP_ROLE, connected, transaction
from crm_core.base.embedded import programs
from crm_core.base.errors import Refusal
from crm_core.base.migrate import DatabaseUnfit, migrate
from crm_core.base.settings import settings
from crm_core.messaging import service as messaging
from crm_core.messaging.schemas import Channel, ChannelPause
from crm_core.people import service as people
from crm_core.people.schemas import Actor

_KEYS = ("encryption.key", "session.key")
_SENT_BY = (Channel.SMS, Channel.EMAIL, Channel.WHATSAPP)
_ENVIRONMENT = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "options": "PGOPTIONS",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
}


def back_up(url: str, file: Path) -> None:
    """Writes the whole database at ``url`` into ``file``, which appears when it is whole.

    Args:
        url: the address of the tables' owner.

    Raises:
        DatabaseUnfit: pg_dump fails, and says why.
    """
    if file.exists():
        raise DatabaseUnfit(f"{file} is there already: choose another name.")
    unfinished = file.with_name(f"{file.name}.unfinished")
    unfinished.touch(0o600)
    try:
        _run(url, "pg_dump", ["--format=custom", "--no-owner", f"--file={unfinished}"])
        unfinished.rename(file)
    finally:
        unfinished.unlink(missing_ok=True)


def refuse_strange_keys() -> None:
    """Raises ``DatabaseUnfit`` where the embedded database's keys would be made anew."""
    folder = settings().crm_data_dir
    missing = [name for name in _KEYS if not (folder / name).exists()]
    named = settings().crm_encryption_key and settings().crm_session_key
    if missing and not named and outside_urls() is None:
        raise DatabaseUnfit(
            f"Put {' and '.join(missing)} of the backed-up installation into {folder} first:"
            " without them nobody reads an account or identity number again."
        )


def restore(url: str, file: Path, *, say: Callable[[str], None]) -> None:
    """Reads ``file`` into the empty database at ``url``: all of it or nothing.

    The history's chain goes on from its last hash, and newer migrations are made.

    Raises:
        DatabaseUnfit: the database is in use, or pg_restore fails, and says why.
    """
    _prepare(url)
    say("Reading the data in; a large database takes its time.")
    whole = ["--no-owner", "--exit-on-error", "--single-transaction"]
    _run(url, "pg_restore", [*whole, f"--dbname={conninfo_to_dict(url)['dbname']}", str(file)])
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url))
    with Session(engine) as session, session.begin():
        history.restart_chain(session)
    engine.dispose()
    migrate(url)
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("ANALYZE")


def calm(url: str, file: Path, *, actor: Actor) -> None:
    """Nothing that the backup had under way goes out unseen, and everybody signs in anew.

    Raises:
        DatabaseUnfit: the key is not the one that the numbers were encrypted with.
    """
    with connected(url), transaction(who=actor.key, why=f"Restored from {file.name}") as session:
        history.note(session, "restore", "crm_history", None, {"file": file.name})
        people.end_all_sessions(session, actor=actor)
        for channel in _SENT_BY:
            _pause(session, channel, file, actor)
        found = session.execute(_ANY_ENCRYPTED).scalar()
    if found is not None:
        _refuse_wrong_key(bytes(found))


def _pause(session: Session, channel: Channel, file: Path, actor: Actor) -> None:
    reason = f"Restored from {file.name}: what waits may have been sent since the backup."
    try:
        messaging.pause_channel(session, channel, ChannelPause(reason=reason), actor=actor)
    except Refusal:
        return  # It is paused already, for a reason of its own.


def _refuse_wrong_key(encrypted: bytes) -> None:
    try:
        crypto.decrypt(encrypted)
    except ValueError as error:
        raise DatabaseUnfit(
            "The data is restored, but the encryption key is not the one it was encrypted with:"
            " put the right one there, or no account or identity number can be read."
        ) from error


def _prepare(url: str) -> None:
    """The role that the rights of the backup are given to; a database in use is refused."""
    with psycopg.connect(url, autocommit=True) as owner:
        if owner.execute("SELECT to_regclass('public.alembic_version')").fetchone() != (None,):
            raise DatabaseUnfit(
                "This database is in use: restore into an empty one, that is a new CRM_DATA_DIR"
                " or a database that was just created."
            )
        roles = owner.execute("SELECT rolname FROM pg_roles WHERE rolname = %s", [APP_ROLE])
        if roles.fetchone() is None:
            owner.execute(f"CREATE ROLE {APP_ROLE} NOLOGIN")


def _run(url: str, program: str, words: Sequence[str]) -> None:
    """The password goes by the environment: everybody on the machine can read command lines."""
    found = _programs_for(url)
    address = conninfo_to_dict(url)
    where = {_ENVIRONMENT[name]: str(v) for name, v in address.items() if name in _ENVIRONMENT}
    answer = subprocess.run(
        [found.path(program), "--no-password", *words],
        env=programs.environment() | where,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )
    if answer.returncode != 0:
        reason = (answer.stderr.strip().splitlines() or ["it said nothing"])[0]
        raise DatabaseUnfit(f"{program} failed: {reason}")


def _programs_for(url: str) -> programs.Programs:
    """Those of the server's own version: an older pg_dump refuses it, and it a newer one's file."""
    with psycopg.connect(url) as connection:
        major = connection.info.server_version // 10_000
    found = programs.find_clients(major)
    if found is None:
        raise DatabaseUnfit(
            f"The server is PostgreSQL {major}, and its pg_dump is not here: install"
            f" postgresql-client-{major}, or set CRM_PG_BIN to the folder of its programs."
        )
    return found


# Accounts are the most common; any value that the key made will do.
_ANY_ENCRYPTED = text(
    """
    (SELECT account_encrypted FROM crm_owner_accounts LIMIT 1)
    UNION ALL (SELECT nin_encrypted FROM crm_patients WHERE nin_encrypted IS NOT NULL LIMIT 1)
    LIMIT 1
    """
)

"""Brings a database to the present schema, and tells whether it is there."""

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import ProgrammingError

OLDEST_POSTGRES = 15
_LOCK = 4_242_001  # any number of our own: one migration at a time


class DatabaseUnfit(RuntimeError):
    """One sentence that says what about the database to change."""


def migrate(url: str) -> None:
    """Upgrades to the newest revision as the owner of the tables; does nothing where it is there.

    Raises:
        DatabaseUnfit: too old, or the role may not create what it must.
    """
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url))
    try:
        with engine.connect() as connection:
            _refuse_old(connection)
            connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
            connection.execute(text("SET lock_timeout = '10s'"))
            connection.commit()
            command.upgrade(_config(connection), "head")
            connection.execute(text(_STEP_DOWN))
            connection.commit()
    except ProgrammingError as error:
        if isinstance(error.orig, InsufficientPrivilege):
            raise DatabaseUnfit(_rights_wanted(error.orig)) from error
        raise
    finally:
        engine.dispose()


# Since PostgreSQL 16 whoever makes a role may give it away, and not put it on: with one login for
# everything its connections could not become the application's.
_STEP_DOWN = """
DO $$ BEGIN
    IF current_setting('server_version_num')::int >= 160000
       AND NOT pg_has_role('crm_app', 'SET')
       AND pg_has_role('crm_app', 'MEMBER WITH ADMIN OPTION') THEN
        EXECUTE format('GRANT crm_app TO %I', current_user);
    END IF;
END $$
"""


def is_current(connection: Connection) -> bool:
    """Whether the database has every migration that this code knows."""
    heads = set(ScriptDirectory.from_config(_config(connection)).get_heads())
    return set(MigrationContext.configure(connection).get_current_heads()) == heads


def _refuse_old(connection: Connection) -> None:
    version = connection.execute(text("SHOW server_version_num")).scalar_one()
    if int(version) < OLDEST_POSTGRES * 10_000:
        raise DatabaseUnfit(
            f"PostgreSQL {int(version) // 10_000} is too old: use {OLDEST_POSTGRES} or newer."
        )


def _rights_wanted(error: Exception) -> str:
    reason = str(error).splitlines()[0]
    return (
        f"The database role may not do what a migration needs ({reason}): give it the database"
        " and the right to create roles, or name one that has them in MIGRATION_DATABASE_URL."
    )


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[1] / "migrations"))
    config.attributes["connection"] = connection
    return config

"""Which database there is: an outside one that the settings name, or the embedded one."""

import hashlib
import hmac
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from crm_core.base import embedded
from crm_core.base.db import APP_ROLE, connected
from crm_core.base.embedded import Cluster
from crm_core.base.migrate import DatabaseUnfit
from crm_core.base.settings import settings

OWNER_ROLE = "crm_owner"
DATABASE = "crm"
_LOCK = 4_242_003  # one process at a time sets up the embedded database

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Urls:
    """The same database for the application, and for the owner of the tables, who migrates."""

    app: str = field(repr=False)
    owner: str = field(repr=False)


@contextmanager
def database(*, say: Callable[[str], None] = _log.info) -> Iterator[Urls]:
    """The database as long as the block runs; the embedded one is started and stopped for it.

    Raises:
        DatabaseUnfit: an outside database cannot be reached.
        EmbeddedError: the embedded one cannot run.
    """
    outside = outside_urls()
    if outside is not None:
        refuse_unreachable(outside.owner)
        yield outside
        return
    with embedded.running(settings().crm_data_dir, say=say) as cluster:
        yield _set_up(cluster)


@contextmanager
def in_database(*, say: Callable[[str], None]) -> Iterator[None]:
    """``database``, and the application's sessions are bound to it meanwhile: for commands."""
    with database(say=say) as urls, connected(urls.app):
        yield


@contextmanager
def revivable(*, say: Callable[[str], None]) -> Iterator[tuple[Urls, Callable[[], None] | None]]:
    """Like ``database``, with a function that starts an embedded one again after it died.

    An outside database is not ours to start: there the function is None.
    """
    with ExitStack() as stack:
        urls = stack.enter_context(database(say=say))

        def revive() -> None:
            stack.enter_context(embedded.running(settings().crm_data_dir, say=say))

        yield urls, revive if outside_urls() is None else None


def outside_urls() -> Urls | None:
    """What DATABASE_URL and MIGRATION_DATABASE_URL name; None where the embedded one is meant."""
    app, owner = settings().database_url, settings().migration_database_url
    if app is None or not app.get_secret_value():
        return None
    chosen = owner if owner is not None and owner.get_secret_value() else app
    return Urls(app.get_secret_value(), chosen.get_secret_value())


def refuse_unreachable(url: str) -> None:
    """Raises ``DatabaseUnfit`` with what to do about a database that does not answer."""
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.Error as error:
        raise DatabaseUnfit(_unreachable(url, error)) from error


def _unreachable(url: str, error: psycopg.Error) -> str:
    reason = (str(error).strip().splitlines() or ["no answer"])[-1].strip().rstrip(".")
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        return "DATABASE_URL is not an address: write postgresql://user:password@host:5432/name."
    where = f"{parts.get('dbname', '')} on {parts.get('host', 'this machine')}"
    return (
        f"The database {where} cannot be reached ({reason}): start it, or correct DATABASE_URL,"
        " or remove DATABASE_URL to use the embedded one."
    )


def _set_up(cluster: Cluster) -> Urls:
    """Makes the two roles and the database where they are missing."""
    with psycopg.connect(cluster.url(), autocommit=True) as admin:
        admin.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        roles = {row[0] for row in admin.execute("SELECT rolname FROM pg_roles")}
        if APP_ROLE not in roles:
            _create_role(admin, APP_ROLE, "", _password(cluster, APP_ROLE))
        if OWNER_ROLE not in roles:
            _create_role(admin, OWNER_ROLE, "CREATEROLE", _password(cluster, OWNER_ROLE))
            admin.execute(f"GRANT {APP_ROLE} TO {OWNER_ROLE}")
        if not admin.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).fetchall():
            admin.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER_ROLE}")
    return Urls(_url(cluster, APP_ROLE), _url(cluster, OWNER_ROLE))


def _create_role(
    admin: psycopg.Connection[tuple[object, ...]], role: str, rights: str, password: str
) -> None:
    statement = f"CREATE ROLE {role} LOGIN {rights} PASSWORD {{}}"
    admin.execute(sql.SQL(statement).format(sql.Literal(password)))


def _url(cluster: Cluster, role: str) -> str:
    return cluster.url(user=role, database=DATABASE, password=_password(cluster, role))


def _password(cluster: Cluster, role: str) -> str:
    """Follows from the administrator's, so that there is one secret to keep and not three."""
    return hmac.new(cluster.password.encode(), role.encode(), hashlib.sha256).hexdigest()

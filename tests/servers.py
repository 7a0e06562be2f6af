"""The database server of a test run: roles, a migrated template, and clones of it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from crm_core.base import embedded
from crm_core.base.db import APP_ROLE
from crm_core.base.migrate import migrate

OWNER = "crm_owner"

# A test database is thrown away: it need not survive a power cut.
_CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass
class Databases:
    """Makes databases on one server, and drops them all at the end."""

    admin_url: str
    run: str = field(default_factory=lambda: f"crm_test_{os.getpid()}")
    _made: list[str] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def template(self) -> str:
        """The name of a database at the newest migration, made as the owner of the tables."""
        name = f"{self.run}_template"
        if name not in self._made:
            self.empty(name)
            migrate(self.url(name, role=OWNER))
        return name

    def clone(self) -> str:
        """The name of a fresh copy of the template."""
        name, template = f"{self.run}_{next(self._numbers)}", self.template()
        self._create(name, template)
        return name

    def empty(self, name: str = "") -> str:
        """The name of a database without any table of ours."""
        name = name or f"{self.run}_{next(self._numbers)}"
        self._create(name, "template0")
        return name

    def url(self, name: str, *, role: str | None = None) -> str:
        """Address of a database, as the server's administrator or with a role put on."""
        options = {} if role is None else {"options": f"-c role={role}"}
        return as_uri(make_conninfo(self.admin_url, dbname=name, **options))

    def drop(self, name: str) -> None:
        """Drops a database with whatever is connected to it."""
        self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
        self._made.remove(name)

    def drop_all(self) -> None:
        """Leaves the server as it was found, but for the two roles."""
        for name in reversed(self._made):
            self.drop(name)

    def make_roles(self) -> None:
        """The roles that an installation has: the owner of the tables, and the application's."""
        with psycopg.connect(self.admin_url, autocommit=True) as admin:
            admin.execute("SELECT pg_advisory_lock(4242009)")
            found = {row[0] for row in admin.execute("SELECT rolname FROM pg_roles")}
            if APP_ROLE not in found:
                admin.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(APP_ROLE)))
            if OWNER not in found:
                admin.execute(
                    sql.SQL("CREATE ROLE {} CREATEROLE LOGIN").format(sql.Identifier(OWNER))
                )
                admin.execute(f"GRANT {APP_ROLE} TO {OWNER}")

    def _create(self, name: str, template: str) -> None:
        self._execute("CREATE DATABASE {} TEMPLATE {} OWNER {}", name, template, OWNER)
        self._made.append(name)

    def _execute(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.admin_url, autocommit=True) as admin:
            admin.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def running_server(folder: Path) -> Iterator[str]:
    """The server that TEST_DATABASE_URL names (as a superuser), or an embedded one."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield given
        return
    with embedded.running(folder, settings=_CARELESS) as cluster:
        yield cluster.url()


def as_uri(conninfo: str) -> str:
    """A libpq ``key=value`` string as the address that settings and commands take."""
    parts = conninfo_to_dict(conninfo)
    user, password = str(parts.pop("user", "")), str(parts.pop("password", "") or "")
    name = str(parts.pop("dbname", "postgres"))
    who = quote(user, safe="") + (":" + quote(password, safe="") if password else "")
    query = urlencode({key: str(value) for key, value in parts.items()}, quote_via=quote)
    return f"postgresql://{who}@/{quote(name, safe='')}?{query}"

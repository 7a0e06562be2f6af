"""A database of the benchmark's size, and the tables that are printed at the end."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.orm import Session

from crm_core.base.db import CONNECTION, SessionFactory, connected
from crm_core.base.migrate import migrate
from crm_core.generate import Generated, generate
from tests.load.measuring import Table
from tests.servers import OWNER, Databases

PATIENTS = int(os.environ.get("CRM_BENCH_PATIENTS", "1000000"))
TRANSACTIONS = int(os.environ.get("CRM_BENCH_TRANSACTIONS", "10000000"))

_TABLES = pytest.StashKey[list[Table]]()
_MADE = pytest.StashKey[Generated]()


def pytest_configure(config: pytest.Config) -> None:
    """Nothing was measured yet."""
    config.stash[_TABLES] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints what was measured."""
    for table in terminalreporter.config.stash[_TABLES]:
        terminalreporter.ensure_newline()
        for line in table.lines():
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def tables(pytestconfig: pytest.Config) -> list[Table]:
    """Where a benchmark puts its table."""
    return pytestconfig.stash[_TABLES]


@pytest.fixture(scope="session")
def business(databases: Databases) -> Iterator[str]:
    """The address of a database with 2,000 owners and 100,000 payouts."""
    name = databases.empty()
    owner = databases.url(name, role=OWNER)
    migrate(owner)
    with psycopg.connect(owner) as connection:
        connection.execute((Path(__file__).parent / "business.sql").read_bytes())
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    yield databases.url(name)
    databases.drop(name)


@pytest.fixture(scope="session")
def members(databases: Databases, pytestconfig: pytest.Config) -> Iterator[str]:
    """The address of a database with 1,000,000 patients and about 10,000,000 rows of ledger."""
    name = databases.empty()
    owner = databases.url(name, role=OWNER)
    migrate(owner)
    with psycopg.connect(owner) as connection:
        connection.execute(_BEFORE_MEMBERS)
    numbers = {"patients": PATIENTS, "transactions": TRANSACTIONS, "seed": 1}
    pytestconfig.stash[_MADE] = generate(owner, **numbers, say=lambda _: None)
    with psycopg.connect(databases.url(name), autocommit=True) as admin:
        for statement in (Path(__file__).parent / "members.sql").read_text().split(";\n"):
            if statement.strip():
                admin.execute(statement.encode())
    yield databases.url(name)
    databases.drop(name)


@pytest.fixture(scope="session")
def made(members: str, pytestconfig: pytest.Config) -> Generated:
    """How many rows `generate` made of them, and how fast."""
    return pytestconfig.stash[_MADE]


_BEFORE_MEMBERS = """
    INSERT INTO crm_hospitals (name, city, state) VALUES ('Bench', 'Lagos', 'Lagos');
    INSERT INTO crm_rewards (name, cost) VALUES ('Towel', 100), ('Check-up', 500)
"""


@pytest.fixture(scope="session")
def connection_to_business(business: str) -> Iterator[psycopg.Connection[Any]]:
    """A bare connection as the application has it."""
    with psycopg.connect(business, **CONNECTION, autocommit=True) as connection:
        yield connection


@pytest.fixture
def in_business(business: str) -> Iterator[Session]:
    """A session over the same data; whatever it does is rolled back."""
    with connected(business), SessionFactory() as session:
        yield session
        session.rollback()


@pytest.fixture
def tidy(business: str) -> Iterator[Callable[[], object]]:
    """Clears away the rows of writes that were taken back: they would slow down the next one."""
    with psycopg.connect(business, autocommit=True) as connection:
        yield lambda: connection.execute("VACUUM crm_payouts, crm_payout_approvals, crm_owners")

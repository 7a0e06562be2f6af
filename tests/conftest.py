"""What every test may ask for: a database to itself, people, and known keys."""

import base64
import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, Engine, NullPool, create_engine
from sqlalchemy.orm import Session

from crm_core.base import crypto, keys
from crm_core.base.db import CONNECTION, SessionFactory, connected
from crm_core.base.settings import Settings, settings
from crm_core.doctor import find_browser
from crm_core.people.models import Staff
from crm_core.people.schemas import Actor
from tests.make import make_actor, make_staff
from tests.payouts.paystack import SECRET, LocalPaystack, running_paystack
from tests.servers import Databases, running_server

pytest_plugins = ["pytester"]

KEYS = {
    "CRM_ENCRYPTION_KEY": base64.urlsafe_b64encode(b"e" * 32).decode(),
    "CRM_SESSION_KEY": base64.urlsafe_b64encode(b"s" * 32).decode(),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where no browser is installed its tests are skipped, and say how to get one."""
    if find_browser() is None:
        missing = pytest.mark.skip(reason="no Chromium: apt-get install chromium")
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(missing)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where CI is set a browser test may not be skipped for any reason."""
    report = yield
    if report.skipped and item.get_closest_marker("browser") and os.environ.get("CI"):
        report.outcome = "failed"
        report.longrepr = f"A browser test was skipped where CI is set: {report.longrepr}"
    return report


@pytest.fixture(scope="session", autouse=True)
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Known settings, whatever the machine's environment and ``.env`` say."""
    kept = dict(os.environ)
    for name in Settings.model_fields:
        os.environ.pop(name.upper(), None)
    Settings.model_config["env_file"] = None
    os.environ.update(KEYS, CRM_DATA_DIR=str(tmp_path_factory.mktemp("data")))
    forget_settings()
    yield
    os.environ.clear()
    os.environ.update(kept)


@pytest.fixture
def set_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Sets variables (None removes one) for this test, and has the settings read again."""

    def set_them(**variables: str | None) -> None:
        for name, value in variables.items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)
        forget_settings()

    yield set_them
    monkeypatch.undo()
    forget_settings()


def forget_settings() -> None:
    """Everything that is read once a process is read again."""
    for cached in (
        settings,
        keys.encryption_key,
        keys.session_key,
        crypto._fernet,
        crypto._find_key,
    ):
        cached.cache_clear()


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """The run's database server, with a template at the newest migration."""
    with running_server(tmp_path_factory.mktemp("server")) as admin_url:
        made = Databases(admin_url)
        made.make_roles()
        yield made
        made.drop_all()


@pytest.fixture(scope="session")
def shared_engine(databases: Databases) -> Iterator[Engine]:
    """The clone that all rolled-back tests share; nothing is ever committed in it."""
    url = databases.url(databases.clone())
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(url, **CONNECTION),
        poolclass=NullPool,
    )
    yield engine
    engine.dispose()


@pytest.fixture
def connection(shared_engine: Engine) -> Iterator[Connection]:
    """One connection that every session of the test uses; all of it is rolled back."""
    with shared_engine.connect() as connection:
        outer = connection.begin()
        SessionFactory.configure(bind=connection, join_transaction_mode="create_savepoint")
        yield connection
        SessionFactory.configure(bind=None, join_transaction_mode="conditional_savepoint")
        outer.rollback()


@pytest.fixture
def session(connection: Connection) -> Iterator[Session]:
    """A session of the application's role, in a transaction that is rolled back."""
    with SessionFactory() as session:
        yield session


@pytest.fixture
def own_database(databases: Databases) -> Iterator[str]:
    """A database of the test's own, for threads, commits and crashes; its libpq address."""
    name = databases.clone()
    url = databases.url(name)
    with connected(url):
        yield url
    databases.drop(name)


@pytest.fixture
def empty_database(databases: Databases) -> Iterator[str]:
    """A database without tables, as on a first start; its libpq address, as the tables' owner."""
    name = databases.empty()
    yield databases.url(name, role="crm_owner")
    databases.drop(name)


@pytest.fixture
def paystack(set_environment: Callable[..., None]) -> Iterator[LocalPaystack]:
    """A transfer provider on this machine, which the settings name."""
    with running_paystack() as server:
        set_environment(CRM_PAYSTACK_SECRET_KEY=SECRET, CRM_PAYSTACK_URL=server.url)
        yield server


@pytest.fixture
def actor_of() -> Callable[..., Actor]:
    """``actor_of(Role.FINANCE, person="staff:7")``: somebody who may do what the roles may."""
    return make_actor


@pytest.fixture
def staff(session: Session) -> Callable[..., Staff]:
    """``staff(Role.ADMIN, password="…")``: an account in the rolled-back transaction."""
    return lambda *roles, **more: make_staff(session, *roles, **more)


@pytest.fixture(scope="session")
def project() -> Path:
    """The folder that the commands are run from."""
    return Path(__file__).parents[1]

"""The API over the test's own connection: what a request writes rolls back with the test."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from structlog.testing import capture_logs
from structlog.typing import EventDict

from crm_core.api.app import PREFIX, create_app
from crm_core.api.reader import open_reader
from crm_core.base.db import SessionFactory
from crm_core.base.estimates import Estimates
from crm_core.base.read import Reader, execute
from crm_core.people.schemas import Role
from tests.api import sample
from tests.api.tokens import make_token

SignedIn = Callable[..., TestClient]


class SessionReader:
    """A reader that sees what the test has written and not committed."""

    def __init__(self) -> None:
        self.estimates = Estimates()

    async def __call__(self, statement: str, values: Mapping[str, Any]) -> str | None:
        return await run_in_threadpool(self._read, statement, values)

    def _read(self, statement: str, values: Mapping[str, Any]) -> str | None:
        with SessionFactory() as session:
            found: str | None = execute(session, statement, values).scalar()
            return found


@asynccontextmanager
async def session_reader() -> AsyncIterator[Reader]:
    yield SessionReader()


def with_samples(app: FastAPI) -> FastAPI:
    """The app with the routes of ``tests/api/sample.py``."""
    app.include_router(sample.router, prefix=PREFIX)
    return app


@pytest.fixture
def logged() -> Iterator[list[EventDict]]:
    """What was logged; rendering a traceback for nobody would take seconds."""
    with capture_logs() as lines:
        yield lines


@pytest.fixture(scope="session")
def app(environment: None) -> FastAPI:
    """One app for all tests, with the sample routes: it holds nothing of a test's own."""
    return with_samples(create_app(session_reader))


@pytest.fixture
def anonymous(app: FastAPI, session: Session, logged: list[EventDict]) -> Iterator[TestClient]:
    """A client without a token; what breaks in the app is an answer and not an exception."""
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def signed_in(app: FastAPI, anonymous: TestClient, session: Session) -> SignedIn:
    """``signed_in(Role.FINANCE)``: a client with a fresh token of these roles."""

    def sign_in(*roles: Role) -> TestClient:
        token = make_token(session, *roles)
        session.commit()
        headers = {"Authorization": f"Bearer {token}"}
        client = TestClient(app, raise_server_exceptions=False, headers=headers)
        client.portal = anonymous.portal
        return client

    return sign_in


@pytest.fixture
def client(signed_in: SignedIn) -> TestClient:
    """A client that may do what finance may."""
    return signed_in(Role.FINANCE)


@pytest.fixture
def own_api(own_database: str, logged: list[EventDict]) -> Iterator[TestClient]:
    """The API on a database of the test's own, which really commits; signed in as finance."""
    with SessionFactory.begin() as session:
        token = make_token(session, Role.FINANCE)
    app = with_samples(create_app(lambda: open_reader(own_database)))
    headers = {"Authorization": f"Bearer {token}"}
    with TestClient(app, raise_server_exceptions=False, headers=headers) as client:
        yield client

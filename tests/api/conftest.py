"""The API over the test's own connection: what a request writes rolls back with the test."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from crm_core.api.app import create_app
from crm_core.base.db import SessionFactory
from crm_core.base.read import Reader, execute
from crm_core.people.schemas import Role
from tests.api.tokens import make_token

SignedIn = Callable[..., TestClient]


async def read_in_session(statement: str, values: Mapping[str, Any]) -> str | None:
    """A reader that sees what the test has written and not committed."""

    def run() -> str | None:
        with SessionFactory() as session:
            found: str | None = execute(session, statement, values).scalar()
            return found

    return await run_in_threadpool(run)


@asynccontextmanager
async def session_reader() -> AsyncIterator[Reader]:
    yield read_in_session


@pytest.fixture
def app(session: Session) -> FastAPI:
    """The app on the rolled-back connection; a test may add routes before its first request."""
    return create_app(session_reader)


@pytest.fixture
def signed_in(app: FastAPI, session: Session) -> Iterator[SignedIn]:
    """``signed_in(Role.FINANCE)``: a client with a fresh token of these roles."""
    with ExitStack() as stack:
        running = stack.enter_context(TestClient(app))

        def sign_in(*roles: Role) -> TestClient:
            token = make_token(session, *roles)
            session.commit()
            client = TestClient(app, headers={"Authorization": f"Bearer {token}"})
            client.portal = running.portal
            return client

        yield sign_in


@pytest.fixture
def client(signed_in: SignedIn) -> TestClient:
    """A client that may do what finance may."""
    return signed_in(Role.FINANCE)


@pytest.fixture
def anonymous(app: FastAPI) -> Iterator[TestClient]:
    """A client without a token."""
    with TestClient(app) as client:
        yield client

"""The dashboard's front door in the test's own transaction, and the whole of it as a process."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from crm_core.people import service
from crm_core.people.models import Staff
from crm_core.ui import oidc, sessions, sign_in_routes
from crm_core.ui.gate import Gate
from tests.conftest import KEYS
from tests.servers import Databases
from tests.ui.dashboard import Dashboard, wait_until_alive


async def tell_headers(request: Request) -> Response:
    """What a page behind the gate is told about the session."""
    return JSONResponse({"sid": request.headers.getlist("x-ops-sid")})


async def echo(websocket: WebSocket) -> None:
    """Says who is there, then repeats what it hears."""
    await websocket.accept()
    await websocket.send_json(websocket.headers.getlist("x-ops-sid"))
    try:
        while True:
            await websocket.send_bytes(await websocket.receive_bytes())
    except WebSocketDisconnect:
        pass


@pytest.fixture
def door(session: Session) -> Iterator[TestClient]:
    """A browser before the gate, with our sign-in routes and a page that tells what it sees."""
    app = Starlette(
        exception_handlers=sign_in_routes.ON_ERROR,
        routes=[
            *sign_in_routes.ROUTES,
            *oidc.ROUTES,
            Route("/{page:path}", tell_headers),
            WebSocketRoute("/_stcore/stream", echo),
        ],
    )
    with TestClient(Gate(app), base_url="https://testserver", follow_redirects=False) as client:
        yield client


@pytest.fixture
def signed_in(session: Session, staff: Callable[..., Staff]) -> Callable[..., str]:
    """``signed_in(Role.ADMIN)``: the token of a new session of a new person."""

    def sign_in(*roles: str, **more: str) -> str:
        person = staff(*roles, **more)
        return service.open_session(session, person.id, method="password", user_agent="test")

    return sign_in


@pytest.fixture
def as_browser(door: TestClient, signed_in: Callable[..., str]) -> Callable[..., str]:
    """``as_browser(Role.ADMIN)``: the browser at the door carries this session."""

    def carry(*roles: str, **more: str) -> str:
        token = signed_in(*roles, **more)
        door.cookies.set(sessions.COOKIE, token)
        return token

    return carry


@pytest.fixture(scope="module")
def dashboard(databases: Databases, project: Path) -> Iterator[Dashboard]:
    """The dashboard as people run it, in a process of its own, on a database of its own."""
    name = databases.clone()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = Dashboard(f"127.0.0.1:{port}", databases.url(name))
    environment = {
        **os.environ,
        **KEYS,
        "DATABASE_URL": running.database_url,
        "CRM_DASHBOARD_PORT": str(port),
    }
    command = [sys.executable, "-m", "uvicorn", "crm_core.ui.server:app", "--port", str(port)]
    with subprocess.Popen(command, cwd=project, env=environment) as process:
        try:
            wait_until_alive(running, process)
            yield running
        finally:
            process.terminate()
            process.wait(20)
    databases.drop(name)

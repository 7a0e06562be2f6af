"""The gate itself, before an application that only tells what it is told."""

from collections.abc import Callable

import pytest
from psycopg import connect
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from crm_core.base.db import SessionFactory
from crm_core.people import service
from crm_core.people.schemas import Role
from crm_core.ui import sessions
from crm_core.ui.gate import Gate

SignIn = Callable[..., str]
STREAM = "/_stcore/stream"


def cookie(token: str) -> dict[str, str]:
    return {"cookie": f"other=1; {sessions.COOKIE}={token}"}


def test_who_is_signed_in_comes_through_with_the_session(
    door: TestClient, as_browser: SignIn
) -> None:
    token = as_browser(Role.VIEWER)

    assert door.get("/owners").json() == {"sid": [token]}


def test_headers_that_clients_send_do_not_come_through(
    door: TestClient, as_browser: SignIn
) -> None:
    token = as_browser(Role.VIEWER)
    forged = [("x-ops-sid", "forged"), ("X-OPS-SID", "forged too")]

    assert door.get("/owners", headers=forged).json() == {"sid": [token]}


@pytest.mark.parametrize(
    "ended",
    [
        "revoked_at = now()",
        "expires_at = now()",
        "last_seen_at = now() - interval '2 hours'",
    ],
)
def test_an_ended_session_does_not_come_through(
    door: TestClient, as_browser: SignIn, session: Session, ended: str
) -> None:
    as_browser(Role.VIEWER)
    session.execute(text(f"UPDATE crm_sessions SET {ended}"))

    assert door.get("/owners", headers={"accept": "text/html"}).status_code == 303
    assert door.get("/owners").status_code == 401
    assert door.post("/owners", headers={"accept": "text/html"}).status_code == 401


@pytest.mark.parametrize("cookies", ["", "__Host-ops=", "__Host-ops=nonsense", '"; =', "a=b;;;"])
def test_cookies_that_mean_nothing_are_nobody(door: TestClient, cookies: str) -> None:
    assert door.get("/owners", headers={"cookie": cookies}).status_code == 401


def test_a_deactivated_person_is_out_at_once(
    door: TestClient, as_browser: SignIn, session: Session
) -> None:
    as_browser(Role.VIEWER)
    session.execute(text("UPDATE crm_staff SET active = false"))

    assert door.get("/owners").status_code == 401


def test_each_websocket_message_is_checked(
    door: TestClient, signed_in: SignIn, session: Session
) -> None:
    token = signed_in(Role.VIEWER)

    with door.websocket_connect(STREAM, headers=cookie(token)) as socket:
        assert socket.receive_json() == [token]
        socket.send_bytes(b"one")
        assert socket.receive_bytes() == b"one"
        service.close_session(session, token)
        session.flush()
        socket.send_bytes(b"two")
        assert b"/auth/sign-in" in socket.receive_bytes()
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_bytes()
    assert closed.value.code == 1008


def test_a_stranger_opens_no_websocket(door: TestClient) -> None:
    with (
        pytest.raises(WebSocketDisconnect),
        door.websocket_connect(STREAM, headers={"x-ops-sid": "forged"}),
    ):
        pass


def lose_the_database() -> None:
    gone = create_engine("postgresql+psycopg://", creator=lambda: connect("host=/nowhere"))
    SessionFactory.configure(bind=gone)


def test_a_database_that_does_not_answer_is_said_so(door: TestClient, as_browser: SignIn) -> None:
    as_browser(Role.VIEWER)
    lose_the_database()

    for path in ("/owners", "/auth/sign-in"):
        answer = door.get(path)
        assert answer.status_code == 503
        assert "database does not answer" in answer.text


def test_a_database_that_is_away_for_a_moment_signs_nobody_out(
    door: TestClient, signed_in: SignIn
) -> None:
    with door.websocket_connect(STREAM, headers=cookie(signed_in(Role.VIEWER))) as socket:
        socket.receive_json()
        lose_the_database()
        socket.send_bytes(b"one")
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_bytes()
    assert closed.value.code == 1013


@pytest.mark.parametrize(
    ("address", "kept"), [("https://ops.example.ng", "max-age=31536000"), (None, None)]
)
def test_behind_tls_browsers_are_told_to_stay_there(
    set_environment: Callable[..., None], address: str | None, kept: str | None
) -> None:
    set_environment(CRM_PUBLIC_URL=address)

    answer = TestClient(Gate(Starlette())).get("/auth/sign-in")

    assert answer.headers.get("strict-transport-security") == kept

"""How much may be sent, and how often."""

from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from itertools import repeat
from threading import Thread

import pytest
import uvicorn
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from crm_core.api.app import PREFIX, create_app
from crm_core.people.schemas import Role
from tests.api.conftest import session_reader, with_samples
from tests.api.tokens import make_token

LARGEST = 2000
RECEIPTS = f"{PREFIX}/sample/receipts"


@pytest.fixture
def limited(set_environment: Callable[..., None], session: Session) -> Iterator[TestClient]:
    """A client of an API that takes 2,000 bytes and three requests a minute."""
    set_environment(CRM_MAX_BODY_BYTES=str(LARGEST), CRM_RATE_LIMIT="3")
    token = make_token(session, Role.FINANCE)
    session.commit()
    headers = {"Authorization": f"Bearer {token}"}
    with TestClient(with_samples(create_app(session_reader)), headers=headers) as client:
        yield client


def body_of(size: int) -> bytes:
    """A right body of exactly so many bytes."""
    empty = b'{"title": "a"}'
    return empty + b" " * (size - len(empty))


def test_a_body_of_the_limit_is_taken_and_a_byte_more_is_413(limited: TestClient) -> None:
    headers = {"content-type": "application/json"}
    assert limited.post(RECEIPTS, content=body_of(LARGEST), headers=headers).status_code == 201
    answer = limited.post(RECEIPTS, content=body_of(LARGEST + 1), headers=headers)
    assert answer.status_code == 413
    assert answer.json() == {
        "success": False,
        "message": "The body is too large: send at most 2,000 bytes.",
    }


def test_a_body_without_a_length_is_cut_off_at_the_limit(limited: TestClient) -> None:
    headers = {"content-type": "application/json"}
    chunks = repeat(b" " * 100, 1_000_000)
    answer = limited.post(RECEIPTS, content=chunks, headers=headers)
    assert answer.status_code == 413
    assert "content-length" not in answer.request.headers


def test_a_length_that_is_announced_is_refused_before_the_token_is_looked_at(
    limited: TestClient,
) -> None:
    answer = limited.post(
        RECEIPTS, content=b"x" * (LARGEST + 1), headers={"Authorization": "Bearer wrong"}
    )
    assert answer.status_code == 413


def test_ten_megabytes_over_a_real_socket_are_413_in_the_envelope(
    limited: TestClient, free_server: Callable[[TestClient], int]
) -> None:
    connection = HTTPConnection("127.0.0.1", free_server(limited), timeout=30)
    headers = {"Authorization": limited.headers["authorization"]}
    connection.request("POST", RECEIPTS, body=b"[" * 10_000_000, headers=headers)
    answer = connection.getresponse()
    assert (answer.status, answer.read()[:17]) == (413, b'{"success":false,')
    connection.close()


@pytest.fixture
def free_server() -> Iterator[Callable[[TestClient], int]]:
    """Serves a client's app on a free port of this machine; gives the port."""
    running: list[tuple[uvicorn.Server, Thread]] = []

    def serve(client: TestClient) -> int:
        config = uvicorn.Config(client.app, port=0, log_config=None, lifespan="off")
        server = uvicorn.Server(config)
        socket = config.bind_socket()
        socket.listen()  # who connects before the server is up waits for it
        thread = Thread(target=server.run, kwargs={"sockets": [socket]})
        thread.start()
        running.append((server, thread))
        return int(socket.getsockname()[1])

    yield serve
    for server, thread in running:
        server.should_exit = True
        thread.join()


def test_more_requests_than_allowed_are_429_with_the_seconds_to_wait(limited: TestClient) -> None:
    answers = [limited.get(f"{PREFIX}/receipts") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    wait = answers[-1].headers["retry-after"]
    assert 1 <= int(wait) <= 20
    assert answers[-1].json() == {
        "success": False,
        "message": f"Too many requests: try again in {wait} s.",
    }


def test_writes_and_refused_requests_count_too(limited: TestClient) -> None:
    limited.post(RECEIPTS, json={"title": "One"})
    limited.post(RECEIPTS, json={})
    limited.get(f"{PREFIX}/receipts?limit=1000")
    assert limited.get(f"{PREFIX}/receipts").status_code == 429


def test_one_token_s_haste_holds_nobody_else_up(limited: TestClient, session: Session) -> None:
    for _ in range(4):
        limited.get(f"{PREFIX}/receipts")
    other = make_token(session, Role.VIEWER)
    session.commit()
    headers = {"Authorization": f"Bearer {other}"}
    assert limited.get(f"{PREFIX}/receipts", headers=headers).status_code == 200

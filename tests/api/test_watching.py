"""What those who run the service see: ids, headers, log lines, counters, health."""

import json
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import func, update
from sqlalchemy.orm import Session

from crm_core.api.access import AccessLog
from crm_core.api.app import PREFIX, create_app
from crm_core.base import beats
from crm_core.base.db import SessionFactory, connect, connected
from crm_core.base.models import WorkerBeat
from tests.api.conftest import session_reader

RECEIPTS = f"{PREFIX}/receipts"


@pytest.mark.parametrize(
    "address", [RECEIPTS, f"{PREFIX}/nothing", "/health", f"{PREFIX}/sample/sql/broken"]
)
def test_every_answer_carries_the_headers_of_safety(client: TestClient, address: str) -> None:
    headers = client.get(address).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["cache-control"] == "no-store"


def test_a_request_s_own_id_is_kept_and_given_back(client: TestClient) -> None:
    answer = client.get(RECEIPTS, headers={"X-Request-ID": "job-42:retry.1"})
    assert answer.headers["x-request-id"] == "job-42:retry.1"


@pytest.mark.parametrize("bad", ["short", "x" * 101, "has space in it", "line%0abreak{}", "é" * 10])
def test_an_id_that_is_none_is_replaced(client: TestClient, bad: str) -> None:
    header = {"X-Request-ID": bad.encode("latin-1")}
    given = client.get(RECEIPTS, headers=header).headers["x-request-id"]  # type: ignore[arg-type] # bytes are taken, too
    assert given != bad
    assert len(given) == 16


def test_requests_without_an_id_get_different_ones(client: TestClient) -> None:
    given = {client.get(RECEIPTS).headers["x-request-id"] for _ in range(10)}
    assert len(given) == 10


def test_a_request_is_one_line_in_the_log_without_what_was_searched_for(
    client: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = client.get(f"{RECEIPTS}?kind=Chioma")
    (line,) = [one for one in capsys.readouterr().err.splitlines() if "request" in one]
    assert "method=GET" in line
    assert f"path={RECEIPTS} " in line
    assert "status=200" in line
    assert "actor=token:" in line
    assert answer.headers["x-request-id"] in line
    assert "Chioma" not in line


def test_log_lines_are_json_where_machines_read_them(capsys: pytest.CaptureFixture[str]) -> None:
    AccessLog("json").write({"method": "GET", "status": 200})
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["method"], line["status"]) == ("request", "GET", 200)
    assert {"timestamp", "level", "logger"} < set(line)


def counted(client: TestClient, name: str, **labels: str) -> float:
    """The value of one series; 0 where it is not there yet."""
    for family in text_string_to_metric_families(client.get("/metrics").text):
        for sample in family.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                return sample.value
    return 0


def test_requests_are_counted_by_route_method_and_status(client: TestClient) -> None:
    routes = {
        f"{PREFIX}/receipts": (f"{PREFIX}/receipts", "200"),
        f"{PREFIX}/receipts/123456": (f"{PREFIX}/receipts/{{receipt_id}}", "404"),
        f"{PREFIX}/sample/refusals/conflict": (f"{PREFIX}/sample/refusals/{{kind}}", "409"),
        f"{PREFIX}/nothing/7": ("none", "404"),
    }
    for address, (route, status) in routes.items():
        series = {"route": route, "method": "GET", "status": status}
        before = counted(client, "crm_api_requests_total", **series)
        client.get(address)
        assert counted(client, "crm_api_requests_total", **series) == before + 1


def test_times_are_counted_by_route(client: TestClient) -> None:
    series = {"route": f"{PREFIX}/receipts", "method": "GET"}
    before = counted(client, "crm_api_request_seconds_count", **series)
    client.get(f"{PREFIX}/receipts")
    assert counted(client, "crm_api_request_seconds_count", **series) == before + 1


def test_made_up_methods_and_addresses_make_no_new_series(client: TestClient) -> None:
    for number in range(3):
        client.request(f"BREW{number}", f"{PREFIX}/pot/{number}")
    text_ = client.get("/metrics").text
    assert "BREW" not in text_
    assert "/pot/" not in text_


def test_connections_are_counted_by_pool(own_api: TestClient) -> None:
    own_api.get(RECEIPTS)
    own_api.get(f"{PREFIX}/sample/sql/broken")
    assert counted(own_api, "crm_db_connections", pool="reader", state="idle") >= 1
    assert counted(own_api, "crm_db_connections", pool="writer", state="idle") >= 1


def test_the_process_is_alive_whatever_the_database_does() -> None:
    SessionFactory.configure(bind=None)
    with TestClient(create_app(session_reader)) as client:
        answer = client.get("/health")
    assert (answer.status_code, answer.json()["data"]) == (200, {"status": "alive"})


def test_the_service_is_ready_when_all_its_parts_are(
    anonymous: TestClient, session: Session
) -> None:
    beats.beat(session, "worker")
    session.commit()
    answer = anonymous.get("/ready")
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "data": {"database": "ok", "migrations": "ok", "worker": "ok"},
    }


def make_late(session: Session) -> None:
    beats.beat(session, "worker")
    session.execute(update(WorkerBeat).values(seen_at=func.now() - beats.LATE))


def leave(session: Session) -> None:
    beats.leave(session, "worker")


@pytest.mark.parametrize("arrange", [make_late, leave])
def test_a_worker_that_was_not_seen_lately_is_not_ready(
    anonymous: TestClient, session: Session, arrange: Callable[[Session], None]
) -> None:
    arrange(session)
    session.commit()
    answer = anonymous.get("/ready")
    assert answer.status_code == 503
    assert answer.json()["message"] == "Not ready: worker: not seen in the last minute."


def test_a_database_behind_on_its_migrations_is_not_ready(
    anonymous: TestClient, empty_database: str
) -> None:
    with connected(empty_database):
        answer = anonymous.get("/ready")
    assert answer.status_code == 503
    assert answer.json()["data"] == {
        "database": "ok",
        "migrations": "not all applied",
        "worker": "unknown",
    }


def test_a_database_that_is_away_is_not_ready_and_its_address_not_shown(
    anonymous: TestClient,
) -> None:
    connect("postgresql://somebody@127.0.0.1:1/nowhere")
    answer = anonymous.get("/ready")
    assert answer.status_code == 503
    assert answer.json()["data"]["database"] == "unreachable"
    assert "somebody" not in answer.text


def test_a_request_while_the_database_is_away_is_503(client: TestClient) -> None:
    connect("postgresql://somebody@127.0.0.1:1/nowhere")
    answer = client.get(RECEIPTS)
    assert answer.status_code == 503
    assert answer.json()["message"] == "The database does not answer: try again shortly."

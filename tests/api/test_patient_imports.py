"""Importing patients over HTTP: the file as the body, then commit and undo of what was shown."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.loyalty.importing import carrying
from crm_core.people.schemas import Role
from tests.api.calls import API, done, refusal, wrong_fields
from tests.make_imports import file_of, line

IMPORTS = f"{API}/patients/imports"
CSV = {"content-type": "text/csv"}


@pytest.fixture
def desk(signed_in: Callable[..., TestClient]) -> TestClient:
    """A client that may register patients."""
    return signed_in(Role.VIEWER)


def send(client: TestClient, content: bytes, *, query: str = "", **headers: str) -> Response:
    return client.post(IMPORTS + query, content=content, headers=CSV | headers)


def looked_at(client: TestClient, *lines: dict[str, object]) -> dict[str, Any]:
    response = send(client, file_of(*lines))
    assert response.status_code == 201, response.text
    seen: dict[str, Any] = response.json()["data"]
    return seen


def commit(client: TestClient, seen: dict[str, Any]) -> dict[str, Any]:
    body = {"fingerprint": seen["fingerprint"]}
    receipt: dict[str, Any] = done(client.post(f"{IMPORTS}/{seen['id']}/commit", json=body))
    return receipt


def test_a_file_is_looked_at_committed_and_undone(desk: TestClient) -> None:
    seen = looked_at(desk, line("Ada Obi"), line("Bo Eze", phone="1"))
    assert (seen["state"], seen["ok_count"], seen["refused_count"]) == ("planned", 1, 1)
    assert done(desk.get(f"{IMPORTS}/{seen['id']}")) == seen
    assert commit(desk, seen) == commit(desk, seen)
    assert [row["first_name"] for row in done(desk.get(f"{API}/patients"))] == ["Ada"]
    plan = done(desk.post(f"{IMPORTS}/{seen['id']}/plan-undo"))
    assert (plan["withdrawn"], plan["kept"], plan["points"]) == (1, 0, 100)
    body = {"fingerprint": plan["fingerprint"]}
    assert done(desk.post(f"{IMPORTS}/{seen['id']}/undo", json=body))["changed"] == 1
    assert done(desk.get(f"{API}/patients")) == []
    assert done(desk.get(IMPORTS))[0]["state"] == "undone"


def test_lines_come_by_verdict_and_the_refused_as_a_file(desk: TestClient) -> None:
    seen = looked_at(desk, line("Ada Obi"), line("Bo Eze", phone="1"))
    rows = done(desk.get(f"{IMPORTS}/{seen['id']}/rows?verdict=refused"))
    assert [(row["line"], row["label"]) for row in rows] == [(3, "Bo Eze")]
    assert len(done(desk.get(f"{IMPORTS}/{seen['id']}/rows"))) == 2
    file = desk.get(f"{IMPORTS}/{seen['id']}/refused.csv")
    assert file.headers["content-type"].startswith("text/csv")
    assert "Bo,Eze,1," in file.text
    assert "Ada" not in file.text


def test_columns_may_be_said(desk: TestClient) -> None:
    content = file_of(line()).replace(b"phone", b"Contact")
    assert wrong_fields(send(desk, content)) == ["mapping"]
    seen = send(desk, content, query="?map=phone=Contact&name=ward.csv").json()["data"]
    assert (seen["ok_count"], seen["file_name"]) == (1, "ward.csv")
    assert wrong_fields(send(desk, content, query="?map=phone")) == ["map"]


def test_a_file_larger_than_other_bodies_is_taken_and_one_too_large_is_not(
    desk: TestClient, set_environment: Callable[..., None]
) -> None:
    filler = "x" * 150
    lines = [line(f"N{n} Obi", address=filler, phone="1") for n in range(6000)]
    content = file_of(*lines)
    assert len(content) > 1_000_000
    taken = send(desk, content)
    assert (taken.status_code, taken.json()["data"]["state"]) == (202, "reading")
    again = done(desk.get(f"{IMPORTS}/{taken.json()['data']['id']}"))
    assert (again["state"], again["percent"]) == ("reading", 0)
    announced = {"content-length": "200000001"}
    assert "200,000,000 bytes" in refusal(send(desk, content, **announced), 413)
    assert "1,000,000 bytes" in refusal(desk.post(f"{API}/owners", content=content), 413)


def test_a_large_import_is_carried_out_by_the_worker(
    desk: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = looked_at(desk, line("Ada Obi"))
    monkeypatch.setattr(carrying, "SMALL_IMPORT", 0)
    body = {"fingerprint": seen["fingerprint"]}

    answer = desk.post(f"{IMPORTS}/{seen['id']}/commit", json=body)

    assert (answer.status_code, answer.json()["data"]["state"]) == (202, "committing")
    assert done(desk.get(f"{API}/patients")) == []


def test_a_file_that_is_no_good_is_400_and_keeps_nothing(
    desk: TestClient, session: Session
) -> None:
    response = send(desk, b"\x00\x01")
    assert wrong_fields(response) == ["file"]
    assert session.execute(text("SELECT count(*) FROM crm_patient_imports")).scalar_one() == 0


def test_what_is_no_csv_by_its_own_word_is_refused(desk: TestClient) -> None:
    response = desk.post(IMPORTS, json={"file": "x"})
    assert wrong_fields(response, "header") == ["content-type"]


def test_the_same_key_looks_once_and_another_file_under_it_is_refused(desk: TestClient) -> None:
    content = file_of(line())
    first = send(desk, content, **{"idempotency-key": "abc"})
    again = send(desk, content, **{"idempotency-key": "abc"})
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()
    other = send(desk, file_of(line()), **{"idempotency-key": "abc"})
    assert "another request" in refusal(other, 409)


def test_who_may_not_register_patients_may_not_import(
    desk: TestClient, signed_in: Callable[..., TestClient]
) -> None:
    seen = looked_at(desk, line())
    analyst = signed_in(Role.ANALYST)
    body = {"fingerprint": seen["fingerprint"]}
    answers = [
        send(analyst, file_of(line())),
        analyst.post(f"{IMPORTS}/{seen['id']}/commit", json=body),
        analyst.post(f"{IMPORTS}/{seen['id']}/plan-undo"),
        analyst.post(f"{IMPORTS}/{seen['id']}/undo", json=body),
        analyst.get(f"{IMPORTS}/{seen['id']}/refused.csv"),
    ]
    assert [answer.status_code for answer in answers] == [403] * 5


def test_an_unknown_import_is_404(desk: TestClient) -> None:
    assert refusal(desk.get(f"{IMPORTS}/999999"), 404) == "Import not found"
    assert refusal(desk.get(f"{IMPORTS}/999999/refused.csv"), 404) == "Import not found"

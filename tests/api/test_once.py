"""Writes: one transaction each, attributed; and done once under one Idempotency-Key."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from crm_core.api.app import PREFIX
from crm_core.base.models import IdempotencyKey, StoredReceipt
from crm_core.people.schemas import Role
from tests.api.conftest import SignedIn
from tests.observe import history_of
from tests.together import together

RECEIPTS = f"{PREFIX}/sample/receipts"


def key(value: str) -> dict[str, str]:
    return {"Idempotency-Key": value}


def count_receipts(session: Session) -> int:
    return session.execute(select(func.count(StoredReceipt.id))).scalar_one()


def test_the_same_key_and_body_give_the_first_answer_and_write_nothing(
    client: TestClient, session: Session
) -> None:
    first = client.post(RECEIPTS, json={"title": "One"}, headers=key("k-1"))
    again = client.post(RECEIPTS, json={"title": "One"}, headers=key("k-1"))
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert again.headers["content-type"] == "application/json"
    assert count_receipts(session) == 1


def test_the_same_key_with_another_body_is_409(client: TestClient, session: Session) -> None:
    client.post(RECEIPTS, json={"title": "One"}, headers=key("k-1"))
    other = client.post(RECEIPTS, json={"title": "Two"}, headers=key("k-1"))
    assert other.status_code == 409
    assert other.json()["message"] == (
        "This Idempotency-Key was used for another request: take a new one."
    )
    assert count_receipts(session) == 1


def test_the_same_key_at_another_address_is_409(client: TestClient) -> None:
    client.post(RECEIPTS, json={"title": "One"}, headers=key("k-1"))
    other = client.post(f"{RECEIPTS}-then-fail", json={"title": "One"}, headers=key("k-1"))
    assert other.status_code == 409


def test_without_a_key_every_request_is_a_new_one(client: TestClient, session: Session) -> None:
    for _ in range(2):
        assert client.post(RECEIPTS, json={"title": "One"}).status_code == 201
    assert count_receipts(session) == 2


def test_another_token_s_key_is_another_key(signed_in: SignedIn, session: Session) -> None:
    for client in (signed_in(Role.FINANCE), signed_in(Role.FINANCE)):
        answer = client.post(RECEIPTS, json={"title": "One"}, headers=key("k-1"))
        assert "idempotency-replayed" not in answer.headers
    assert count_receipts(session) == 2


def test_an_action_is_done_once_too(client: TestClient) -> None:
    made = client.post(RECEIPTS, json={"title": "One"}).json()["data"]["receipt_id"]
    first = client.post(f"{RECEIPTS}/{made}/undo", headers=key("undo-1"))
    again = client.post(f"{RECEIPTS}/{made}/undo", headers=key("undo-1"))
    unkeyed = client.post(f"{RECEIPTS}/{made}/undo")
    assert (first.status_code, again.status_code, unkeyed.status_code) == (200, 200, 409)


@pytest.mark.parametrize("bad", [{"title": ""}, {"titel": "One"}])
def test_what_was_refused_may_be_corrected_under_the_same_key(
    client: TestClient, session: Session, bad: dict[str, Any]
) -> None:
    assert client.post(RECEIPTS, json=bad, headers=key("k-1")).status_code == 400
    assert client.post(RECEIPTS, json={"title": "One"}, headers=key("k-1")).status_code == 201
    assert count_receipts(session) == 1


def test_what_broke_left_nothing_and_may_be_sent_again(
    client: TestClient, session: Session
) -> None:
    broken = client.post(f"{RECEIPTS}-then-fail", json={"title": "One"}, headers=key("k-1"))
    assert broken.status_code == 500
    assert count_receipts(session) == 0
    assert session.scalars(select(IdempotencyKey)).all() == []
    assert client.post(RECEIPTS, json={"title": "One"}, headers=key("k-1")).status_code == 201


@pytest.mark.parametrize("bad", ["", "k" * 256])
def test_a_key_that_is_none_is_refused(client: TestClient, bad: str) -> None:
    answer = client.post(RECEIPTS, json={"title": "One"}, headers=key(bad))
    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {
            "path": "Idempotency-Key",
            "msg": "Give a key of 1 to 255 characters.",
            "location": "header",
        }
    ]


def test_a_write_is_in_the_history_with_who_why_and_which_request(
    client: TestClient, session: Session
) -> None:
    answer = client.post(RECEIPTS, json={"title": "One"}, headers={"X-Request-ID": "request-77"})
    receipt_id = answer.json()["data"]["receipt_id"]
    (line,) = history_of(session, "crm_receipts", receipt_id)
    token_id = session.execute(text("SELECT id FROM crm_api_tokens")).scalar_one()
    assert (line["who"], line["why"]) == (f"token:{token_id}", "create sample")
    request = text("SELECT request_id FROM crm_history WHERE record_id = :id AND why <> ''")
    assert session.scalars(request, {"id": receipt_id}).one() == "request-77"


def test_the_reason_that_is_given_is_in_the_history(client: TestClient, session: Session) -> None:
    reason = "Ọ̀gá said so"
    headers: Any = {"X-Reason": reason.encode()}
    answer = client.post(RECEIPTS, json={"title": "One"}, headers=headers)
    (line,) = history_of(session, "crm_receipts", answer.json()["data"]["receipt_id"])
    assert line["why"] == reason


def test_a_write_is_committed_when_its_answer_arrives(
    own_api: TestClient, own_database: str
) -> None:
    answer = own_api.post(RECEIPTS, json={"title": "One"})
    with psycopg.connect(own_database) as other:
        rows = other.execute("SELECT id FROM crm_receipts").fetchall()
    assert rows == [(answer.json()["data"]["receipt_id"],)]


def test_requests_at_once_under_one_key_have_one_effect_and_the_same_answer(
    own_api: TestClient, own_database: str
) -> None:
    def ask() -> Any:
        return own_api.post(RECEIPTS, json={"title": "One"}, headers=key("k-1"))

    answers: Any = together([ask] * 6)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert [a.headers.get("idempotency-replayed") for a in answers].count("true") == 5
    with psycopg.connect(own_database) as other:
        assert other.execute("SELECT count(*) FROM crm_receipts").fetchone() == (1,)


def test_more_writers_than_connections_and_threads_all_get_through(own_api: TestClient) -> None:
    def ask(number: int) -> int:
        return own_api.post(RECEIPTS, json={"title": f"Number {number}"}).status_code

    with ThreadPoolExecutor(80) as threads:
        assert list(threads.map(ask, range(160))) == [201] * 160

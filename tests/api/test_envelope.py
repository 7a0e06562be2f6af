"""Every answer is in the envelope of the contract, refusals and faults included."""

import json

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session
from structlog.typing import EventDict

from crm_core.api.app import PREFIX
from crm_core.base import preflight
from crm_core.base.preflight import Change, ReceiptFilter, Verdict

SAMPLE = f"{PREFIX}/sample"


def make_receipts(session: Session, count: int) -> list[int]:
    """Receipts with something in each of their parts."""
    done = preflight.Done(
        "approval",
        "Approved ₦1,000 for 'Ada' \\ \"Obi\" 🙂\nand more",
        [Change(id=1, label="PAY-000001", before="pending", after="approved", amount="1000.00")],
        [Verdict(id=2, label="PAY-000002", ok=False, code="maker", reason="You made it.")],
        {"naira": "1000.00"},
    )
    made = [
        preflight.store_receipt(
            session, done, who="staff:1", who_name="Ada", fingerprint=str(number)
        ).receipt_id
        for number in range(count)
    ]
    session.commit()
    return made


def test_a_list_says_what_the_same_rows_say_on_a_page(client: TestClient, session: Session) -> None:
    make_receipts(session, 3)
    page = preflight.list_receipts(ReceiptFilter()).page(session)
    answer = client.get(f"{PREFIX}/receipts").json()
    assert answer["success"] is True
    assert answer["data"] == [row.model_dump(mode="json") for row in page.rows]
    assert answer["pagination"] == {
        "total": 3,
        "page": 1,
        "pages": 1,
        "estimated": False,
        "next_cursor": None,
    }


def test_a_record_says_what_the_same_row_says_on_a_page(
    client: TestClient, session: Session
) -> None:
    (receipt_id,) = make_receipts(session, 1)
    row = preflight.get_receipt(session, receipt_id)
    answer = client.get(f"{PREFIX}/receipts/{receipt_id}").json()
    assert answer == {"success": True, "data": row.model_dump(mode="json")}


def test_pages_follow_each_other_by_number_and_by_cursor(
    client: TestClient, session: Session
) -> None:
    made = make_receipts(session, 5)[::-1]
    first = client.get(f"{PREFIX}/receipts?limit=2").json()
    second = client.get(f"{PREFIX}/receipts?limit=2&page=2").json()
    cursor = first["pagination"]["next_cursor"]
    beyond = client.get(f"{PREFIX}/receipts", params={"limit": 2, "cursor": cursor}).json()
    assert [row["id"] for row in first["data"]] == made[:2]
    assert [row["id"] for row in second["data"]] == made[2:4]
    assert beyond["data"] == second["data"]
    assert first["pagination"]["pages"] == 3


def test_an_empty_list_has_one_page(client: TestClient) -> None:
    answer = client.get(f"{PREFIX}/receipts?kind=none").json()
    assert (answer["data"], answer["pagination"]["pages"]) == ([], 1)


def test_what_is_created_answers_201_with_its_row(client: TestClient) -> None:
    answer = client.post(f"{SAMPLE}/receipts", json={"title": "One"})
    assert answer.status_code == 201
    assert answer.json()["message"] == "Receipt created successfully"
    assert answer.json()["data"]["changed"] == 0


@pytest.mark.parametrize(
    ("kind", "status", "message"),
    [
        ("not-found", 404, "Owner not found"),
        ("conflict", 409, "This payout is paid already."),
        ("forbidden", 403, "You made this payout: somebody else must approve it."),
    ],
)
def test_a_refusal_is_its_number_and_its_sentence(
    client: TestClient, kind: str, status: int, message: str
) -> None:
    answer = client.get(f"{SAMPLE}/refusals/{kind}")
    assert answer.status_code == status
    assert answer.json() == {"success": False, "message": message}


@pytest.mark.parametrize(
    ("kind", "errors"),
    [
        ("invalid", [("phone", "Give a Nigerian mobile number.")]),
        ("invalid-many", [("a", "First."), ("b", "Second.")]),
        ("invalid-bare", [("", "The plan is of other records.")]),
    ],
)
def test_input_that_a_service_refuses_looks_like_any_invalid_input(
    client: TestClient, kind: str, errors: list[tuple[str, str]]
) -> None:
    answer = client.get(f"{SAMPLE}/refusals/{kind}")
    assert answer.status_code == 400
    assert answer.json() == {
        "success": False,
        "message": "Validation failed",
        "errors": [{"path": path, "msg": msg, "location": "query"} for path, msg in errors],
    }


def test_an_unknown_address_is_404_in_the_envelope(anonymous: TestClient) -> None:
    answer = anonymous.get(f"{PREFIX}/nothing")
    assert answer.status_code == 404
    assert answer.json() == {"success": False, "message": f"There is nothing at {PREFIX}/nothing."}


def test_a_method_that_an_address_does_not_take_is_405_with_those_it_takes(
    client: TestClient,
) -> None:
    answer = client.delete(f"{PREFIX}/receipts")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
    assert answer.json() == {"success": False, "message": "This address does not take DELETE."}


def test_an_address_may_end_with_a_slash(client: TestClient, session: Session) -> None:
    (receipt_id,) = make_receipts(session, 1)
    assert client.get(f"{PREFIX}/receipts/").status_code == 200
    assert client.get(f"{PREFIX}/receipts/{receipt_id}/").status_code == 200
    assert client.post(f"{SAMPLE}/receipts/", json={"title": "One"}).status_code == 201


def test_a_fault_is_500_without_its_insides_and_logged_whole(
    client: TestClient, session: Session, logged: list[EventDict]
) -> None:
    answer = client.post(f"{SAMPLE}/receipts-then-fail", json={"title": "Half done"})
    assert answer.status_code == 500
    assert answer.json() == {
        "success": False,
        "message": "Internal error",
        "request_id": answer.headers["x-request-id"],
    }
    (line,) = [line for line in logged if line["event"] == "request failed"]
    assert line["exc_info"]
    assert preflight.list_receipts(ReceiptFilter()).page(session).rows == []


def test_sql_that_fails_shows_nothing_of_itself(client: TestClient) -> None:
    answer = client.get(f"{SAMPLE}/sql/broken")
    assert answer.status_code == 500
    assert set(answer.json()) == {"success", "message", "request_id"}
    assert "vault" not in answer.text


@pytest.mark.parametrize("kind", ["locked", "deadlock", "serialization"])
def test_contention_is_409_and_says_when_to_try_again(client: TestClient, kind: str) -> None:
    answer = client.get(f"{SAMPLE}/sql/{kind}")
    assert answer.status_code == 409
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["success"] is False


@pytest.mark.parametrize("kind", ["slow", "shutdown"])
def test_a_database_that_does_not_answer_is_503_and_says_when_to_try_again(
    client: TestClient, kind: str
) -> None:
    answer = client.get(f"{SAMPLE}/sql/{kind}")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"
    assert answer.json()["message"] == "The database does not answer: try again shortly."


def test_a_value_that_no_column_holds_is_400(client: TestClient) -> None:
    answer = client.get(f"{SAMPLE}/sql/too-large")
    assert answer.status_code == 400
    assert answer.json()["message"] == "Validation failed"


def test_answers_are_json_with_a_length(client: TestClient) -> None:
    answer = client.get(f"{PREFIX}/receipts")
    assert answer.headers["content-type"] == "application/json"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert json.loads(answer.content) == answer.json()

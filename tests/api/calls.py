"""Requests as clients of the contract send them, and what they read off the answers."""

from itertools import count
from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

API = "/api/crm-v2"
OWNERS = f"{API}/owners"
PAYOUTS = f"{API}/payouts"

# First Bank: the last digit checks, and does not.
GOOD_ACCOUNT: dict[str, Any] = {
    "bank_name": "First Bank",
    "account_number": "0000014579",
    "account_name": "Ada Obi",
}
WRONG_DIGIT = GOOD_ACCOUNT | {"account_number": "0000014570"}

_VERDICT = {"id", "label", "ok", "code", "reason"}
_numbers = count(1)


def owner_body(**more: object) -> dict[str, Any]:
    """The least that an owner takes."""
    email = f"ada.obi{next(_numbers)}@hospital.ng"
    least = {"first_name": "Ada", "last_name": "Obi", "email": email, "phone": "08031234567"}
    return least | more


def payout_body(owner_id: int, **more: object) -> dict[str, Any]:
    """The least that a payout takes, with money as numbers."""
    least = {
        "owner_id": owner_id,
        "period_start": "2026-01-01",
        "period_end": "2026-01-31",
        "gross_revenue": 5000000,
        "net_amount": 4500000,
    }
    return least | more


def add_owner(client: TestClient, **more: object) -> dict[str, Any]:
    """A fresh owner's row."""
    return created(client.post(OWNERS, json=owner_body(**more)))


def add_payout(client: TestClient, owner_id: int = 0, **more: object) -> dict[str, Any]:
    """A fresh payout's row; of a fresh owner unless one is given."""
    owner_id = owner_id or add_owner(client)["id"]
    return created(client.post(PAYOUTS, json=payout_body(owner_id, **more)))


def act(client: TestClient, payout_id: int, verb: str, **body: object) -> Response:
    """``POST /payouts/{id}/{verb}``; without a body where none is given."""
    return client.post(f"{PAYOUTS}/{payout_id}/{verb}", json=body or None)


def created(response: Response) -> dict[str, Any]:
    """The row of a 201."""
    assert response.status_code == 201, response.text
    row: dict[str, Any] = response.json()["data"]
    return row


def done(response: Response) -> Any:
    """The data of a 200: a row, or rows."""
    body = response.json()
    assert (response.status_code, body["success"]) == (200, True), response.text
    return body["data"]


def refusal(response: Response, status: int) -> str:
    """The sentence of a refusal with this status, which has nothing but its envelope."""
    body = response.json()
    assert (response.status_code, set(body), body["success"]) == (
        status,
        {"success", "message"},
        False,
    ), response.text
    return str(body["message"])


def wrong_fields(response: Response, location: str = "body") -> list[str]:
    """The paths of a 400, all of which lie in this part of the request."""
    body = response.json()
    assert response.status_code == 400, response.text
    assert (body["success"], body["message"]) == (False, "Validation failed")
    for error in body["errors"]:
        assert set(error) == {"path", "msg", "location"}
        assert error["location"] == location
        assert error["msg"][-1] in ".!?", error
    return [error["path"] for error in body["errors"]]


def plan(client: TestClient, what: str, **body: object) -> dict[str, Any]:
    """A plan with the shape of the contract."""
    found: dict[str, Any] = done(client.post(f"{PAYOUTS}/plan-{what}", json=body))
    assert set(found) == {"fingerprint", "verdicts", "totals"}
    assert all(set(verdict) == _VERDICT for verdict in found["verdicts"])
    return found


def commit(client: TestClient, what: str, seen: dict[str, Any], **body: object) -> dict[str, Any]:
    """A commit of what the plan showed, with the shape of the contract."""
    body = {"fingerprint": seen["fingerprint"], **body}
    receipt: dict[str, Any] = done(client.post(f"{PAYOUTS}/commit-{what}", json=body))
    assert set(receipt) == {"receipt_id", "changed", "refused"}
    assert all(set(verdict) == _VERDICT for verdict in receipt["refused"])
    return receipt


def status_of(client: TestClient, payout: dict[str, Any]) -> str:
    """Where the payout stands by now."""
    return str(done(client.get(f"{PAYOUTS}/{payout['id']}"))["status"])

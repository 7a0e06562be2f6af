"""A bank's statement over HTTP: read, planned, and its payments committed."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from crm_core.people.schemas import Role
from tests.api.calls import PAYOUTS, act, add_payout, done, refusal, wrong_fields
from tests.api.conftest import SignedIn

CSV = {"content-type": "text/csv"}


@pytest.fixture
def payout(client: TestClient, signed_in: SignedIn) -> dict[str, Any]:
    """An approved payout."""
    made = add_payout(client)
    row: dict[str, Any] = done(act(signed_in(Role.APPROVER), made["id"], "approve"))
    return row


def read(client: TestClient, statement: str | bytes) -> dict[str, Any]:
    """What was found in the statement."""
    content = statement.encode() if isinstance(statement, str) else statement
    response = client.post(f"{PAYOUTS}/plan-statement", content=content, headers=CSV)
    found: dict[str, Any] = done(response)
    return found


def test_a_statement_is_read_planned_and_committed(
    client: TestClient, payout: dict[str, Any]
) -> None:
    reference = payout["payment_reference"]
    found = read(
        client,
        "Date,Narration,Debit,Bank Reference\r\n"
        f'2026-02-01,"TRF {reference.upper()} JAN","₦4,500,000.00",NIP777\r\n'
        "2026-02-01,Diesel,120000,NIP778\r\n",
    )

    assert found["refused"] == []
    assert found["lines"] == [
        {"payment_reference": reference, "bank_reference": "NIP777", "amount": "4500000.00"}
    ]
    assert [verdict["code"] for verdict in found["plan"]["verdicts"]] == ["pay"]
    body = {"lines": found["lines"], "fingerprint": found["plan"]["fingerprint"]}
    assert done(client.post(f"{PAYOUTS}/commit-payment", json=body))["changed"] == 1
    row = done(client.get(f"{PAYOUTS}/{payout['id']}"))
    assert (row["status"], row["bank_reference"]) == ("paid", "NIP777")


def test_semicolons_and_a_byte_order_mark_are_read_too(
    client: TestClient, payout: dict[str, Any]
) -> None:
    reference = payout["payment_reference"]
    found = read(client, f"\ufeffAmount;Reference\n4500000;{reference}\n")

    assert [verdict["ok"] for verdict in found["plan"]["verdicts"]] == [True]


def test_a_line_that_cannot_be_read_is_told_by_its_number(
    client: TestClient, payout: dict[str, Any]
) -> None:
    reference = payout["payment_reference"]
    found = read(client, f"Amount,Reference\nmuch,{reference}\n")

    assert found["refused"] == ["Line 2: “much” is no amount."]
    assert (found["lines"], found["plan"]) == ([], None)


def test_another_amount_is_not_paid(client: TestClient, payout: dict[str, Any]) -> None:
    found = read(client, f"Amount,Reference\n4500000.01,{payout['payment_reference']}\n")

    assert [verdict["code"] for verdict in found["plan"]["verdicts"]] == ["amount"]


_UNREADABLE: list[bytes] = [
    b"",
    b"\n\n",
    b"Date,Narration\n1,2\n",
    b"Amount,Reference\n",
    b"Amount,Reference\n1,somebody else's\n",
    b"Amount,Reference\n1,\xff\xfe\n",
    b"Amount,Reference\n1,\0\n",
    b'Amount,Reference\n1,"never closed\n',
    b"Amount,Reference\n1,crm-" + b"0" * 32 + b"\x1b\n" + b'"' * 3 + b"x\n",
    b"PK\x03\x04" + bytes(range(256)),
    "Amount,Reference\n1,🏥\n".encode(),
    b"Amount,Reference\n" + b"x" * 200_000 + b"\n",
]


def test_what_is_no_statement_is_said_so(client: TestClient) -> None:
    for content in _UNREADABLE:
        response = client.post(f"{PAYOUTS}/plan-statement", content=content, headers=CSV)
        assert (content[:50], wrong_fields(response)) == (content[:50], ["file"])


def test_amounts_that_no_payment_has_are_refused_line_by_line(client: TestClient) -> None:
    reference = "crm-" + "0" * 32
    for amount in ("NaN", "Infinity", "1e30", "-", "1.005", "sNaN"):
        found = read(client, f"Amount,Reference\n{amount},{reference}\n")
        assert (amount, len(found["refused"])) == (amount, 1)


def test_who_may_not_pay_reads_no_statement(signed_in: SignedIn) -> None:
    viewer = signed_in(Role.VIEWER)

    response = viewer.post(f"{PAYOUTS}/plan-statement", content=b"x", headers=CSV)

    assert "You may not pay payouts" in refusal(response, 403)

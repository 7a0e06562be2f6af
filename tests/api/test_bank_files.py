"""Bank upload files and payments over HTTP."""

import csv
import hashlib
import io

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from crm_core.people.schemas import Role
from tests.api.calls import (
    GOOD_ACCOUNT,
    PAYOUTS,
    act,
    add_payout,
    commit,
    done,
    plan,
    refusal,
    status_of,
)
from tests.api.conftest import SignedIn


@pytest.fixture
def approver(signed_in: SignedIn) -> TestClient:
    """A client that approves and makes nothing."""
    return signed_in(Role.APPROVER)


def test_a_bank_file_has_a_line_a_payout_and_controls_its_total(
    client: TestClient, approver: TestClient
) -> None:
    first = add_payout(client, **GOOD_ACCOUNT)
    second = add_payout(client, **GOOD_ACCOUNT | {"account_name": "=HYPERLINK(1)"})
    waiting = add_payout(client, **GOOD_ACCOUNT)
    for payout in (first, second):
        done(act(approver, payout["id"], "approve"))
    ids = [first["id"], second["id"], waiting["id"]]

    seen = plan(client, "file", ids=ids)
    receipt = commit(client, "file", seen, ids=ids)

    assert seen["totals"]["control_total"] == "9000000.00"
    assert [v["id"] for v in receipt["refused"]] == [waiting["id"]]
    file = done(client.get(f"{PAYOUTS}/files"))[0]
    assert (file["payout_count"], file["control_total"], file["open"]) == (2, "9000000.00", 2)
    assert file["created_at"].endswith("Z")
    download = client.get(f"{PAYOUTS}/files/{file['id']}")
    assert download.headers["content-type"].startswith("text/csv")
    assert file["file_code"] in download.headers["content-disposition"]
    assert hashlib.sha256(download.content).hexdigest() == file["digest"]
    lines = list(csv.DictReader(io.StringIO(download.text)))
    assert [line["account_number"] for line in lines[:2]] == ["0000014579"] * 2
    assert lines[1]["beneficiary_name"] == "'=HYPERLINK(1)"
    assert (lines[2]["payment_reference"], lines[2]["amount"]) == ("CONTROL", "9000000.00")
    assert status_of(client, first) == "processing"
    assert [row["id"] for row in done(client.get(f"{PAYOUTS}?file_id={file['id']}&sort=due"))] == [
        first["id"],
        second["id"],
    ]


def test_every_download_is_in_the_history(
    client: TestClient, approver: TestClient, session: Session
) -> None:
    payout = add_payout(client, **GOOD_ACCOUNT)
    done(act(approver, payout["id"], "approve"))
    commit(client, "file", plan(client, "file", ids=[payout["id"]]), ids=[payout["id"]])
    file_id = done(client.get(f"{PAYOUTS}/files"))[0]["id"]

    for _ in range(2):
        client.get(f"{PAYOUTS}/files/{file_id}")

    count = text("SELECT count(*) FROM crm_history WHERE action = 'export'")
    assert session.execute(count).scalar() == 2


def test_a_file_of_nothing_is_refused(client: TestClient) -> None:
    ids = [add_payout(client, **GOOD_ACCOUNT)["id"]]
    body = {"ids": ids, "fingerprint": plan(client, "file", ids=ids)["fingerprint"]}

    response = client.post(f"{PAYOUTS}/commit-file", json=body)

    assert "None of these payouts" in refusal(response, 409)


def test_an_unknown_file_is_not_found(client: TestClient) -> None:
    assert refusal(client.get(f"{PAYOUTS}/files/999999"), 404) == "Bank file not found"


def test_payments_are_matched_by_reference_and_amount(
    client: TestClient, approver: TestClient
) -> None:
    paid, short = add_payout(client), add_payout(client)
    for payout in (paid, short):
        done(act(approver, payout["id"], "approve"))
    lines = [
        {"payment_reference": paid["payment_reference"], "bank_reference": "NIP1"},
        {
            "payment_reference": short["payment_reference"],
            "bank_reference": "NIP2",
            "amount": "4499999.99",
        },
        {"payment_reference": "crm-unknown", "bank_reference": "NIP3"},
        {"payment_reference": paid["payment_reference"], "bank_reference": "NIP4"},
    ]

    seen = plan(client, "payment", lines=lines)
    receipt = commit(client, "payment", seen, lines=lines)

    assert [(v["id"], v["code"]) for v in seen["verdicts"]] == [
        (paid["id"], "pay"),
        (short["id"], "amount"),
        (-3, "unmatched"),
        (-4, "unmatched"),
    ]
    assert receipt["changed"] == 1
    row = done(client.get(f"{PAYOUTS}/{paid['id']}"))
    assert (row["status"], row["bank_reference"]) == ("paid", "NIP1")
    assert status_of(client, short) == "approved"

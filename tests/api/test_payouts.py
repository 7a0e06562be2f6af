"""Payouts over HTTP, one by one."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from crm_core.people.schemas import Role
from tests import make_business as make
from tests.api.calls import (
    GOOD_ACCOUNT,
    PAYOUTS,
    act,
    add_owner,
    add_payout,
    created,
    done,
    payout_body,
    refusal,
    wrong_fields,
)
from tests.api.conftest import SignedIn
from tests.api.shapes import PAYOUT, wrong_in


@pytest.fixture
def approver(signed_in: SignedIn) -> TestClient:
    """A client that approves and makes nothing."""
    return signed_in(Role.APPROVER)


@pytest.fixture
def approved(client: TestClient, approver: TestClient) -> dict[str, Any]:
    """A payout ready to be paid."""
    payout = add_payout(client, **GOOD_ACCOUNT)
    row: dict[str, Any] = done(act(approver, payout["id"], "approve"))
    return row


def test_a_payout_is_created_with_every_key_of_the_contract(client: TestClient) -> None:
    owner = add_owner(client)

    response = client.post(PAYOUTS, json=payout_body(owner["id"], **GOOD_ACCOUNT, notes="October"))

    body = response.json()
    assert response.status_code == 201
    assert (body["success"], body["message"]) == (True, "Payout created successfully")
    assert wrong_in(body["data"], PAYOUT) == {}
    expected = {
        "owner_id": owner["id"],
        "contract_id": None,
        "period_start": "2026-01-01",
        "period_end": "2026-01-31",
        "gross_revenue": "5000000.00",
        "deductions": "500000.00",
        "net_amount": "4500000.00",
        "status": "pending",
        "payment_method": "bank_transfer",
        "bank_name": "First Bank",
        "account_number": "******4579",
        "account_name": "Ada Obi",
        "approved_by": None,
        "approved_at": None,
        "paid_at": None,
        "notes": "October",
    }
    assert {name: body["data"][name] for name in expected} == expected


@pytest.mark.parametrize(
    "money",
    [
        {"gross_revenue": 5000000, "net_amount": 4500000},
        {"gross_revenue": 5000000.0, "net_amount": 4500000.00},
        {"gross_revenue": "5000000", "net_amount": "4500000.0"},
        {"gross_revenue": "5000000.00", "deductions": "500000.00", "net_amount": "4500000.00"},
        {"gross_revenue": 5000000, "deductions": 500000, "net_amount": "4500000.00"},
    ],
)
def test_money_is_a_number_or_text(client: TestClient, money: dict[str, Any]) -> None:
    payout = add_payout(client, **money)

    names = ("gross_revenue", "deductions", "net_amount")
    assert [payout[name] for name in names] == ["5000000.00", "500000.00", "4500000.00"]


def test_kobo_survive_a_json_number(client: TestClient) -> None:
    payout = add_payout(client, gross_revenue=9999999999999.99, net_amount=9999999999999.98)

    assert payout["net_amount"] == "9999999999999.98"
    assert payout["deductions"] == "0.01"


def test_instants_at_midnight_are_days(client: TestClient) -> None:
    payout = add_payout(client, period_start="2026-01-01T00:00:00.000Z")

    assert payout["period_start"] == "2026-01-01"


def test_without_bank_details_the_owners_account_is_taken(
    client: TestClient, session: Session
) -> None:
    owner = make.make_owner(session)
    session.commit()

    payout = add_payout(client, owner.id)

    assert (payout["bank_name"], payout["account_number"]) == ("First Bank", "******4579")


def test_an_account_without_a_name_is_the_owners(client: TestClient) -> None:
    payout = add_payout(client, bank_name="058", account_number="0123456785")

    assert (payout["bank_name"], payout["account_name"]) == ("GTBank", "Ada Obi")


def test_what_a_row_shows_besides_is_ignored(client: TestClient) -> None:
    payout = add_payout(
        client, status="paid", payment_reference="mine", paid_at="2026-01-01", payment_method=None
    )

    assert (payout["status"], payout["paid_at"]) == ("pending", None)
    assert payout["payment_reference"].startswith("crm-")
    assert payout["payment_method"] == "bank_transfer"


_WRONG: list[tuple[dict[str, Any], str]] = [
    ({"gross_revenue": "five million"}, "gross_revenue"),
    ({"gross_revenue": "5,000,000"}, "gross_revenue"),
    ({"gross_revenue": -5000000}, "gross_revenue"),
    ({"gross_revenue": 0, "net_amount": 0}, "gross_revenue"),
    ({"gross_revenue": True}, "gross_revenue"),
    ({"gross_revenue": "NaN"}, "gross_revenue"),
    ({"gross_revenue": 10**13}, "gross_revenue"),
    ({"gross_revenue": "5000000.001"}, "gross_revenue"),
    ({"net_amount": -1}, "net_amount"),
    ({"net_amount": 5000001}, "net_amount"),
    ({"net_amount": 4500000, "deductions": 400000}, "net_amount"),
    ({"deductions": -1}, "deductions"),
    ({"deductions": "some"}, "deductions"),
    ({"period_end": "2025-12-31"}, "period_end"),
    ({"period_start": "01/01/2026"}, "period_start"),
    ({"period_start": "2026-02-30"}, "period_start"),
    ({"period_start": "1026-01-01"}, "period_start"),
    ({"owner_id": 999_999}, "owner_id"),
    ({"owner_id": None}, "owner_id"),
    ({"owner_id": -1}, "owner_id"),
    ({"contract_id": 999_999}, "contract_id"),
    ({"bank_name": "Bank of Nowhere", "account_number": "0000014579"}, "bank_name"),
    ({"bank_name": "First Bank", "account_number": "12345"}, "account_number"),
    ({"bank_name": "First Bank", "account_number": "00000145七9"}, "account_number"),
    ({"payment_method": "cash"}, "payment_method"),
    ({"account_nmuber": "0000014579"}, "account_nmuber"),
]


def test_a_wrong_field_is_named(client: TestClient) -> None:
    owner = add_owner(client)

    for wrong, field in _WRONG:
        response = client.post(PAYOUTS, json=payout_body(owner["id"]) | wrong)
        assert (wrong, wrong_fields(response)) == (wrong, [field])


def test_every_missing_field_is_named(client: TestClient) -> None:
    assert wrong_fields(client.post(PAYOUTS, json={})) == [
        "owner_id",
        "period_start",
        "period_end",
        "gross_revenue",
        "net_amount",
    ]


def test_a_bank_without_a_number_is_refused(client: TestClient) -> None:
    owner = add_owner(client)

    response = client.post(PAYOUTS, json=payout_body(owner["id"], bank_name="First Bank"))

    wrong_fields(response)
    assert "bank_name and account_number together" in response.text


def test_a_second_live_payout_for_the_period_is_refused(client: TestClient) -> None:
    owner = add_owner(client)
    add_payout(client, owner["id"])

    response = client.post(PAYOUTS, json=payout_body(owner["id"], period_start="2026-01-15"))

    message = "This owner has a live payout for this contract and period."
    assert refusal(response, 409) == message


def test_another_owners_contract_is_refused(client: TestClient, session: Session) -> None:
    hospital = make.make_hospital(session)
    contract = make.make_contract(session, make.make_owner(session).id, hospital.id)
    session.commit()

    body = payout_body(add_owner(client)["id"], contract_id=contract.id)

    assert wrong_fields(client.post(PAYOUTS, json=body)) == ["contract_id"]


def test_the_same_key_creates_one_payout(client: TestClient) -> None:
    body, key = payout_body(add_owner(client)["id"]), {"Idempotency-Key": "payout-1"}

    first = client.post(PAYOUTS, json=body, headers=key)
    again = client.post(PAYOUTS, json=body, headers=key)

    assert created(again) == created(first)
    assert client.get(PAYOUTS).json()["pagination"]["total"] == 1


def test_a_refused_request_may_be_corrected_under_its_key(client: TestClient) -> None:
    owner, key = add_owner(client), {"Idempotency-Key": "payout-2"}
    wrong = payout_body(owner["id"], net_amount=-1)
    wrong_fields(client.post(PAYOUTS, json=wrong, headers=key))

    created(client.post(PAYOUTS, json=payout_body(owner["id"]), headers=key))


@pytest.mark.parametrize("path", ["/999999", "/999999/details"])
def test_an_unknown_payout_is_not_read(client: TestClient, path: str) -> None:
    assert refusal(client.get(PAYOUTS + path), 404) == "Payout not found"


def test_a_correction_voids_the_approval(approved: dict[str, Any], client: TestClient) -> None:
    response = client.put(
        f"{PAYOUTS}/{approved['id']}", json={"gross_revenue": "6000000", "version": 2}
    )

    row = done(response)
    assert response.json()["message"] == "Payout updated successfully"
    assert wrong_in(row, PAYOUT) == {}
    assert (row["status"], row["approvals"], row["net_amount"]) == ("pending", 0, "5500000.00")


def test_a_stale_version_is_refused(client: TestClient) -> None:
    payout = add_payout(client)
    done(client.put(f"{PAYOUTS}/{payout['id']}", json={"notes": "First", "version": 1}))

    response = client.put(f"{PAYOUTS}/{payout['id']}", json={"notes": "Second", "version": 1})

    assert "Somebody changed this payout" in refusal(response, 409)


def test_a_whole_account_number_is_revealed_for_a_reason_that_is_kept(
    client: TestClient, session: Session
) -> None:
    payout = add_payout(client, **GOOD_ACCOUNT)

    revealed = done(act(client, payout["id"], "reveal", reason="The bank asked"))

    noted = session.execute(text("SELECT after FROM crm_history WHERE action = 'reveal'")).scalar()
    assert revealed == {"account_number": "0000014579"}
    assert "The bank asked" in str(noted)


def test_a_payout_without_an_account_has_nothing_to_reveal(client: TestClient) -> None:
    payout = add_payout(client)

    assert refusal(act(client, payout["id"], "reveal", reason="The bank asked"), 409)


def test_the_reason_header_is_kept_in_the_history(client: TestClient, session: Session) -> None:
    owner = add_owner(client)
    why = {b"X-Reason": "Month of January ₦".encode()}
    created(client.post(PAYOUTS, json=payout_body(owner["id"]), headers=why))

    kept = session.execute(
        text("SELECT why FROM crm_history WHERE table_name = 'crm_payouts'")
    ).scalar()
    assert kept == "Month of January ₦"

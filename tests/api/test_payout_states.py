"""A payout over HTTP from pending to paid, and every step that its state forbids."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from crm_core.people.schemas import Role
from tests.api.calls import (
    GOOD_ACCOUNT,
    PAYOUTS,
    WRONG_DIGIT,
    act,
    add_payout,
    done,
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


def send_to_bank(client: TestClient, payout_id: int) -> None:
    """Puts the payout into a bank file: it is processing from then on."""
    plan = done(client.post(f"{PAYOUTS}/plan-file", json={"ids": [payout_id]}))
    body = {"ids": [payout_id], "fingerprint": plan["fingerprint"]}
    assert done(client.post(f"{PAYOUTS}/commit-file", json=body))["changed"] == 1


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"json": {}},
        {"content": b"null", "headers": {"content-type": "application/json"}},
        {"content": b"", "headers": {"content-type": "application/json"}},
        {"json": {"status": "approved", "approved_by": 1}},
    ],
)
def test_a_payout_is_approved(
    client: TestClient, approver: TestClient, sent: dict[str, Any]
) -> None:
    payout = add_payout(client)

    response = approver.post(f"{PAYOUTS}/{payout['id']}/approve", **sent)

    assert response.json()["message"] == "Payout approved successfully"
    row = done(response)
    assert wrong_in(row, PAYOUT) == {}
    assert row["status"] == "approved"
    assert row["approved_by"] is not None
    assert row["approved_at"].endswith("Z")


def test_the_maker_cannot_approve(signed_in: SignedIn) -> None:
    maker = signed_in(Role.FINANCE, Role.APPROVER)
    payout = add_payout(maker)

    response = act(maker, payout["id"], "approve")

    sentence = "The maker of a payout cannot approve it: ask another approver."
    assert refusal(response, 403) == sentence
    assert done(maker.get(f"{PAYOUTS}/{payout['id']}"))["status"] == "pending"


def test_an_approved_payout_is_not_approved_again(
    approved: dict[str, Any], approver: TestClient
) -> None:
    sentence = f"{approved['payout_code']} is approved: only a pending one is approved."

    assert refusal(act(approver, approved["id"], "approve"), 409) == sentence


def test_a_replayed_approval_answers_as_the_first(client: TestClient, approver: TestClient) -> None:
    url, key = f"{PAYOUTS}/{add_payout(client)['id']}/approve", {"Idempotency-Key": "approve-1"}

    first = approver.post(url, headers=key)
    again = approver.post(url, headers=key)

    assert done(again) == done(first)
    assert again.headers["Idempotency-Replayed"] == "true"


def test_a_large_payout_takes_two_approvers(
    client: TestClient, approver: TestClient, signed_in: SignedIn, session: Session
) -> None:
    threshold = "UPDATE crm_parameters SET value = '4500000' WHERE name = :name"
    session.execute(text(threshold), {"name": "payouts.second_approval_from"})
    session.commit()
    payout = add_payout(client)

    first = done(act(approver, payout["id"], "approve"))
    again = act(approver, payout["id"], "approve")
    second = done(act(signed_in(Role.APPROVER), payout["id"], "approve"))

    assert (first["status"], first["approvals"], first["approvals_needed"]) == ("pending", 1, 2)
    assert "second, different approver" in refusal(again, 409)
    assert (second["status"], second["approvals"]) == ("approved", 2)


def test_a_wrong_account_digit_blocks_until_overridden(
    client: TestClient, approver: TestClient
) -> None:
    payout = add_payout(client, **WRONG_DIGIT)

    blocked = refusal(act(approver, payout["id"], "approve"), 409)
    override = act(approver, payout["id"], "approve", override_reason="Confirmed by the bank")

    assert "last digit does not fit this bank" in blocked
    assert "Approve with a reason to override." in blocked
    assert done(override)["status"] == "approved"


def test_an_override_takes_a_reason_worth_reading(client: TestClient, approver: TestClient) -> None:
    payout = add_payout(client, **WRONG_DIGIT)

    response = act(approver, payout["id"], "approve", override_reason="ok")

    assert wrong_fields(response) == ["override_reason"]


@pytest.mark.parametrize(
    ("verb", "body", "status"),
    [
        ("reject", {"reason": "Wrong month"}, "rejected"),
        ("cancel", {"reason": "Entered twice"}, "cancelled"),
    ],
)
def test_a_pending_payout_is_turned_down_or_withdrawn(
    signed_in: SignedIn, client: TestClient, verb: str, body: dict[str, str], status: str
) -> None:
    payout = add_payout(client)
    either = signed_in(Role.FINANCE, Role.APPROVER)

    row = done(act(either, payout["id"], verb, **body))

    assert (row["status"], row["status_reason"]) == (status, body["reason"])
    assert wrong_in(row, PAYOUT) == {}


def test_an_approved_payout_is_paid_with_the_banks_reference(
    approved: dict[str, Any], client: TestClient
) -> None:
    row = done(act(client, approved["id"], "pay", bank_reference="NIP0001"))

    assert wrong_in(row, PAYOUT) == {}
    assert (row["status"], row["bank_reference"]) == ("paid", "NIP0001")
    assert row["paid_at"].endswith("Z")
    assert row["payment_reference"] == approved["payment_reference"]


def test_a_paid_payout_counts_for_its_owner_until_it_is_reversed(
    approved: dict[str, Any], client: TestClient
) -> None:
    def lifetime() -> str:
        return str(done(client.get(f"/api/crm-v2/owners/{approved['owner_id']}"))["lifetime_value"])

    done(act(client, approved["id"], "pay", bank_reference="NIP0001"))
    paid = lifetime()
    row = done(act(client, approved["id"], "reverse", reason="The account was closed"))

    assert (paid, lifetime()) == ("5000000.00", "0.00")
    assert row["status"] == "reversed"


def test_a_failed_payout_is_approved_again_with_a_fresh_reference(
    approved: dict[str, Any], client: TestClient, approver: TestClient
) -> None:
    send_to_bank(client, approved["id"])

    failed = done(act(client, approved["id"], "fail", reason="Account closed"))
    again = done(act(approver, approved["id"], "approve"))

    assert (failed["status"], failed["status_reason"]) == ("failed", "Account closed")
    assert again["status"] == "approved"
    assert again["payment_reference"] != approved["payment_reference"]


@pytest.mark.parametrize(
    ("found", "status"),
    [
        ({"outcome": "paid", "bank_reference": "NIP0002", "reason": "On the statement"}, "paid"),
        ({"outcome": "failed", "reason": "The bank never had it"}, "failed"),
    ],
)
def test_an_unanswered_payment_is_locked_until_it_is_settled(
    approved: dict[str, Any], client: TestClient, found: dict[str, str], status: str
) -> None:
    send_to_bank(client, approved["id"])
    unknown = done(act(client, approved["id"], "suspend", reason="No answer"))

    locked = act(client, approved["id"], "pay", bank_reference="NIP0002")
    settled = done(act(client, approved["id"], "settle", **found))

    assert unknown["status"] == "unknown"
    refusal(locked, 409)
    assert settled["status"] == status


def test_settling_as_paid_takes_the_banks_reference(
    approved: dict[str, Any], client: TestClient
) -> None:
    send_to_bank(client, approved["id"])
    done(act(client, approved["id"], "suspend", reason="No answer"))

    response = act(client, approved["id"], "settle", outcome="paid", reason="By phone")

    assert wrong_fields(response) == ["bank_reference"]


_BODIES: dict[str, dict[str, Any]] = {
    "approve": {},
    "reject": {"reason": "Not now"},
    "cancel": {"reason": "Not now"},
    "pay": {"bank_reference": "NIP1"},
    "fail": {"reason": "Not now"},
    "suspend": {"reason": "Not now"},
    "settle": {"outcome": "failed", "reason": "Not now"},
    "reverse": {"reason": "Not now"},
}


@pytest.mark.parametrize(
    ("made", "verbs"),
    [
        ([], ["pay", "fail", "suspend", "settle", "reverse"]),
        (["approve"], ["approve", "reject", "fail", "suspend", "settle", "reverse"]),
        (["reject"], list(_BODIES)),
        (["cancel"], list(_BODIES)),
        (["approve", "pay"], [verb for verb in _BODIES if verb != "reverse"]),
        (["approve", "pay", "reverse"], list(_BODIES)),
    ],
)
def test_what_the_state_forbids_is_refused_and_changes_nothing(
    client: TestClient, signed_in: SignedIn, made: list[str], verbs: list[str]
) -> None:
    everything = signed_in(Role.FINANCE, Role.APPROVER)
    payout_id = add_payout(client)["id"]
    for verb in made:
        done(act(everything, payout_id, verb, **_BODIES[verb]))
    before = done(client.get(f"{PAYOUTS}/{payout_id}"))

    for verb in verbs:
        sentence = refusal(act(everything, payout_id, verb, **_BODIES[verb]), 409)
        assert before["payout_code"] in sentence

    assert done(client.get(f"{PAYOUTS}/{payout_id}")) == before


def test_an_unknown_payout_is_not_found(signed_in: SignedIn) -> None:
    everything = signed_in(Role.FINANCE, Role.APPROVER)

    for verb, body in (_BODIES | {"reveal": {"reason": "To compare"}}).items():
        sentence = refusal(act(everything, 999_999, verb, **body), 404)
        assert sentence in ("Payout not found", "There is no such payout.")


@pytest.mark.parametrize("verb", ["reject", "cancel", "fail", "suspend", "reverse", "reveal"])
def test_a_reason_is_a_short_sentence(signed_in: SignedIn, verb: str) -> None:
    everything = signed_in(Role.FINANCE, Role.APPROVER)
    payout = add_payout(everything)

    for reason in (None, "", "  x  ", "a\nb", "x" * 501, 7, ["a reason"]):
        response = act(everything, payout["id"], verb, reason=reason)
        assert (reason, wrong_fields(response)) == (reason, ["reason"])

"""Payouts many at once over HTTP: plan, commit, receipt, undo; months, bank files, payments."""

from typing import Any

import pytest
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from crm_core.people.schemas import Role
from tests import make_business as make
from tests.api.calls import (
    API,
    GOOD_ACCOUNT,
    PAYOUTS,
    WRONG_DIGIT,
    act,
    add_payout,
    commit,
    done,
    plan,
    refusal,
    status_of,
    wrong_fields,
)
from tests.api.conftest import SignedIn


@pytest.fixture
def approver(signed_in: SignedIn) -> TestClient:
    """A client that approves and makes nothing."""
    return signed_in(Role.APPROVER)


def test_a_plan_tells_what_approving_would_do_and_changes_nothing(
    client: TestClient, approver: TestClient
) -> None:
    good, blocked = add_payout(client), add_payout(client, **WRONG_DIGIT)

    seen = plan(approver, "approval", ids=[good["id"], blocked["id"], 999_999])

    verdicts = {verdict["id"]: verdict for verdict in seen["verdicts"]}
    assert {i: (v["ok"], v["code"]) for i, v in verdicts.items()} == {
        good["id"]: (True, "approve"),
        blocked["id"]: (False, "blocked"),
        999_999: (False, "not_found"),
    }
    assert seen["totals"] == {
        "count": "1",
        "net_amount": "4500000.00",
        "final": "1",
        "refused": "2",
    }
    assert status_of(client, good) == "pending"


def test_a_commit_approves_what_was_shown_and_leaves_a_receipt(
    client: TestClient, approver: TestClient
) -> None:
    good, blocked = add_payout(client), add_payout(client, **WRONG_DIGIT)
    ids = [good["id"], blocked["id"]]

    receipt = commit(approver, "approval", plan(approver, "approval", ids=ids), ids=ids)

    assert (receipt["changed"], [v["id"] for v in receipt["refused"]]) == (1, [blocked["id"]])
    assert (status_of(client, good), status_of(client, blocked)) == ("approved", "pending")
    kept = done(client.get(f"{API}/receipts/{receipt['receipt_id']}"))
    assert [change["id"] for change in kept["changed"]] == [good["id"]]
    listed = done(client.get(f"{API}/receipts"))
    assert [row["id"] for row in listed] == [receipt["receipt_id"]]


def test_what_changed_since_the_plan_is_refused(client: TestClient, approver: TestClient) -> None:
    kept, changed = add_payout(client), add_payout(client)
    ids = [kept["id"], changed["id"]]
    seen = plan(approver, "approval", ids=ids)
    done(client.put(f"{PAYOUTS}/{changed['id']}", json={"gross_revenue": 9000000}))

    receipt = commit(approver, "approval", seen, ids=ids)

    assert [(v["id"], v["code"]) for v in receipt["refused"]] == [(changed["id"], "changed")]
    assert (status_of(client, kept), status_of(client, changed)) == ("approved", "pending")


def test_an_override_holds_for_the_plan_it_was_given_to(
    client: TestClient, approver: TestClient
) -> None:
    payout, why = add_payout(client, **WRONG_DIGIT), "Confirmed by the bank"
    ids = [payout["id"]]
    seen = plan(approver, "approval", ids=ids, override_reason=why)

    receipt = commit(approver, "approval", seen, ids=ids, override_reason=why)

    assert receipt["changed"] == 1


def test_a_fingerprint_of_other_records_is_refused(
    client: TestClient, approver: TestClient
) -> None:
    one, other = add_payout(client), add_payout(client)
    seen = plan(approver, "approval", ids=[one["id"], other["id"]])

    for fingerprint in (seen["fingerprint"], "", "é", "AAAA", "=" * 50):
        body = {"fingerprint": fingerprint, "ids": [one["id"]]}
        response = approver.post(f"{PAYOUTS}/commit-approval", json=body)
        assert "look at them again" in refusal(response, 409)


def test_a_replayed_commit_answers_with_the_first_receipt(
    client: TestClient, approver: TestClient
) -> None:
    ids = [add_payout(client)["id"]]
    body = {"ids": ids, "fingerprint": plan(approver, "approval", ids=ids)["fingerprint"]}
    key = {"Idempotency-Key": "commit-1"}

    response = approver.post(f"{PAYOUTS}/commit-approval", json=body, headers=key)
    again = done(approver.post(f"{PAYOUTS}/commit-approval", json=body, headers=key))

    assert response.json()["message"] == "1 payout approved"
    assert done(response) == again
    assert client.get(f"{API}/receipts").json()["pagination"]["total"] == 1


def test_an_approval_is_undone_before_it_is_paid(client: TestClient, approver: TestClient) -> None:
    payout = add_payout(client)
    ids = [payout["id"]]
    receipt = commit(approver, "approval", plan(approver, "approval", ids=ids), ids=ids)
    seen = plan(approver, "undo", ids=ids)

    undone = commit(approver, "undo", seen, ids=ids, receipt_id=receipt["receipt_id"])

    assert undone["changed"] == 1
    assert status_of(client, payout) == "pending"
    kept = done(client.get(f"{API}/receipts/{receipt['receipt_id']}"))
    assert kept["undone_at"].endswith("Z")


def test_an_approval_is_not_undone_once_the_payment_is_under_way(
    client: TestClient, approver: TestClient
) -> None:
    paid, sent = add_payout(client), add_payout(client, **GOOD_ACCOUNT)
    for payout in (paid, sent):
        done(act(approver, payout["id"], "approve"))
    done(act(client, paid["id"], "pay", bank_reference="NIP1"))
    commit(client, "file", plan(client, "file", ids=[sent["id"]]), ids=[sent["id"]])
    ids = [paid["id"], sent["id"]]

    seen = plan(approver, "undo", ids=ids)
    receipt = commit(approver, "undo", seen, ids=ids)

    assert [(v["ok"], v["code"]) for v in seen["verdicts"]] == [(False, "state")] * 2
    assert receipt["changed"] == 0
    approvals = done(client.get(f"{PAYOUTS}/{paid['id']}/details"))["approvals"]
    assert [approval["voided_at"] for approval in approvals] == [None]


def test_the_month_is_prepared_from_contracts_and_revenue(
    client: TestClient, session: Session
) -> None:
    hospital = make.make_hospital(session)
    owner = make.make_owner(session)
    contract = make.make_contract(session, owner.id, hospital.id)
    make.make_revenue(session, hospital.id, "50000000", make.last_month())
    session.commit()
    month = make.last_month().isoformat()

    seen = plan(client, "month", month=month)
    receipt = commit(client, "month", seen, month=month)

    assert [(v["id"], v["ok"]) for v in seen["verdicts"]] == [(contract.id, True)]
    assert receipt["changed"] == 1
    payout = done(client.get(f"{API}/owners/{owner.id}/payouts"))[0]
    assert (payout["gross_revenue"], payout["contract_id"]) == ("5000000.00", contract.id)
    again = plan(client, "month", month=month)
    assert [v["code"] for v in again["verdicts"]] == ["exists"]


@pytest.mark.parametrize("month", ["2999-01-01", "January", None, 7.5])
def test_only_a_month_that_has_ended_is_prepared(client: TestClient, month: object) -> None:
    assert wrong_fields(client.post(f"{PAYOUTS}/plan-month", json={"month": month})) == ["month"]


_WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("plan-approval", {}, "ids"),
    ("plan-approval", {"ids": []}, "ids"),
    ("plan-approval", {"ids": [0]}, "ids.0"),
    ("plan-approval", {"ids": ["one"]}, "ids.0"),
    ("plan-approval", {"ids": 1}, "ids"),
    ("plan-approval", {"ids": list(range(1, 5002))}, "ids"),
    ("plan-approval", {"ids": [2**63]}, "ids.0"),
    ("plan-approval", {"ids": [1], "override": "x"}, "override"),
    ("commit-approval", {"ids": [1]}, "fingerprint"),
    ("commit-undo", {"ids": [1], "fingerprint": "", "receipt_id": 0}, "receipt_id"),
    ("plan-undo", {"ids": None}, "ids"),
    ("plan-file", {"ids": [-1]}, "ids.0"),
    ("commit-file", {"ids": [1], "fingerprint": None}, "fingerprint"),
    ("commit-month", {"month": "2026-01-01"}, "fingerprint"),
    ("plan-payment", {"lines": []}, "lines"),
    ("plan-payment", {"lines": [{"payment_reference": "x"}]}, "lines.0.bank_reference"),
    (
        "plan-payment",
        {"lines": [{"payment_reference": "x", "bank_reference": "y", "amount": "much"}]},
        "lines.0.amount",
    ),
]


def test_a_wrong_field_is_named(signed_in: SignedIn) -> None:
    everything = signed_in(Role.FINANCE, Role.APPROVER)

    for what, body, field in _WRONG:
        response = everything.post(f"{PAYOUTS}/{what}", json=body)
        assert (what, wrong_fields(response)) == (what, [field])


def test_payouts_are_rejected_in_bulk_with_a_reason(
    client: TestClient, approver: TestClient
) -> None:
    one, other = add_payout(client), add_payout(client)
    ids = [one["id"], other["id"]]
    seen = plan(approver, "rejection", ids=ids)
    missing = approver.post(
        f"{PAYOUTS}/commit-rejection", json={"ids": ids, "fingerprint": seen["fingerprint"]}
    )
    assert wrong_fields(missing) == ["reason"]

    receipt = commit(approver, "rejection", seen, ids=ids, reason="Wrong month")

    assert receipt["changed"] == 2
    assert [status_of(client, payout) for payout in (one, other)] == ["rejected"] * 2
    answer = client.post(f"{PAYOUTS}/plan-rejection", json={"ids": ids})
    assert "approver" in refusal(answer, 403)

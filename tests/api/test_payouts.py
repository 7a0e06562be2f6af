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
    WRONG_DIGIT,
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


def send_to_bank(client: TestClient, payout_id: int) -> None:
    """Puts the payout into a bank file: it is processing from then on."""
    plan = done(client.post(f"{PAYOUTS}/plan-file", json={"ids": [payout_id]}))
    body = {"ids": [payout_id], "fingerprint": plan["fingerprint"]}
    assert done(client.post(f"{PAYOUTS}/commit-file", json=body))["changed"] == 1


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


@pytest.mark.parametrize("path", ["/999999", "/999999/details"])
def test_an_unknown_payout_is_not_read(client: TestClient, path: str) -> None:
    assert refusal(client.get(PAYOUTS + path), 404) == "Payout not found"


@pytest.mark.parametrize("verb", ["reject", "cancel", "fail", "suspend", "reverse", "reveal"])
def test_a_reason_is_a_short_sentence(signed_in: SignedIn, verb: str) -> None:
    everything = signed_in(Role.FINANCE, Role.APPROVER)
    payout = add_payout(everything)

    for reason in (None, "", "  x  ", "a\nb", "x" * 501, 7, ["a reason"]):
        response = act(everything, payout["id"], verb, reason=reason)
        assert (reason, wrong_fields(response)) == (reason, ["reason"])


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


def test_payouts_are_listed_newest_first_by_their_filters(
    client: TestClient, approver: TestClient
) -> None:
    owner = add_owner(client, first_name="Fatima", last_name="Abdullahi")
    first = add_payout(client, owner["id"], gross_revenue=9000000, net_amount=9000000)
    second = add_payout(client)
    done(act(approver, second["id"], "approve"))

    def found(query: str) -> list[int]:
        return [row["id"] for row in done(client.get(f"{PAYOUTS}?{query}"))]

    both = [second["id"], first["id"]]
    assert found("") == both
    assert found("status=&search=&owner_id=") == both
    assert found("status=approved") == [second["id"]]
    assert found("statuses=approved&statuses=pending") == both
    assert found(f"owner_id={owner['id']}") == [first["id"]]
    assert found("month=2026-01-20") == both
    assert found("month=2026-02-01") == []
    assert found("overdue=true") == both
    assert found(f"not_made_by={first['created_by']}") == []
    assert found("search=fatima") == [first["id"]]
    assert found(f"search={second['payout_code']}") == [second["id"]]
    assert found(f"search={second['payment_reference']}") == [second["id"]]
    assert found("sort=largest") == [first["id"], second["id"]]
    assert found("sort=due&limit=1") == [first["id"]]
    assert [wrong_in(row, PAYOUT) for row in done(client.get(PAYOUTS))] == [{}, {}]


_WRONG_FILTERS = [
    ("limit=101", "limit"),
    ("status=lost", "status"),
    ("statuses=pending&statuses=lost", "statuses.1"),
    ("owner_id=0", "owner_id"),
    ("month=January", "month"),
    ("sort=smallest", "sort"),
    ("overdue=perhaps", "overdue"),
    ("cursor=%F0%9F%8F%A5", "cursor"),
    ("state=pending", "state"),
    ("overdue=false", "overdue"),
]


def test_a_wrong_filter_is_named(client: TestClient) -> None:
    for query, wrong in _WRONG_FILTERS:
        assert wrong_fields(client.get(f"{PAYOUTS}?{query}"), "query") == [wrong]


def test_stats_tell_the_pipeline_in_naira(client: TestClient, approved: dict[str, Any]) -> None:
    add_payout(client)
    done(act(client, approved["id"], "pay", bank_reference="NIP0001"))

    stats = done(client.get(f"{PAYOUTS}/stats"))

    by_status = {total["status"]: total for total in stats["statuses"]}
    assert by_status["pending"]["net_amount"] == "4500000.00"
    assert by_status["paid"]["count"] == 1
    assert (stats["overdue_count"], stats["overdue_net"]) == (1, "4500000.00")
    assert (stats["paid_this_month"], stats["paid_last_month"]) == ("4500000.00", "0.00")


def test_details_show_all_that_an_approver_looks_at(
    client: TestClient, approver: TestClient
) -> None:
    payout = add_payout(client, **WRONG_DIGIT)
    done(act(approver, payout["id"], "approve", override_reason="Confirmed by the bank"))

    details = done(client.get(f"{PAYOUTS}/{payout['id']}/details"))

    assert wrong_in(details["payout"], PAYOUT) == {}
    assert [(item["kind"], item["amount"]) for item in details["deductions"]] == [
        ("other", "500000.00")
    ]
    assert ("nuban", "block") in [(check["code"], check["level"]) for check in details["checks"]]
    assert [a["override_reason"] for a in details["approvals"]] == ["Confirmed by the bank"]
    assert details["attempts"] == []


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

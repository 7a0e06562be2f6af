"""The contract as its clients know it: who may do what, the sample's figures, an old client."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from starlette.testclient import TestClient

from crm_core.api import docs
from crm_core.api.app import create_app
from crm_core.api.examples import EXAMPLES
from crm_core.api.reader import open_reader
from crm_core.base.db import connect, transaction
from crm_core.owners.schemas import OwnerCreate, OwnerRead, OwnerUpdate
from crm_core.payouts.schemas import PayoutCreate, PayoutRead
from crm_core.people.schemas import Role
from seeds.loader import load_sample
from tests.api.calls import API, OWNERS, PAYOUTS, add_payout, created, done, refusal
from tests.api.conftest import SignedIn
from tests.api.shapes import LISTED_OWNER, PAYOUT, wrong_in
from tests.api.tokens import make_token

EVERYBODY = frozenset(Role)
FINANCE, APPROVER = frozenset({Role.FINANCE}), frozenset({Role.APPROVER})
BOTH = FINANCE | APPROVER
DESK = frozenset({Role.VIEWER, Role.APPROVER, Role.CAMPAIGNER})

_IDS = {"ids": [999_999]}
_COMMIT = {"ids": [999_999], "fingerprint": ""}
_REASON = {"reason": "To see who may"}
_LINES = {"lines": [{"payment_reference": "crm-none", "bank_reference": "NIP"}]}

# Method, address, body, and who may; records that are not there tell permission from refusal.
_CALLS: list[tuple[str, str, dict[str, Any] | None, frozenset[Role]]] = [
    ("GET", "/owners", None, EVERYBODY),
    ("GET", "/owners/stats", None, EVERYBODY),
    ("GET", "/owners/999999", None, EVERYBODY),
    ("GET", "/owners/999999/payouts", None, EVERYBODY),
    ("POST", "/owners", EXAMPLES["OwnerCreate"], FINANCE),
    ("PUT", "/owners/999999", {"notes": "?"}, FINANCE),
    ("GET", "/feedback", None, EVERYBODY),
    ("GET", "/feedback/stats", None, EVERYBODY),
    ("GET", "/feedback/999999", None, EVERYBODY),
    ("GET", "/feedback/999999/thread", None, EVERYBODY),
    ("POST", "/feedback", EXAMPLES["FeedbackCreate"] | {"source_id": 999_999}, DESK),
    ("POST", "/feedback/invitations", EXAMPLES["Invitation"] | {"source_id": 999_999}, DESK),
    ("PUT", "/feedback/999999", {"category": "?"}, DESK),
    ("POST", "/feedback/999999/acknowledge", None, DESK),
    ("POST", "/feedback/999999/assign", {"staff_id": 1}, DESK),
    ("POST", "/feedback/999999/start", None, DESK),
    ("POST", "/feedback/999999/wait", _REASON, DESK),
    ("POST", "/feedback/999999/reply", {"content": "?"}, DESK),
    ("POST", "/feedback/999999/note", {"content": "?"}, DESK),
    ("POST", "/feedback/999999/resolve", {"resolution": "???"}, DESK),
    ("POST", "/feedback/999999/close", None, DESK),
    ("POST", "/feedback/999999/reopen", _REASON, DESK),
    ("POST", "/feedback/999999/merge", {"duplicate_id": 1}, DESK),
    ("POST", "/feedback/999999/suggestion", {"state": "done"}, DESK),
    ("GET", "/payouts", None, EVERYBODY),
    ("GET", "/payouts/stats", None, EVERYBODY),
    ("GET", "/payouts/999999", None, EVERYBODY),
    ("GET", "/payouts/999999/details", None, EVERYBODY),
    ("POST", "/payouts", EXAMPLES["PayoutCreate"] | {"owner_id": 999_999}, FINANCE),
    ("PUT", "/payouts/999999", {"notes": "?"}, FINANCE),
    ("POST", "/payouts/999999/approve", None, APPROVER),
    ("POST", "/payouts/999999/reject", _REASON, APPROVER),
    ("POST", "/payouts/999999/cancel", _REASON, FINANCE),
    ("POST", "/payouts/999999/pay", {"bank_reference": "NIP"}, FINANCE),
    ("POST", "/payouts/999999/fail", _REASON, FINANCE),
    ("POST", "/payouts/999999/suspend", _REASON, FINANCE),
    ("POST", "/payouts/999999/settle", {"outcome": "failed", **_REASON}, FINANCE),
    ("POST", "/payouts/999999/reverse", _REASON, FINANCE),
    ("POST", "/payouts/999999/reveal", _REASON, BOTH),
    ("POST", "/payouts/plan-approval", _IDS, APPROVER),
    ("POST", "/payouts/commit-approval", _COMMIT, APPROVER),
    ("POST", "/payouts/plan-rejection", _IDS, APPROVER),
    ("POST", "/payouts/commit-rejection", _COMMIT | _REASON, APPROVER),
    ("POST", "/payouts/plan-undo", _IDS, APPROVER),
    ("POST", "/payouts/commit-undo", _COMMIT, APPROVER),
    ("POST", "/payouts/plan-month", {"month": "2026-01-01"}, FINANCE),
    ("POST", "/payouts/commit-month", {"month": "2026-01-01", "fingerprint": "AAAA"}, FINANCE),
    ("POST", "/payouts/plan-file", _IDS, FINANCE),
    ("POST", "/payouts/commit-file", _COMMIT, FINANCE),
    ("GET", "/payouts/files", None, EVERYBODY),
    ("GET", "/payouts/files/999999", None, FINANCE),
    ("POST", "/payouts/plan-payment", _LINES, FINANCE),
    ("POST", "/payouts/commit-payment", _LINES | {"fingerprint": ""}, FINANCE),
    ("GET", "/contracts", None, EVERYBODY),
    ("GET", "/contracts/999999", None, EVERYBODY),
    ("POST", "/contracts", EXAMPLES["ContractCreate"] | {"owner_id": 999_999}, FINANCE),
    ("POST", "/contracts/999999/sign", None, FINANCE),
    ("POST", "/contracts/999999/renew", EXAMPLES["Renewal"], FINANCE),
    ("POST", "/contracts/999999/terminate", None, FINANCE),
    ("GET", "/owners/999999/account", None, EVERYBODY),
    ("PUT", "/owners/999999/account", EXAMPLES["AccountChange"], FINANCE),
    ("GET", "/owners/999999/surveys", None, EVERYBODY),
    ("POST", "/owners/999999/surveys", EXAMPLES["SurveyCreate"], FINANCE),
    ("GET", "/owners/999999/contacts", None, EVERYBODY),
    ("POST", "/owners/999999/contacts", EXAMPLES["ContactCreate"], EVERYBODY),
    ("POST", "/owners/999999/reveal", _REASON, BOTH),
    ("GET", "/hospitals", None, EVERYBODY),
    ("GET", "/hospitals/999999", None, EVERYBODY),
    ("POST", "/hospitals", EXAMPLES["HospitalCreate"], FINANCE),
    ("POST", "/hospitals/revenue", EXAMPLES["RevenueRecord"] | {"hospital_id": 999_999}, FINANCE),
    ("GET", "/hospitals/999999/revenue", None, EVERYBODY),
    ("GET", "/receipts", None, EVERYBODY),
    ("GET", "/receipts/999999", None, EVERYBODY),
]


@pytest.mark.parametrize("role", list(Role))
def test_a_role_may_do_what_it_may_and_nothing_else(signed_in: SignedIn, role: Role) -> None:
    client = signed_in(role)

    for method, path, body, allowed in _CALLS:
        response = client.request(method, API + path, json=body)
        if role in allowed:
            assert (path, response.status_code in (200, 201, 400, 404, 409)) == (path, True)
        else:
            assert refusal(response, 403).startswith("You may not"), path


def test_nobody_may_do_anything_without_a_token(anonymous: TestClient) -> None:
    for method, path, body, _ in _CALLS:
        response = anonymous.request(method, API + path, json=body)
        assert "API token" in refusal(response, 401)


def test_the_table_of_who_may_names_every_call(app: Any) -> None:
    document = docs.describe(app)
    tags = {"Owners", "Owners' records", "Hospitals", "Payouts", "Payouts in bulk", "Receipts"}
    described = {
        (method.upper(), path)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if tags & set(operation["tags"])
    }

    named = {(method, path.replace("999999", "{}")) for method, path, _, _ in _CALLS}
    wanted = {(method, _without_names(path)) for method, path in described}
    assert wanted - named == {("POST", "/payouts/plan-statement")}  # takes CSV: its own tests


def _without_names(path: str) -> str:
    parts = path.removeprefix(API).split("/")
    return "/".join("{}" if part.startswith("{") else part for part in parts)


def test_a_body_of_ten_megabytes_is_refused(client: TestClient) -> None:
    body = b'{"notes": "' + b"x" * 10_000_000 + b'"}'
    headers = {"content-type": "application/json"}

    for path in ("/owners", "/payouts", "/payouts/plan-statement"):
        refusal(client.post(API + path, content=body, headers=headers), 413)


def test_what_is_only_read_is_all_of_a_row_that_is_not_written() -> None:
    owner, payout = set(OwnerRead.model_fields), set(PayoutRead.model_fields)

    assert owner - set(OwnerCreate.model_fields) == OwnerCreate.only_read
    assert owner - set(OwnerUpdate.model_fields) == OwnerUpdate.only_read
    assert payout - set(PayoutCreate.model_fields) == PayoutCreate.only_read


@pytest.fixture
def sampled(own_database: str) -> Iterator[TestClient]:
    """A client of the API over the sample data, through the API's own reader."""
    load_sample(own_database)
    engine = connect(own_database)  # the loader has let go of the one that was there
    with transaction(who="test") as session:
        token = make_token(session, Role.FINANCE)
    app = create_app(lambda: open_reader(own_database))
    with TestClient(app, headers={"Authorization": f"Bearer {token}"}) as client:
        yield client
    engine.dispose()


def test_the_sample_has_the_owners_of_the_contract(sampled: TestClient) -> None:
    rows = done(sampled.get(OWNERS))[::-1]

    names = ("owner_code", "first_name", "phone", "satisfaction_score", "lifetime_value")
    assert [wrong_in(row, LISTED_OWNER) for row in rows] == [{}] * 3
    assert [tuple(row[name] for name in names) for row in rows] == [
        ("OWN-001", "Adebayo", "+2348012345678", "4.50", "50000000.00"),
        ("OWN-002", "Fatima", "+2348023456789", "4.80", "75000000.00"),
        ("OWN-003", "Emeka", "+2348034567890", "4.20", "35000000.00"),
    ]
    assert [(row["payment_status"], row["status"], row["email"]) for row in rows] == [
        ("current", "active", "adebayo.ogundimu@lagoshospital.ng"),
        ("current", "active", "fatima.abdullahi@abujamed.ng"),
        ("overdue", "active", "emeka.nwankwo@portharcourt.ng"),
    ]
    assert len({row["hospital_id"] for row in rows}) == 3


def test_the_sample_has_the_figures_of_the_contract(sampled: TestClient) -> None:
    assert done(sampled.get(f"{OWNERS}/stats")) == {
        "totalOwners": 3,
        "activeOwners": 3,
        "inactiveOwners": 0,
        "averageSatisfaction": "4.50",
        "totalLifetimeValue": 160_000_000,
        "paymentStats": {"current": 2, "overdue": 1, "pending": 0},
    }


def test_the_sample_has_the_feedback_of_the_contract(sampled: TestClient) -> None:
    rows = done(sampled.get(f"{API}/feedback"))
    assert [
        (row["type"], row["source_type"], row["rating"], row["priority"], row["status"])
        for row in sorted(rows, key=lambda row: row["id"])
    ] == [
        ("compliment", "patient", 5, "medium", "acknowledged"),
        ("complaint", "patient", 2, "high", "in_progress"),
        ("suggestion", "owner", None, "medium", "new"),
    ]


def test_the_sample_has_the_payouts_of_the_contract(sampled: TestClient) -> None:
    rows = {row["payout_code"]: row for row in done(sampled.get(PAYOUTS))}

    assert [wrong_in(row, PAYOUT) for row in rows.values()] == [{}] * len(rows)
    names = ("owner_id", "gross_revenue", "deductions", "net_amount", "status", "bank_name")
    assert {code: tuple(rows[code][name] for name in names) for code in sorted(rows)[:3]} == {
        "PAY-001": (1, "5000000.00", "500000.00", "4500000.00", "paid", "First Bank"),
        "PAY-002": (2, "7500000.00", "750000.00", "6750000.00", "approved", "GTBank"),
        "PAY-003": (3, "3500000.00", "350000.00", "3150000.00", "pending", "Zenith Bank"),
    }


def test_a_day_of_an_old_client(signed_in: SignedIn) -> None:
    """The bodies as the contract has them: the least of each, numbers as numbers or as text."""
    finance, approver = signed_in(Role.FINANCE), signed_in(Role.APPROVER)
    owner = created(
        finance.post(
            OWNERS,
            json={
                "first_name": "Ngozi",
                "last_name": "Eze",
                "email": "ngozi@enugu.ng",
                "phone": "2348067890123",
            },
        )
    )
    done(finance.put(f"{OWNERS}/{owner['id']}", json={"notes": "Calls on Mondays"}))
    payout = created(
        finance.post(
            PAYOUTS,
            json={
                "owner_id": str(owner["id"]),
                "period_start": "2026-10-01",
                "period_end": "2026-10-31",
                "gross_revenue": 5000000,
                "deductions": "500000",
                "net_amount": 4500000.00,
                "bank_name": "GTBank",
                "account_number": "0123456785",
            },
        )
    )
    approved = done(approver.post(f"{PAYOUTS}/{payout['id']}/approve"))

    listed = finance.get(f"{OWNERS}/?status=active&search=ngozi&page=1&limit=10").json()
    assert approved["status"] == "approved"
    assert (listed["data"][0]["payout_count"], listed["data"][0]["total_payouts"]) == (
        "1",
        "4500000.00",
    )
    assert listed["pagination"]["total"] == 1
    assert done(finance.get(f"{OWNERS}/{owner['id']}/payouts"))[0]["id"] == payout["id"]


def test_every_body_of_owners_and_payouts_has_an_example(app: Any) -> None:
    document = docs.describe(app)
    for path, methods in document["paths"].items():
        for operation in methods.values():
            body = str(operation.get("requestBody", ""))
            if path.startswith((OWNERS, PAYOUTS)) and "$ref" in body:
                name = re.findall(r"schemas/(\w+)", body)[0]
                assert document["components"]["schemas"][name].get("examples"), name


def test_examples_are_what_the_schemas_describe(app: Any) -> None:
    document = docs.describe(app)
    for name in EXAMPLES:
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        jsonschema_rs.validate(schema, EXAMPLES[name])


def test_every_filter_says_what_it_filters_by(app: Any) -> None:
    document = docs.describe(app)
    for path in (OWNERS, PAYOUTS, f"{OWNERS}/{{owner_id}}/payouts"):
        described = document["paths"][path]["get"]["parameters"]
        unsaid = [p["name"] for p in described if p["in"] == "query" and not p.get("description")]
        assert (path, unsaid) == (path, [])


def test_a_payouts_row_is_the_same_in_a_list_and_alone(client: TestClient) -> None:
    payout = add_payout(client)

    alone = done(client.get(f"{PAYOUTS}/{payout['id']}"))

    assert alone == payout
    assert done(client.get(PAYOUTS)) == [payout]

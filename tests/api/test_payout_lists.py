"""Lists, figures and details of payouts over HTTP."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from crm_core.people.schemas import Role
from tests.api.calls import (
    GOOD_ACCOUNT,
    PAYOUTS,
    WRONG_DIGIT,
    act,
    add_owner,
    add_payout,
    done,
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
    ("stage=pending", "stage"),
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

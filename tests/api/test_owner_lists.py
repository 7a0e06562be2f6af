"""Lists and figures of owners over HTTP."""

from typing import Any

import pytest
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from crm_core.people.schemas import Role
from tests import make_business as make
from tests.api.calls import (
    OWNERS,
    act,
    add_owner,
    add_payout,
    done,
    wrong_fields,
)
from tests.api.conftest import SignedIn
from tests.api.shapes import LISTED_OWNER, PAYOUT, wrong_in


def test_owners_are_listed_newest_first_with_what_they_were_paid(client: TestClient) -> None:
    first, second = add_owner(client), add_owner(client)
    add_payout(client, first["id"])
    add_payout(client, first["id"], period_start="2026-02-01", period_end="2026-02-28")

    body = client.get(OWNERS).json()

    assert [row["id"] for row in body["data"]] == [second["id"], first["id"]]
    assert [wrong_in(row, LISTED_OWNER) for row in body["data"]] == [{}, {}]
    assert [row["payout_count"] for row in body["data"]] == ["0", "2"]
    assert [row["total_payouts"] for row in body["data"]] == [None, "9000000.00"]
    assert body["success"] is True
    assert {name: body["pagination"][name] for name in ("total", "page", "pages")} == {
        "total": 2,
        "page": 1,
        "pages": 1,
    }


def test_a_list_turns_its_pages_by_number_and_by_cursor(client: TestClient) -> None:
    ids = [add_owner(client)["id"] for _ in range(5)][::-1]

    second = client.get(OWNERS, params={"limit": 2, "page": 2}).json()
    first = client.get(OWNERS, params={"limit": 2}).json()
    cursor = first["pagination"]["next_cursor"]
    after = client.get(OWNERS, params={"limit": 2, "cursor": cursor}).json()

    assert [row["id"] for row in first["data"]] == ids[:2]
    assert [row["id"] for row in second["data"]] == ids[2:4]
    assert [row["id"] for row in after["data"]] == ids[2:4]
    assert (second["pagination"]["page"], second["pagination"]["pages"]) == (2, 3)
    assert client.get(OWNERS, params={"page": 9}).json()["data"] == []


_WRONG_FILTERS: list[tuple[dict[str, Any], str]] = [
    ({"limit": 101}, "limit"),
    ({"limit": 0}, "limit"),
    ({"limit": "ten"}, "limit"),
    ({"page": 0}, "page"),
    ({"page": "9" * 30}, "page"),
    ({"cursor": "made-up"}, "cursor"),
    ({"status": "retired"}, "status"),
    ({"payment_status": "late"}, "payment_status"),
    ({"search": "x" * 101}, "search"),
    ({"stauts": "active"}, "stauts"),
]


def test_a_wrong_filter_is_named(client: TestClient) -> None:
    for asked, wrong in _WRONG_FILTERS:
        assert wrong_fields(client.get(OWNERS, params=asked), "query") == [wrong]


def test_a_list_of_a_hundred_is_given(client: TestClient) -> None:
    assert client.get(OWNERS, params={"limit": 100}).status_code == 200


def test_a_form_sent_with_nothing_chosen_lists_everybody(client: TestClient) -> None:
    owner = add_owner(client)

    response = client.get(f"{OWNERS}?status=&payment_status=&search=&page=1&limit=20")

    assert [row["id"] for row in done(response)] == [owner["id"]]


def test_owners_are_found_by_status(client: TestClient) -> None:
    add_owner(client)
    gone = add_owner(client, status="inactive")

    found = done(client.get(OWNERS, params={"status": "inactive"}))

    assert [row["id"] for row in found] == [gone["id"]]


def test_owners_are_found_by_payment_status(client: TestClient, signed_in: SignedIn) -> None:
    waiting, late = add_owner(client), add_owner(client)
    add_owner(client)
    add_payout(client, waiting["id"])
    payout = add_payout(client, late["id"])
    done(act(signed_in(Role.APPROVER), payout["id"], "approve"))

    def found(status: str) -> list[int]:
        return [row["id"] for row in done(client.get(OWNERS, params={"payment_status": status}))]

    assert found("pending") == [waiting["id"]]
    assert found("overdue") == [late["id"]]
    assert len(found("current")) == 1


@pytest.mark.parametrize("words", ["fatima", "ABDULL", "fatima.a@abuja.ng", "{code}"])
def test_owners_are_found_by_name_email_and_code(client: TestClient, words: str) -> None:
    add_owner(client)
    wanted = add_owner(
        client, first_name="Fatima", last_name="Abdullahi", email="fatima.a@abuja.ng"
    )

    found = done(client.get(OWNERS, params={"search": words.format(code=wanted["owner_code"])}))

    assert [row["id"] for row in found] == [wanted["id"]]


def test_a_search_is_only_words(client: TestClient) -> None:
    add_owner(client)

    for words in ["%", "_", "'; --", "zz & | ! :*", "\\", "🏥", '"', "(((", "<->"]:
        assert (words, done(client.get(OWNERS, params={"search": words}))) == (words, [])


def test_stats_have_the_names_and_types_of_the_contract(client: TestClient) -> None:
    add_owner(client)
    add_owner(client, status="inactive")
    add_payout(client)

    assert done(client.get(f"{OWNERS}/stats")) == {
        "totalOwners": 3,
        "activeOwners": 2,
        "inactiveOwners": 1,
        "averageSatisfaction": "0.00",
        "totalLifetimeValue": 0,
        "paymentStats": {"current": 2, "overdue": 0, "pending": 1},
    }


def test_an_owners_payouts_are_listed_newest_first_by_status(
    client: TestClient, signed_in: SignedIn
) -> None:
    owner = add_owner(client)
    older = add_payout(client, owner["id"])
    newer = add_payout(client, owner["id"], period_start="2026-02-01", period_end="2026-02-28")
    add_payout(client)
    done(act(signed_in(Role.APPROVER), older["id"], "approve"))

    whole = client.get(f"{OWNERS}/{owner['id']}/payouts").json()
    approved = client.get(f"{OWNERS}/{owner['id']}/payouts", params={"status": "approved"}).json()

    assert [row["id"] for row in whole["data"]] == [newer["id"], older["id"]]
    assert [wrong_in(row, PAYOUT) for row in whole["data"]] == [{}, {}]
    assert whole["pagination"]["total"] == 2
    assert [row["id"] for row in approved["data"]] == [older["id"]]


@pytest.mark.parametrize(
    ("asked", "wrong"), [({"limit": 101}, "limit"), ({"status": "x"}, "status")]
)
def test_a_wrong_filter_of_an_owners_payouts_is_named(
    client: TestClient, asked: dict[str, Any], wrong: str
) -> None:
    owner = add_owner(client)

    response = client.get(f"{OWNERS}/{owner['id']}/payouts", params=asked)

    assert wrong_fields(response, "query") == [wrong]


def test_the_satisfaction_score_is_text_with_two_decimals(
    client: TestClient, session: Session
) -> None:
    from crm_core.owners import service
    from crm_core.owners.schemas import SurveyCreate

    owner = add_owner(client)
    survey = SurveyCreate.model_validate({"score": "4.5"})
    service.record_survey(session, owner["id"], survey, actor=make.FINANCE)
    session.commit()

    assert done(client.get(f"{OWNERS}/{owner['id']}"))["satisfaction_score"] == "4.50"
    assert done(client.get(f"{OWNERS}/stats"))["averageSatisfaction"] == "4.50"

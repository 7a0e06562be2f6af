"""Owners over HTTP, as the contract has them."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.calls import (
    API,
    OWNERS,
    add_owner,
    created,
    done,
    owner_body,
    refusal,
    wrong_fields,
)
from tests.api.shapes import OWNER, wrong_in


def test_an_owner_is_created_with_every_key_of_the_contract(client: TestClient) -> None:
    response = client.post(OWNERS, json=owner_body(notes="Call before noon"))

    body = response.json()
    assert response.status_code == 201
    assert (body["success"], body["message"]) == (True, "Owner created successfully")
    assert wrong_in(body["data"], OWNER) == {}
    assert body["data"]["status"] == "active"
    assert body["data"]["lifetime_value"] == "0.00"
    assert body["data"]["payment_status"] == "current"
    assert body["data"]["notes"] == "Call before noon"


def test_names_are_trimmed_and_phones_normalised(client: TestClient) -> None:
    owner = add_owner(client, first_name="  Ada ", last_name=" Obi  ", phone="234 803 123 4567")

    assert (owner["first_name"], owner["last_name"]) == ("Ada", "Obi")
    assert owner["phone"] == "+2348031234567"


def test_names_may_be_of_any_script(client: TestClient) -> None:
    owner = add_owner(client, first_name="Adébáyọ̀", last_name="أحمد 🏥")

    assert (owner["first_name"], owner["last_name"]) == ("Adébáyọ̀", "أحمد 🏥")


def test_a_nin_is_shown_by_its_last_four_digits(client: TestClient) -> None:
    owner = add_owner(client, nin="12345678901")

    assert owner["nin"] == "*******8901"
    assert "12345678901" not in client.get(OWNERS).text


_WRONG: list[tuple[str, object]] = [
    ("first_name", None),
    ("first_name", "   "),
    ("first_name", 7),
    ("last_name", ""),
    ("last_name", "x" * 101),
    ("last_name", "two\nlines"),
    ("email", "ada at hospital"),
    ("email", "a" * 260 + "@hospital.ng"),
    ("phone", "+14155552671"),
    ("phone", "080312"),
    ("phone", "01 277 0000"),
    ("nin", "1234567890"),
    ("nin", "1234567890a"),
    ("hospital_id", 0),
    ("hospital_id", "seven"),
    ("hospital_id", 2**63),
    ("status", "retired"),
    ("onboarding_date", "2999-01-01"),
    ("onboarding_date", "2026-13-01"),
    ("nots", "a slip of the keyboard"),
]


def test_a_wrong_field_is_named(client: TestClient) -> None:
    for field, value in _WRONG:
        response = client.post(OWNERS, json=owner_body(**{field: value}))
        assert (value, wrong_fields(response)) == (value, [field])


def test_every_missing_field_is_named(client: TestClient) -> None:
    response = client.post(OWNERS, json={})

    assert wrong_fields(response) == ["first_name", "last_name", "email", "phone"]


def test_an_email_belongs_to_one_owner_however_it_is_written(client: TestClient) -> None:
    add_owner(client, email="ada@hospital.ng")

    response = client.post(OWNERS, json=owner_body(email="ADA@Hospital.NG"))

    assert refusal(response, 409) == "Another owner has this email address."


def test_an_unknown_hospital_is_refused(client: TestClient) -> None:
    response = client.post(OWNERS, json=owner_body(hospital_id=999_999))

    assert "There is no such hospital." in response.text
    assert response.status_code in (400, 409)


def test_any_subset_of_an_owner_is_changed(client: TestClient) -> None:
    owner = add_owner(client, notes="Old")

    response = client.put(f"{OWNERS}/{owner['id']}", json={"phone": "0805 555 1234"})

    assert response.json()["message"] == "Owner updated successfully"
    assert wrong_in(done(response), OWNER) == {}
    assert done(response)["phone"] == "+2348055551234"
    assert done(response)["notes"] == "Old"


def test_nothing_to_change_is_no_error(client: TestClient) -> None:
    owner = add_owner(client)

    assert done(client.put(f"{OWNERS}/{owner['id']}", json={}))["version"] == owner["version"]


def test_a_whole_row_may_be_sent_back_with_one_value_changed(client: TestClient) -> None:
    owner = add_owner(client, nin="12345678901")
    row = done(client.get(f"{OWNERS}/{owner['id']}"))

    changed = done(client.put(f"{OWNERS}/{owner['id']}", json=row | {"notes": "Call before noon"}))

    assert changed["notes"] == "Call before noon"
    unchanged = set(row) - {"notes", "version", "updated_at"}
    assert {name: changed[name] for name in unchanged} == {name: row[name] for name in unchanged}


def test_what_follows_from_payouts_is_not_written(client: TestClient) -> None:
    owner = add_owner(client, lifetime_value="1000000.00", payment_status="overdue", version=9)

    changed = done(
        client.put(f"{OWNERS}/{owner['id']}", json={"id": 7, "satisfaction_score": "5.00"})
    )

    assert (changed["lifetime_value"], changed["payment_status"]) == ("0.00", "current")
    assert (changed["id"], changed["satisfaction_score"]) == (owner["id"], None)


_WRONG_CHANGES: list[dict[str, Any]] = [
    {"first_name": None},
    {"email": None},
    {"phone": ""},
    {"status": None},
    {"onboarding_date": None},
    {"nin": "12"},
    {"version": 0},
    {"nots": "a slip of the keyboard"},
]


def test_a_wrong_change_is_named(client: TestClient) -> None:
    owner = add_owner(client)

    for change in _WRONG_CHANGES:
        response = client.put(f"{OWNERS}/{owner['id']}", json=change)
        assert (change, wrong_fields(response)) == (change, [*change])


def test_a_stale_version_is_refused(client: TestClient) -> None:
    owner = add_owner(client)
    done(client.put(f"{OWNERS}/{owner['id']}", json={"notes": "First", "version": 1}))

    response = client.put(f"{OWNERS}/{owner['id']}", json={"notes": "Second", "version": 1})

    assert "Somebody changed this owner" in refusal(response, 409)
    assert done(client.get(f"{OWNERS}/{owner['id']}"))["notes"] == "First"


def test_a_change_to_the_email_of_another_owner_is_refused(client: TestClient) -> None:
    taken, owner = add_owner(client), add_owner(client)

    response = client.put(f"{OWNERS}/{owner['id']}", json={"email": taken["email"]})

    assert refusal(response, 409) == "Another owner has this email address."


@pytest.mark.parametrize("path", ["/owners/999999", "/owners/999999/payouts"])
def test_an_unknown_owner_is_not_found(client: TestClient, path: str) -> None:
    assert refusal(client.get(API + path), 404) == "Owner not found"


def test_an_unknown_owner_is_not_changed(client: TestClient) -> None:
    response = client.put(f"{OWNERS}/999999", json={"notes": "Nobody"})

    assert refusal(response, 404) == "Owner not found"


def test_what_is_no_id_is_named(client: TestClient) -> None:
    for owner_id in ["0", "-1", "seven", "1.5", "9" * 19, "9" * 40]:
        assert wrong_fields(client.get(f"{OWNERS}/{owner_id}"), "path") == ["owner_id"]


def test_the_same_key_creates_one_owner_and_answers_twice_the_same(client: TestClient) -> None:
    body, key = owner_body(), {"Idempotency-Key": "owner-1"}

    first = client.post(OWNERS, json=body, headers=key)
    again = client.post(OWNERS, json=body, headers=key)

    assert created(again) == created(first)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert client.get(OWNERS).json()["pagination"]["total"] == 1


def test_a_key_of_another_body_is_refused(client: TestClient) -> None:
    key = {"Idempotency-Key": "owner-2"}
    created(client.post(OWNERS, json=owner_body(), headers=key))

    response = client.post(OWNERS, json=owner_body(), headers=key)

    assert "take a new one" in refusal(response, 409)

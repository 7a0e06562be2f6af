"""Contracts, accounts, surveys, conversations and hospitals over the API."""

from starlette.testclient import TestClient

from crm_core.api.examples import EXAMPLES
from crm_core.base.clock import lagos_today
from crm_core.people.schemas import Role
from tests.api.calls import API, OWNERS, created, done, refusal
from tests.api.conftest import SignedIn


def add_hospital(client: TestClient) -> int:
    return int(created(client.post(f"{API}/hospitals", json=EXAMPLES["HospitalCreate"]))["id"])


def add_owner(client: TestClient) -> int:
    return int(
        created(client.post(OWNERS, json=EXAMPLES["OwnerCreate"] | {"hospital_id": None}))["id"]
    )


def draft(client: TestClient, owner_id: int, hospital_id: int) -> dict[str, object]:
    body = EXAMPLES["ContractCreate"] | {"owner_id": owner_id, "hospital_id": hospital_id}
    return dict(created(client.post(f"{API}/contracts", json=body)))


def test_a_contract_is_drafted_signed_renewed_and_ended(signed_in: SignedIn) -> None:
    client = signed_in(Role.FINANCE)
    owner_id, hospital_id = add_owner(client), add_hospital(client)
    contract = draft(client, owner_id, hospital_id)
    address = f"{API}/contracts/{contract['id']}"

    assert (contract["status"], contract["revenue_share_percent"]) == ("draft", "40.00")
    assert done(client.post(f"{address}/sign"))["status"] == "active"
    renewed = done(client.post(f"{address}/renew", json={"end_date": "2030-12-31"}))
    assert (renewed["start_date"], renewed["renewed_from_id"]) == ("2029-01-01", contract["id"])
    assert done(client.post(f"{address}/terminate"))["status"] == "terminated"
    listed = done(client.get(f"{API}/contracts", params={"owner_id": owner_id}))
    assert [row["id"] for row in listed] == [renewed["id"], contract["id"]]
    assert done(client.get(address))["hospital_name"] == "Ibadan General"


def test_two_signed_contracts_for_the_same_time_are_refused(signed_in: SignedIn) -> None:
    client = signed_in(Role.FINANCE)
    owner_id, hospital_id = add_owner(client), add_hospital(client)
    first, second = (draft(client, owner_id, hospital_id)["id"] for _ in range(2))

    done(client.post(f"{API}/contracts/{first}/sign"))
    answer = client.post(f"{API}/contracts/{second}/sign")
    assert "has a signed contract" in refusal(answer, 409)


def test_an_account_is_kept_masked_and_revealed_for_a_reason(signed_in: SignedIn) -> None:
    client = signed_in(Role.FINANCE)
    address = f"{OWNERS}/{add_owner(client)}"
    assert "no bank account" in refusal(client.get(f"{address}/account"), 404)

    kept = done(client.put(f"{address}/account", json=EXAMPLES["AccountChange"]))
    assert (kept["account_number"], kept["nuban_ok"]) == ("******4579", True)
    assert done(client.get(f"{address}/account")) == kept
    revealed = done(client.post(f"{address}/reveal", json={"reason": "To call the bank"}))
    assert revealed["account_number"] == "0000014579"


def test_a_survey_moves_the_score_and_a_conversation_the_last_contact(
    signed_in: SignedIn,
) -> None:
    client = signed_in(Role.FINANCE)
    address = f"{OWNERS}/{add_owner(client)}"

    created(client.post(f"{address}/surveys", json={"score": "4.00"}))
    created(client.post(f"{address}/surveys", json={"score": "5.00"}))
    created(client.post(f"{address}/contacts", json=EXAMPLES["ContactCreate"]))

    owner = done(client.get(address))
    assert owner["satisfaction_score"] == "4.50"
    assert owner["last_contact_date"] is not None
    assert [row["score"] for row in done(client.get(f"{address}/surveys"))] == ["5.00", "4.00"]
    [contact] = done(client.get(f"{address}/contacts"))
    assert contact["channel"] == "call"


def test_a_month_of_revenue_is_recorded_and_corrected(signed_in: SignedIn) -> None:
    client = signed_in(Role.FINANCE)
    hospital_id = add_hospital(client)
    body = {"hospital_id": hospital_id, "month": str(lagos_today().replace(day=1))}

    for amount in ("100.00", "250.50"):
        done(client.post(f"{API}/hospitals/revenue", json=body | {"gross_revenue": amount}))
    [revenue] = done(client.get(f"{API}/hospitals/{hospital_id}/revenue"))
    assert (revenue["gross_revenue"], revenue["month"]) == ("250.50", body["month"])
    assert done(client.get(f"{API}/hospitals", params={"search": "ibad"}))[0]["id"] == hospital_id


def test_a_month_may_be_written_as_a_month(signed_in: SignedIn) -> None:
    client = signed_in(Role.FINANCE)
    body = {"hospital_id": add_hospital(client), "month": "2026-01", "gross_revenue": "5.00"}

    assert done(client.post(f"{API}/hospitals/revenue", json=body))["month"] == "2026-01-01"
    plan = done(client.post(f"{API}/payouts/plan-month", json={"month": "2026-01"}))
    assert plan["totals"]["count"] == "0"


def test_records_of_nobody_are_not_found(signed_in: SignedIn) -> None:
    client = signed_in(Role.FINANCE)
    for path in ("/owners/999999/surveys", "/owners/999999/account", "/hospitals/999999/revenue"):
        assert "not found" in refusal(client.get(API + path), 404)

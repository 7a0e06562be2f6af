"""Events of other systems over HTTP: once by their id, refused ones kept with why."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from crm_core.api.app import PREFIX
from crm_core.base.clock import lagos_today
from crm_core.base.db import reading, transaction
from crm_core.integrations.incoming.schemas import Source
from crm_core.integrations.incoming.taking import keep_refused
from crm_core.people.schemas import Role
from tests.api.tokens import make_token
from tests.make_appointments import make_visit
from tests.make_business import make_hospital
from tests.make_patients import make_patient

ONBOARDING = f"{PREFIX}/integrations/onboarding"
REVENUE = f"{PREFIX}/integrations/revenue"
EVENTS = f"{PREFIX}/integrations/events"


def onboarding(**more: Any) -> dict[str, Any]:
    """An owner who was onboarded today."""
    today = lagos_today()
    return {
        "event_id": "onb-1",
        "owner": {
            "first_name": "Ada",
            "last_name": "Obi",
            "email": "ada.obi@example.ng",
            "phone": "08031234567",
            "nin": "12345678901",
        },
        "hospital": {"name": "Marina Hospital", "city": "Lagos", "state": "Lagos"},
        "contract": {
            "start_date": f"{today}",
            "end_date": f"{today + timedelta(days=700)}",
            "revenue_share_percent": "30.00",
        },
    } | more


@pytest.fixture
def client(own_api: TestClient) -> TestClient:
    """A system with the finance role; a refusal is kept in a transaction of its own."""
    return own_api


def ask(question: str) -> Any:
    """One value, as another connection sees it."""
    with reading() as session:
        return session.execute(text(question)).scalar_one()


def count(table: str) -> int:
    return int(ask(f"SELECT count(*) FROM {table}"))


def test_an_owner_comes_with_hospital_and_a_signed_contract(client: TestClient) -> None:
    answer = client.post(ONBOARDING, json=onboarding())
    data = answer.json()["data"]
    assert answer.status_code == 201
    assert data["owner"]["hospital_id"] == data["hospital"]["id"]
    assert data["contract"]["status"] == "active"
    assert data["contract"]["owner_id"] == data["owner"]["id"]


def test_the_same_event_gives_the_same_data_and_changes_nothing(client: TestClient) -> None:
    first = client.post(ONBOARDING, json=onboarding())
    again = client.post(ONBOARDING, json=onboarding())
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["data"] == first.json()["data"]
    assert (count("crm_owners"), count("crm_hospitals")) == (1, 1)


def test_an_id_that_came_with_other_contents_is_refused(client: TestClient) -> None:
    client.post(ONBOARDING, json=onboarding())
    other = onboarding(hospital={"name": "Other", "city": "Abuja", "state": "FCT"})
    assert client.post(ONBOARDING, json=other).status_code == 409


def test_all_of_it_or_nothing(client: TestClient) -> None:
    client.post(ONBOARDING, json=onboarding())
    twin = client.post(ONBOARDING, json=onboarding(event_id="onb-2"))
    assert twin.status_code == 409
    assert count("crm_hospitals") == 1


def test_what_was_refused_is_kept_and_may_be_corrected(client: TestClient) -> None:
    wrong = onboarding(hospital={"name": "Marina Hospital", "city": "Lagos"})
    assert client.post(ONBOARDING, json=wrong).status_code == 400
    [refused] = client.get(f"{EVENTS}?state=refused").json()["data"]
    assert (refused["event_id"], refused["source"]) == ("onb-1", "onboarding")
    assert "hospital.state" in refused["refusal"]
    assert client.post(ONBOARDING, json=onboarding()).status_code == 201
    assert client.get(f"{EVENTS}?state=refused").json()["data"] == []


def test_a_duplicate_owner_is_kept_with_its_reason(client: TestClient) -> None:
    client.post(ONBOARDING, json=onboarding())
    client.post(ONBOARDING, json=onboarding(event_id="onb-2"))
    [refused] = client.get(f"{EVENTS}?state=refused").json()["data"]
    assert "email" in refused["refusal"]


def test_identity_numbers_are_not_kept_a_second_time(client: TestClient) -> None:
    client.post(ONBOARDING, json=onboarding())
    assert "12345678901" not in ask("SELECT body::text || answer::text FROM crm_integration_events")


@pytest.mark.parametrize(
    "odd",
    [
        {"nin": "12345678901"},
        {"owner": {"NIN": 12345678901}},
        {"owner": {"papers": [{"owner_nin": "12345678901"}]}},
        {"owner": {"identity": "1234 567 8901"}},
        {"bank": {"account_number": "12345678901"}},
        {"bank": {"accountNumber": ["12345678901"]}},
    ],
)
def test_nobody_reads_an_identity_number_in_a_body_that_was_refused(
    client: TestClient, odd: dict[str, Any]
) -> None:
    assert client.post(ONBOARDING, json={"event_id": "onb-9", **odd}).status_code == 400
    seen = as_role_get(client, Role.VIEWER)
    assert "onb-9" in seen
    assert "12345678901" not in seen.replace(" ", "")


def test_a_phone_number_of_a_refused_body_is_kept(client: TestClient) -> None:
    wrong = onboarding(hospital={"name": "Marina Hospital", "city": "Lagos"})
    client.post(ONBOARDING, json=wrong)
    assert "08031234567" in as_role_get(client, Role.VIEWER)


def test_who_may_send_no_events_writes_none(client: TestClient) -> None:
    body = onboarding(hospital={"name": "Marina Hospital", "city": "Lagos"})
    client.post(ONBOARDING, json=body)
    assert as_role(client, Role.VIEWER, "onboarding", onboarding()).status_code == 403
    [kept] = client.get(EVENTS).json()["data"]
    assert "hospital.state" in kept["refusal"]


def test_an_event_is_its_who_sent_it_last(client: TestClient) -> None:
    wrong = onboarding(hospital={"name": "Marina Hospital", "city": "Lagos"})
    as_role(client, Role.FINANCE, "onboarding", wrong)
    first = ask("SELECT who FROM crm_integration_events")
    client.post(ONBOARDING, json=onboarding())
    assert ask("SELECT who FROM crm_integration_events") != first


def test_a_refusal_overwrites_nothing_that_was_done(client: TestClient) -> None:
    """The check that comes before it does not see what another has not committed yet."""
    done = client.post(ONBOARDING, json=onboarding()).json()["data"]
    with transaction(who="test") as session:
        keep_refused(session, Source.ONBOARDING, {"event_id": "onb-1"}, "Too late")
    assert ask("SELECT state FROM crm_integration_events") == "done"
    assert client.post(ONBOARDING, json=onboarding()).json()["data"] == done


def test_billing_records_and_corrects_a_month(client: TestClient) -> None:
    with transaction(who="test") as session:
        hospital = make_hospital(session)
    month = f"{lagos_today():%Y-%m}"
    event = {"hospital_id": hospital.id, "month": month, "gross_revenue": "1000000.00"}
    first = client.post(REVENUE, json=event | {"event_id": "rev-1"})
    second = client.post(REVENUE, json=event | {"event_id": "rev-2", "gross_revenue": "2000000"})
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json()["data"]["gross_revenue"] == "2000000.00"
    assert (
        client.post(REVENUE, json=event | {"event_id": "rev-1"}).json()["data"]
        == (first.json()["data"])
    )


def test_a_hospital_that_is_not_there_is_refused_in_words(client: TestClient) -> None:
    event = {"event_id": "rev-1", "hospital_id": 987_654, "month": "2026-10", "gross_revenue": "1"}
    answer = client.post(REVENUE, json=event)
    assert "no such hospital" in answer.text
    [refused] = client.get(EVENTS).json()["data"]
    assert refused["state"] == "refused"


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.FINANCE}))
def test_who_may_not_change_owners_onboards_none(client: TestClient, role: Role) -> None:
    with transaction(who="test") as session:
        headers = {"Authorization": f"Bearer {make_token(session, role)}"}
    assert client.post(ONBOARDING, json=onboarding(), headers=headers).status_code == 403
    assert count("crm_owners") == 0


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"event_id": 5}', b"{"])
def test_a_body_that_is_no_event_is_refused(client: TestClient, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    assert client.post(ONBOARDING, content=body, headers=headers).status_code == 400


def as_role_get(client: TestClient, role: Role) -> str:
    """The events as somebody with this role reads them."""
    with transaction(who="test") as session:
        headers = {"Authorization": f"Bearer {make_token(session, role)}"}
    return client.get(EVENTS, headers=headers).text


def as_role(client: TestClient, role: Role, path: str, body: dict[str, Any]) -> Any:
    """Sends it as another system, with this role."""
    with transaction(who="test") as session:
        headers = {"Authorization": f"Bearer {make_token(session, role)}"}
    return client.post(f"{PREFIX}/integrations/{path}", json=body, headers=headers)


def test_hospital_management_opens_departments_and_takes_on_doctors(client: TestClient) -> None:
    with transaction(who="test") as session:
        place = make_hospital(session).id
    body = {"event_id": "dep-1", "hospital_id": place, "name": "Eyes"}
    first = as_role(client, Role.APPROVER, "departments", body)
    again = as_role(client, Role.APPROVER, "departments", body)
    assert (first.status_code, again.status_code) == (201, 200)
    doctor = {"event_id": "doc-1", "hospital_id": place, "name": "Dr Ngozi Okeke"}
    assert as_role(client, Role.APPROVER, "doctors", doctor).status_code == 201
    assert as_role(client, Role.VIEWER, "doctors", doctor | {"event_id": "2"}).status_code == 403


def test_a_completed_visit_brings_its_points_once(client: TestClient) -> None:
    with transaction(who="test") as session:
        body = {
            "event_id": "visit-1",
            "patient_id": make_patient(session).id,
            "hospital_id": make_hospital(session).id,
        }
    first = as_role(client, Role.VIEWER, "visits", body)
    again = as_role(client, Role.VIEWER, "visits", body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["data"]["status"] == "completed"
    assert count("crm_loyalty_transactions WHERE rule = 'visit'") == 1


def test_a_visit_that_was_booked_here_is_completed(client: TestClient) -> None:
    with transaction(who="test") as session:
        visit = make_visit(session)
    body = {"event_id": "visit-1", "appointment_id": visit.id}
    assert as_role(client, Role.VIEWER, "visits", body).json()["data"]["id"] == visit.id
    assert ask(f"SELECT status FROM crm_appointments WHERE id = {visit.id}") == "completed"


def test_a_visit_of_nobody_is_refused(client: TestClient) -> None:
    assert as_role(client, Role.VIEWER, "visits", {"event_id": "visit-1"}).status_code == 400
    assert "appointment_id" in ask("SELECT refusal FROM crm_integration_events")

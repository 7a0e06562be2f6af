"""Campaigns over HTTP: the contract's calls, ours beside them, and who may."""

from typing import Any

import pytest
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from crm_core.api import docs
from crm_core.api.examples import EXAMPLES
from crm_core.people.schemas import Role
from tests.api.calls import API, created, done, refusal, wrong_fields
from tests.api.conftest import SignedIn
from tests.api.shapes import INSTANT, wrong_in
from tests.make_campaigns import campaign_body, segment, where, work
from tests.make_patients import make_patient

CAMPAIGNS = f"{API}/campaigns"
ROW = {
    "id": (int,),
    "name": (str,),
    "description": (str, None),
    "type": (str,),
    "target_audience": (str,),
    "segment_criteria": (dict,),
    "channels": (list,),
    "message_template": (str,),
    "status": (str,),
    "scheduled_date": (INSTANT, None),
    "start_date": (INSTANT, None),
    "end_date": (INSTANT, None),
    "total_recipients": (int,),
    "messages_sent": (int,),
    "messages_delivered": (int,),
    "messages_read": (int,),
    "response_rate": (str,),
    "created_by": (str,),
    "created_at": (INSTANT,),
    "updated_at": (INSTANT,),
}
EVERYBODY = set(Role)
CAMPAIGNER, APPROVER = {Role.CAMPAIGNER}, {Role.APPROVER}
_SCHEDULE = EXAMPLES["Schedule"]
_CALLS: list[tuple[str, str, dict[str, Any] | None, set[Role]]] = [
    ("GET", "", None, EVERYBODY),
    ("POST", "", campaign_body(), CAMPAIGNER),
    ("POST", "/preview", campaign_body(), EVERYBODY),
    ("POST", "/count", segment(where("age", "at_least", 18)), EVERYBODY),
    ("GET", "/compare?ids=999999", None, EVERYBODY),
    ("GET", "/999999", None, EVERYBODY),
    ("PUT", "/999999", {"name": "x"}, CAMPAIGNER),
    ("PUT", "/999999/list", EXAMPLES["AudienceList"], CAMPAIGNER),
    ("GET", "/999999/preview", None, EVERYBODY),
    ("POST", "/999999/submit", None, CAMPAIGNER),
    ("POST", "/999999/approve", None, APPROVER),
    ("POST", "/999999/reject", EXAMPLES["Rejection"], APPROVER),
    ("POST", "/999999/schedule", _SCHEDULE, CAMPAIGNER),
    ("POST", "/999999/unschedule", None, CAMPAIGNER),
    ("POST", "/999999/launch", None, CAMPAIGNER),
    ("POST", "/999999/pause", None, CAMPAIGNER),
    ("POST", "/999999/resume", None, CAMPAIGNER),
    ("POST", "/999999/cancel", {"reason": "Called off"}, CAMPAIGNER),
    ("POST", "/999999/test", None, CAMPAIGNER),
    ("GET", "/999999/stats", None, EVERYBODY),
    ("GET", "/999999/effect", None, EVERYBODY),
    ("GET", "/999999/recipients", None, EVERYBODY),
]


@pytest.fixture
def drafter(signed_in: SignedIn) -> TestClient:
    return signed_in(Role.CAMPAIGNER)


@pytest.fixture
def chief(signed_in: SignedIn) -> TestClient:
    """Somebody else, who may approve and launch."""
    return signed_in(Role.CAMPAIGNER, Role.APPROVER)


def add(client: TestClient, **more: object) -> dict[str, Any]:
    return created(client.post(CAMPAIGNS, json=campaign_body(**more)))


@pytest.mark.parametrize("role", list(Role))
def test_a_role_may_do_what_it_may_and_nothing_else(signed_in: SignedIn, role: Role) -> None:
    client = signed_in(role)

    for method, path, body, allowed in _CALLS:
        response = client.request(method, CAMPAIGNS + path, json=body)
        if role in allowed:
            assert (path, response.status_code in (200, 201, 400, 404, 409)) == (path, True)
        else:
            assert refusal(response, 403).startswith("You may not"), path


def test_the_table_of_who_may_names_every_call(app: Any) -> None:
    found = {
        (method.upper(), path.replace(f"{API}/campaigns", ""))
        for path, methods in docs.describe(app)["paths"].items()
        for method, operation in methods.items()
        if operation.get("tags") == ["Campaigns"]
    }
    named = {(m, p.partition("?")[0].replace("999999", "{campaign_id}")) for m, p, _, _ in _CALLS}
    assert named == found


def test_the_contract_s_least_body_makes_a_draft_with_its_defaults(drafter: TestClient) -> None:
    least = {"name": "Talk", "type": "educational", "target_audience": "all_patients"}

    response = drafter.post(CAMPAIGNS, json=least | {"message_template": "Dear {name}"})

    row = created(response)
    assert response.json()["message"] == "Campaign created successfully"
    assert wrong_in(row, ROW) == {}
    assert (row["status"], row["channels"], row["segment_criteria"]) == (
        "draft",
        ["sms", "email"],
        {},
    )


def test_rows_come_newest_first_and_filtered(drafter: TestClient) -> None:
    first = add(drafter)
    second = add(drafter, type="survey")

    everything = done(drafter.get(CAMPAIGNS))
    surveys = done(drafter.get(CAMPAIGNS, params={"type": "survey", "status": "draft"}))

    assert [row["id"] for row in everything] == [second["id"], first["id"]]
    assert [row["id"] for row in surveys] == [second["id"]]
    assert all(wrong_in(row, ROW) == {} for row in everything)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"message_template": "Dear {nickname}"}, "message_template"),
        ({"message_template": "Dear {Name}"}, "message_template"),
        ({"message_template": "Dear {name"}, "message_template"),
        ({"texts": {"email": {"subject": "For {you}", "body": "x"}}}, "texts.email.subject"),
        ({"texts": {"fax": {"body": "x"}}}, "texts.fax.[key]"),
        ({"channels": []}, "channels"),
        ({"control_percent": 51}, "control_percent"),
        ({"type": "spam"}, "type"),
    ],
)
def test_what_no_patient_may_read_is_refused_at_creation(
    drafter: TestClient, body: dict[str, Any], path: str
) -> None:
    response = drafter.post(CAMPAIGNS, json=campaign_body(**body))

    assert wrong_fields(response) == [path]


def test_an_unknown_field_of_the_criteria_is_named(drafter: TestClient) -> None:
    body = campaign_body(
        target_audience="specific_segment", segment_criteria=segment(where("shoes", "at_least", 1))
    )

    response = drafter.post(CAMPAIGNS, json=body)

    assert response.status_code == 400
    assert "There is no field “shoes”" in response.json()["errors"][0]["msg"]


def test_a_launch_answers_how_many_people_and_messages(
    drafter: TestClient, chief: TestClient, session: Session
) -> None:
    make_patient(session, email="ada@example.ng")
    make_patient(session)
    session.commit()
    campaign = add(drafter, channels=["sms", "email"])

    response = chief.post(f"{CAMPAIGNS}/{campaign['id']}/launch")

    launch = done(response)
    assert set(launch) == {"campaign", "recipientsTargeted", "messagesQueued"}
    assert (launch["recipientsTargeted"], launch["messagesQueued"]) == (2, 3)
    assert launch["campaign"]["status"] == "active"
    again = chief.post(f"{CAMPAIGNS}/{campaign['id']}/launch")
    assert "launched or ended" in refusal(again, 409)

    work(session, campaign["id"])
    messages = done(chief.get(f"{API}/communications", params={"campaign_id": campaign["id"]}))
    assert [row["status"] for row in messages] == ["pending"] * 3


def test_a_drafter_with_every_role_still_needs_somebody_else(chief: TestClient) -> None:
    campaign = add(chief)

    assert "drafted" in refusal(chief.post(f"{CAMPAIGNS}/{campaign['id']}/launch"), 403)


def test_a_campaign_goes_its_way_over_http(
    drafter: TestClient, chief: TestClient, session: Session
) -> None:
    make_patient(session)
    session.commit()
    address = f"{CAMPAIGNS}/{add(drafter)['id']}"
    seen = [done(drafter.post(f"{address}/submit"))["status"]]
    seen.append(done(chief.post(f"{address}/reject", json=EXAMPLES["Rejection"]))["status"])
    done(drafter.put(address, json={"description": "On Friday"}))
    seen.append(done(drafter.post(f"{address}/submit"))["status"])
    seen.append(done(chief.post(f"{address}/approve"))["status"])
    seen.append(done(drafter.post(f"{address}/schedule", json=_SCHEDULE))["status"])
    seen.append(done(drafter.post(f"{address}/unschedule"))["status"])
    seen.append(done(drafter.post(f"{address}/launch"))["campaign"]["status"])
    seen.append(done(drafter.post(f"{address}/pause"))["status"])
    seen.append(done(drafter.post(f"{address}/resume"))["status"])
    seen.append(done(drafter.post(f"{address}/cancel", json={"reason": "Rain"}))["status"])

    assert seen == [
        "pending_approval",
        "draft",
        "pending_approval",
        "approved",
        "scheduled",
        "approved",
        "active",
        "paused",
        "active",
        "cancelled",
    ]


def test_a_preview_has_the_contract_s_shape(drafter: TestClient, session: Session) -> None:
    make_patient(session, communication_preferences={"sms": False})
    make_patient(session)
    session.commit()

    preview = done(drafter.post(f"{CAMPAIGNS}/preview", json=campaign_body()))

    assert preview["audience"] == 2
    assert [(one["reason"], one["count"]) for one in preview["excluded"]] == [("no_consent", 1)]
    assert (preview["control"], preview["recipients"], preview["messages"]) == (0, 1, 1)
    assert (preview["deferred"], preview["cost"]) == (0, "4.00")


def test_recipients_are_the_same_before_and_after_the_launch(
    drafter: TestClient, chief: TestClient, session: Session
) -> None:
    make_patient(session, "Ada Obi", communication_preferences={"sms": False})
    make_patient(session, "Bola Ade")
    session.commit()
    campaign = add(drafter)
    address = f"{CAMPAIGNS}/{campaign['id']}/recipients"
    before = done(drafter.get(address))
    done(chief.post(f"{CAMPAIGNS}/{campaign['id']}/launch"))
    work(session, campaign["id"])
    after = done(drafter.get(address))

    outcomes = {("Ada Obi", "no_consent"), ("Bola Ade", "queued")}
    assert {(row["name"], row["outcome"]) for row in before} == outcomes
    assert {(row["name"], row["outcome"]) for row in after} == outcomes
    (left_out,) = done(drafter.get(address, params={"outcome": "no_consent"}))
    assert left_out["channels"] == {"sms": {"fate": "no_consent"}}
    (chosen,) = done(drafter.get(address, params={"outcome": "queued"}))
    assert chosen["channels"]["sms"]["status"] == "pending"


def test_choosing_by_health_takes_its_permission(
    signed_in: SignedIn, drafter: TestClient, session: Session
) -> None:
    body = campaign_body(
        target_audience="specific_segment",
        segment_criteria=segment(where("conditions", "includes_any_of", ["asthma"])),
    )
    campaign = created(drafter.post(CAMPAIGNS, json=body))
    viewer = signed_in(Role.VIEWER)

    assert "by health" in refusal(viewer.post(f"{CAMPAIGNS}/preview", json=body), 403)
    assert "by health" in refusal(viewer.get(f"{CAMPAIGNS}/{campaign['id']}/recipients"), 403)
    assert "by health" in refusal(
        viewer.post(f"{CAMPAIGNS}/count", json=body["segment_criteria"]), 403
    )


def test_a_step_may_name_the_version_that_was_seen(drafter: TestClient, chief: TestClient) -> None:
    campaign = add(drafter)
    address = f"{CAMPAIGNS}/{campaign['id']}"
    shown = {"version": campaign["version"]}
    edited = done(drafter.put(address, json={"message_template": "Other words"}))

    for verb in ("submit", "launch", "test"):
        response = chief.post(f"{address}/{verb}", json=shown)
        assert "look at it again" in refusal(response, 409)
    cancelled = chief.post(f"{address}/cancel", json={"reason": "Called off", **shown})
    assert "look at it again" in refusal(cancelled, 409)
    submitted = done(drafter.post(f"{address}/submit", json={"version": edited["version"]}))
    assert "look at it again" in refusal(chief.post(f"{address}/approve", json=shown), 409)
    approved = chief.post(f"{address}/approve", json={"version": submitted["version"]})
    assert done(approved)["status"] == "approved"


def test_a_step_takes_no_other_words(drafter: TestClient) -> None:
    address = f"{CAMPAIGNS}/{add(drafter)['id']}"

    assert wrong_fields(drafter.post(f"{address}/submit", json={"note": "x"})) == ["note"]
    assert done(drafter.post(f"{address}/submit", json={}))["status"] == "pending_approval"

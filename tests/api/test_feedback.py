"""Feedback over HTTP: the contract's calls, the work on a case, figures."""

import re
from typing import Any

import pytest
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from crm_core.people.schemas import Role
from tests import make_feedback as make
from tests.api.calls import API, created, done, refusal, wrong_fields
from tests.api.conftest import SignedIn
from tests.api.shapes import INSTANT, TEXT, Shape, wrong_in
from tests.make_business import make_hospital, make_owner
from tests.make_patients import make_patient

FEEDBACK = f"{API}/feedback"
ROW: Shape = {
    "id": (int,),
    "source_type": (re.compile("patient|owner|staff"),),
    "source_id": (int,),
    "hospital_id": (int, None),
    "type": (re.compile("complaint|suggestion|compliment|survey_response"),),
    "category": (TEXT, None),
    "rating": (int, None),
    "subject": (TEXT, None),
    "message": (TEXT,),
    "status": (re.compile("new|acknowledged|in_progress|waiting|resolved|closed|reopened|merged"),),
    "priority": (re.compile("low|medium|high|critical"),),
    "assigned_to": (int, None),
    "resolution": (TEXT, None),
    "resolved_at": (INSTANT, None),
    "satisfaction_rating": (int, None),
    "created_at": (INSTANT,),
    "updated_at": (INSTANT,),
}


@pytest.fixture
def desk(signed_in: SignedIn) -> TestClient:
    """A client that may work on feedback."""
    return signed_in(Role.VIEWER)


def body(source_id: int, **more: object) -> dict[str, Any]:
    least = {
        "source_type": "patient",
        "source_id": source_id,
        "type": "complaint",
        "message": "I waited for three hours.",
    }
    return least | more


def add(client: TestClient, session: Session, **more: object) -> dict[str, Any]:
    return created(client.post(FEEDBACK, json=body(make_patient(session).id, **more)))


def act(client: TestClient, piece: dict[str, Any], verb: str, **given: object) -> dict[str, Any]:
    row: dict[str, Any] = done(client.post(f"{FEEDBACK}/{piece['id']}/{verb}", json=given or None))
    return row


def test_feedback_is_created_with_every_key_of_the_contract(
    desk: TestClient, session: Session
) -> None:
    patient, hospital = make_patient(session), make_hospital(session)
    given = body(
        patient.id, hospital_id=hospital.id, category="Waiting time", rating=2, subject="Waiting"
    )
    response = desk.post(FEEDBACK, json=given)
    assert response.status_code == 201
    assert response.json()["message"] == "Feedback submitted successfully"
    row = response.json()["data"]
    assert wrong_in(row, ROW) == {}
    assert {name: row[name] for name in given} == given
    assert (row["status"], row["priority"], row["resolution"]) == ("new", "medium", None)


def test_whoever_gave_it_gets_an_acknowledgement(desk: TestClient, session: Session) -> None:
    row = add(desk, session)
    (message,) = make.sent_about(session, row["id"])
    assert message["message_type"] == "feedback_acknowledgement"
    assert (message["recipient_id"], message["status"]) == (row["source_id"], "pending")
    assert row["feedback_code"] in message["content"]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"source_type": "visitor"}, "source_type"),
        ({"source_id": 0}, "source_id"),
        ({"type": "rant"}, "type"),
        ({"message": ""}, "message"),
        ({"message": " \n "}, "message"),
        ({"message": "x" * 100_001}, "message"),
        ({"rating": 6}, "rating"),
        ({"nps": 11}, "nps"),
        ({"priority": "urgent"}, "priority"),
        ({"hospital": 1}, "hospital"),
    ],
)
def test_wrong_input_names_its_field(desk: TestClient, more: dict[str, Any], field: str) -> None:
    assert wrong_fields(desk.post(FEEDBACK, json=body(1) | more)) == [field]


def test_a_giver_who_does_not_exist_is_refused(desk: TestClient) -> None:
    answer = desk.post(FEEDBACK, json=body(999_999))
    assert answer.status_code in (400, 404)
    assert "no such patient" in answer.text.lower()


def test_the_list_is_by_priority_and_the_newest_first(desk: TestClient, session: Session) -> None:
    rows = [add(desk, session, priority=p) for p in ("low", "critical", "medium", "medium", "high")]
    listed = desk.get(FEEDBACK).json()
    order = [rows[n]["id"] for n in (1, 4, 3, 2, 0)]
    assert [row["id"] for row in listed["data"]] == order
    assert listed["pagination"]["total"] == 5
    assert [row["id"] for row in done(desk.get(FEEDBACK, params={"priority": "high"}))] == [
        rows[4]["id"]
    ]
    assert done(desk.get(FEEDBACK, params={"status": "resolved"})) == []
    assert len(done(desk.get(FEEDBACK, params={"type": "complaint", "limit": 2}))) == 2


def test_a_cursor_walks_the_list_and_the_queue(desk: TestClient, session: Session) -> None:
    ids = {add(desk, session, priority=p)["id"] for p in ("low", "critical", "medium", "high")}
    for sort in ("priority", "due", "newest", "oldest"):
        seen: list[int] = []
        cursor: str | None = ""
        while cursor is not None:
            page = desk.get(FEEDBACK, params={"sort": sort, "limit": 1, "cursor": cursor}).json()
            seen += [row["id"] for row in page["data"]]
            cursor = page["pagination"]["next_cursor"]
        assert (len(seen), set(seen)) == (4, ids), sort


def test_a_case_from_its_beginning_to_its_end(desk: TestClient, session: Session) -> None:
    row = add(desk, session, priority="high")
    colleague = make.worker(session)
    assert act(desk, row, "assign", staff_id=colleague.id)["status"] == "acknowledged"
    assert act(desk, row, "reply", content="We are sorry.")["status"] == "in_progress"
    assert act(desk, row, "wait", reason="Which day was it?")["due_at"] is None
    assert act(desk, row, "start")["status"] == "in_progress"
    act(desk, row, "note", content="Second time this week")
    resolved = act(desk, row, "resolve", resolution="Two more nurses at the desk.")
    assert (resolved["status"], resolved["resolution"]) == (
        "resolved",
        "Two more nurses at the desk.",
    )
    assert act(desk, row, "close")["status"] == "closed"
    assert act(desk, row, "reopen", reason="Again")["reopenings"] == 1
    thread = done(desk.get(f"{FEEDBACK}/{row['id']}/thread"))
    kinds = [entry["kind"] for entry in thread["entries"]]
    assert kinds == [
        "told", "assigned", "state", "state", "answer", "state", "state", "note", "state", "told",
        "state", "state",
    ]  # fmt: skip


def test_a_row_may_be_sent_back_whole_and_its_state_is_not_changed_by_that(
    desk: TestClient, session: Session
) -> None:
    row = done(desk.get(f"{FEEDBACK}/{add(desk, session)['id']}"))
    changed = done(desk.put(f"{FEEDBACK}/{row['id']}", json=row | {"category": "Food"}))
    assert (changed["category"], changed["version"]) == ("Food", row["version"] + 1)
    stale = desk.put(f"{FEEDBACK}/{row['id']}", json=row | {"category": "Noise"})
    assert "Somebody changed this" in refusal(stale, 409)
    for field, value in (("status", "closed"), ("assigned_to", 1)):
        assert wrong_fields_of(desk, row["id"], field, value) == [field]


def wrong_fields_of(client: TestClient, feedback_id: int, field: str, value: object) -> list[str]:
    return wrong_fields(client.put(f"{FEEDBACK}/{feedback_id}", json={field: value}))


def test_duplicates_become_one_case(desk: TestClient, session: Session) -> None:
    first = add(desk, session)
    second = created(desk.post(FEEDBACK, json=body(first["source_id"], priority="high")))
    merged = act(desk, first, "merge", duplicate_id=second["id"])
    assert merged["priority"] == "high"
    gone = done(desk.get(f"{FEEDBACK}/{second['id']}"))
    assert (gone["status"], gone["merged_into_id"]) == ("merged", first["id"])
    other = add(desk, session)
    refused = desk.post(f"{FEEDBACK}/{first['id']}/merge", json={"duplicate_id": other["id"]})
    assert "different people" in refusal(refused, 409)


def test_the_figures_have_the_keys_of_summaries(desk: TestClient, session: Session) -> None:
    hospital = make_hospital(session, "Lekki General")
    add(desk, session, rating=5, nps=10, hospital_id=hospital.id)
    add(desk, session, rating=2, nps=3, hospital_id=hospital.id)
    stats = done(desk.get(f"{FEEDBACK}/stats"))
    assert (stats["open"], stats["overdue"]) == (2, 0)
    totals = stats["totals"]
    assert (totals["csat"], totals["nps"], totals["averageRating"]) == ("50.0", "0.0", "3.5")
    assert [place["name"] for place in stats["byHospital"]] == ["Lekki General"]
    assert [month["pieces"] for month in stats["byMonth"]] == [2]


def test_stars_are_asked_for_once_a_visit(desk: TestClient, session: Session) -> None:
    given = {"source_type": "patient", "source_id": make_patient(session).id, "visit_id": 7}
    first = created(desk.post(f"{FEEDBACK}/invitations", json=given))
    assert "/links/feedback/" in first["content"]
    again = desk.post(f"{FEEDBACK}/invitations", json=given)
    assert (again.status_code, again.json()["data"]) == (201, None)


def test_a_suggestion_is_planned_and_its_giver_told(desk: TestClient, session: Session) -> None:
    owner = make_owner(session)
    idea = body(owner.id, source_type="owner", type="suggestion", message="More chairs")
    row = created(desk.post(FEEDBACK, json=idea))
    planned = act(desk, row, "suggestion", state="planned", note="In March.")
    assert planned["suggestion_state"] == "planned"
    assert make.sent_about(session, row["id"])[-1]["content"].endswith("is planned. In March.")
    complaint = add(desk, session)
    refused = desk.post(f"{FEEDBACK}/{complaint['id']}/suggestion", json={"state": "done"})
    assert "no suggestion" in refusal(refused, 409)


@pytest.mark.parametrize("field", ["type", "priority"])
def test_what_every_piece_has_cannot_be_emptied(
    desk: TestClient, session: Session, field: str
) -> None:
    row = add(desk, session)
    assert wrong_fields(desk.put(f"{FEEDBACK}/{row['id']}", json={field: None})) == [field]

"""Erasures over HTTP: written down by one token, decided by another."""

import pytest
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from crm_core.base.clock import lagos_today
from crm_core.people.schemas import Role
from tests.api.calls import API, created, done
from tests.api.conftest import SignedIn
from tests.make_appointments import make_visit
from tests.make_patients import make_patient
from tests.observe import sql
from tests.privacy.acts import erased
from tests.privacy.lives import MARKS, lived

ERASURES = f"{API}/privacy/erasures"


@pytest.fixture
def desk(signed_in: SignedIn) -> TestClient:
    """A system that writes requests down."""
    return signed_in(Role.ADMIN)


@pytest.fixture
def approver(signed_in: SignedIn) -> TestClient:
    """A system that decides them."""
    return signed_in(Role.APPROVER)


def body(code: str, **more: object) -> dict[str, object]:
    asked = {"patient_code": code, "asked_on": f"{lagos_today()}", "reason": "asked by letter"}
    return asked | more


def test_a_request_is_looked_at_and_approved(
    desk: TestClient, approver: TestClient, session: Session
) -> None:
    patient = make_patient(session)
    asked = created(desk.post(ERASURES, json=body(patient.patient_code)))
    assert (asked["state"], asked["overdue"]) == ("requested", False)

    plan = done(approver.get(f"{ERASURES}/{asked['id']}"))
    assert (plan["records"], plan["blockers"]) == (1, [])
    approval = {"version": asked["version"]}
    erased = done(approver.post(f"{ERASURES}/{asked['id']}/approve", json=approval))

    assert (erased["state"], erased["reason"]) == ("done", "")
    assert desk.get(f"{API}/patients/{patient.id}").status_code == 404
    listed = done(desk.get(ERASURES, params={"state": "done"}))
    assert [each["id"] for each in listed] == [asked["id"]]
    again = approver.post(f"{ERASURES}/{asked['id']}/approve", json=approval)
    assert again.status_code == 409


def test_what_is_in_the_way_is_a_409(
    desk: TestClient, approver: TestClient, session: Session
) -> None:
    patient = make_patient(session)
    make_visit(session, patient.id)
    asked = created(desk.post(ERASURES, json=body(patient.patient_code)))

    answer = approver.post(f"{ERASURES}/{asked['id']}/approve", json={"version": 1})

    assert answer.status_code == 409
    assert "A visit lies ahead" in answer.text


def test_a_refusal_is_told(desk: TestClient, approver: TestClient, session: Session) -> None:
    asked = created(desk.post(ERASURES, json=body(make_patient(session).patient_code)))
    no = {"version": asked["version"], "refusal": "A court asks for the file"}

    refused = done(approver.post(f"{ERASURES}/{asked['id']}/refuse", json=no))

    assert (refused["state"], refused["refusal"]) == ("refused", "A court asks for the file")


def test_a_wrong_request_names_its_field(desk: TestClient) -> None:
    assert desk.post(ERASURES, json=body("PAT-999999")).status_code == 404
    answer = desk.post(ERASURES, json=body("PAT-001", asked_by="a neighbour"))
    assert (answer.status_code, "asked_by" in answer.text) == (400, True)


def test_no_list_gives_an_erased_person(signed_in: SignedIn, session: Session) -> None:
    life = lived(session)
    erased(session, life.patient.patient_code)
    reader = signed_in(*Role)
    receipts = sql(session, "SELECT '/receipts/' || id FROM crm_receipts").scalars()

    for path in (
        *("/appointments", "/waitlist", "/feedback", "/communications", "/patients", "/receipts"),
        *("/communications/replies", *receipts),
        *("/exports/patients", "/exports/visits", "/exports/feedback", "/exports/messages"),
        f"/search?q={life.patient.patient_code}",
        f"/communications/thread?recipient_type=patient&recipient_id={life.patient.id}",
    ):
        told = reader.get(f"{API}{path}")
        assert told.status_code == 200, path
        assert [mark for mark in MARKS if mark in told.text.lower()] == [], path

"""The page of erasures: writing a request down, looking, approving, refusing."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from crm_core.base.clock import lagos_today
from crm_core.people.schemas import Role
from crm_core.privacy import erasures
from crm_core.privacy.registry import HELD
from crm_core.privacy.schemas import ErasureState
from crm_core.ui.erasures.record import PLACES
from tests.make_appointments import make_visit
from tests.make_patients import make_patient
from tests.observe import sql
from tests.pages.acting import cells, chips, errors, fill, htmls, labels, press, texts
from tests.privacy.acts import change, erased, merged, refused, requested
from tests.privacy.lives import MARKS, Life, lived

Open = Callable[..., AppTest]
CHANGED = "This request changed while you looked at it, so nothing was done"


@pytest.fixture
def desk(visit: Open) -> Open:
    """``desk(Role.ADMIN, erasure=3)``: the page of erasures."""
    return partial(visit, "pages/erasures.py")


def test_an_empty_desk_says_so(desk: Open) -> None:
    page = desk(Role.APPROVER)

    assert "Nobody has asked to be erased." in str(texts(page))
    assert not errors(page)
    assert "Write it down" not in labels(page)


def test_requests_are_shown_and_the_late_ones_are_red(desk: Open, session: Session) -> None:
    late = lagos_today() - timedelta(days=40)
    requested(session, make_patient(session).patient_code, asked_on=late)
    patient = make_patient(session)
    requested(session, patient.patient_code)

    page = desk(Role.APPROVER)

    assert cells(page, "Patient")[0] == patient.patient_code
    assert chips(page, "State") == [["Requested"], ["Overdue"]]
    assert errors(page) == ["1 request should have been answered by now."]


def test_a_request_is_written_down(desk: Open, session: Session) -> None:
    patient = make_patient(session)
    page = fill(
        desk(Role.ADMIN),
        patient_code=patient.patient_code.lower(),
        asked_by="guardian",
        reason="asked by letter",
    )

    press(page, "Write it down")

    assert cells(page, "Asked by") == ["Guardian"]


def test_what_is_wrong_with_a_request_is_said(desk: Open) -> None:
    page = fill(desk(Role.ADMIN), patient_code="PAT-999999", asked_by="patient", reason="letter")
    assert errors(press(page, "Write it down")) == ["Patient not found"]

    page = fill(desk(Role.ADMIN), patient_code="PAT-001")
    assert errors(press(page, "Write it down"))


def test_an_approver_looks_and_erases(desk: Open, session: Session) -> None:
    patient = make_patient(session)
    asked = requested(session, patient.patient_code)
    page = desk(Role.APPROVER, erasure=asked.id)
    assert "Patients: 1 entry" in str(htmls(page))
    assert "Goes: first name, last name, phone" in str(htmls(page))
    assert button(page, "Approve and erase").disabled

    page.checkbox[0].check().run()
    press(page, "Approve and erase")

    assert erasures.ERASURES.one(session, asked.id).state is ErasureState.DONE
    assert "Approve and erase" not in labels(page)


def test_what_is_in_the_way_is_said_and_the_button_is_shut(desk: Open, session: Session) -> None:
    visit = make_visit(session)
    patient = make_patient(session)
    make_visit(session, patient.id, visit.hospital_id)
    asked = requested(session, patient.patient_code)

    page = desk(Role.APPROVER, erasure=asked.id)

    assert "A visit lies ahead" in page.warning[0].value
    page.checkbox[0].check().run()
    assert button(page, "Approve and erase").disabled


def test_a_request_that_somebody_else_decided_meanwhile_is_not_carried_out(
    desk: Open, session: Session
) -> None:
    asked = requested(session, make_patient(session).patient_code)
    page = desk(Role.APPROVER, erasure=asked.id)
    page.checkbox[0].check().run()
    refused(session, asked)

    press(page, "Approve and erase")

    assert "Approve and erase" not in labels(page)
    assert CHANGED in page.warning[0].value
    assert erasures.ERASURES.one(session, asked.id).state is ErasureState.REFUSED


@pytest.mark.parametrize("deed", ["Approve and erase", "Refuse"])
def test_a_click_is_for_the_request_as_it_was_shown(
    desk: Open, session: Session, deed: str
) -> None:
    asked = requested(session, make_patient(session).patient_code)
    page = fill(desk(Role.APPROVER, erasure=asked.id), refusal="A court asks for the file")
    page.checkbox[0].check().run()
    change(session, asked.id, "reason = 'asked by a neighbour', version = version + 1")

    press(page, deed)

    assert erasures.ERASURES.one(session, asked.id).state is ErasureState.REQUESTED
    assert CHANGED in page.warning[0].value
    assert "asked by a neighbour" in str(htmls(page))
    press(page, "Refuse")
    assert len(errors(page)) == 1  # what was given as the reason was about the request of before
    assert not page.warning


def test_records_that_became_the_persons_meanwhile_are_looked_at_first(
    desk: Open, session: Session
) -> None:
    stays, gone = make_patient(session), make_patient(session)
    asked = requested(session, stays.patient_code)
    page = desk(Role.APPROVER, erasure=asked.id)
    page.checkbox[0].check().run()
    merged(session, stays.id, gone.id)

    press(page, "Approve and erase")

    assert erasures.ERASURES.one(session, asked.id).state is ErasureState.REQUESTED
    assert CHANGED in page.warning[0].value
    page.checkbox[0].check().run()
    press(page, "Approve and erase")
    assert erasures.ERASURES.one(session, asked.id).state is ErasureState.DONE
    assert not page.warning


def test_a_refusal_takes_a_reason(desk: Open, session: Session) -> None:
    asked = requested(session, make_patient(session).patient_code)
    page = desk(Role.APPROVER, erasure=asked.id)
    assert errors(press(page, "Refuse"))

    press(fill(page, refusal="A court asks for the file"), "Refuse")

    assert erasures.ERASURES.one(session, asked.id).state is ErasureState.REFUSED


def test_whoever_may_only_see_is_told_who_decides(desk: Open, session: Session) -> None:
    asked = requested(session, make_patient(session).patient_code)

    page = desk(Role.ADMIN, erasure=asked.id)

    assert "An approver decides." in texts(page)
    assert not {"Approve and erase", "Refuse"} & labels(page)


def test_whoever_may_not_see_erasures_is_told_so(desk: Open) -> None:
    assert "erasures" in str(errors(desk(Role.VIEWER)))


def test_a_request_that_there_is_not(desk: Open) -> None:
    assert errors(desk(Role.APPROVER, erasure=999)) == ["Erasure not found"]


@pytest.mark.parametrize("by", ["id", "patient_code"])
def test_the_page_of_an_erased_patient_says_so_and_no_more(
    visit: Open, session: Session, by: str
) -> None:
    patient = make_patient(session, "Zainab Qasim")
    done = erased(session, patient.patient_code)

    page = visit("pages/patients.py", Role.VIEWER, patient=getattr(patient, by))

    assert f"by request no. {done.id}" in page.info[0].value.replace("\\", "")
    assert "Zainab" not in str(page)
    assert "To the erasure" not in labels(page)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("pages/appointments.py", {"visit": "crm_appointments"}),
        ("pages/appointments.py", {"tab": "all-visits"}),
        ("pages/feedback.py", {"feedback": "crm_feedback"}),
        ("pages/feedback.py", {"tab": "all-feedback"}),
        ("pages/communications.py", {"message": "crm_communication_logs"}),
        ("pages/communications.py", {"tab": "replies"}),
        ("pages/communications.py", {}),
        ("pages/receipts.py", {"receipt": "crm_receipts"}),
        ("pages/campaigns.py", {"campaign": "crm_campaigns"}),
        ("pages/loyalty.py", {}),
        ("pages/search.py", {"q": "crm_patients"}),
        ("pages/admin.py", {"tab": "History"}),
        ("pages/admin.py", {"tab": "History", "table": "crm_patients"}),
    ],
)
def test_no_page_shows_an_erased_person(
    visit: Open, session: Session, path: str, query: dict[str, str]
) -> None:
    life = lived(session)
    erased(session, life.patient.patient_code)
    given = {name: str(theirs(session, value, life)) for name, value in query.items()}

    page = visit(path, *Role, **given)

    assert [mark for mark in MARKS if mark in str(page).lower()] == []
    assert not [each for each in errors(page) if "late" not in each]


def button(page: AppTest, label: str) -> Button:
    return next(each for each in page.button if each.label == label)


def theirs(session: Session, table: str, life: Life) -> object:
    """The first record of theirs in this table; what is no table stays as it is."""
    if table == "crm_patients":
        return life.patient.patient_code
    where = {
        "crm_appointments": "patient_id = :id",
        "crm_feedback": "patient_id = :id",
        "crm_communication_logs": "recipient_id = :id AND recipient_type = 'patient'",
        "crm_receipts": "kind = 'patient_merge'",
        "crm_campaigns": ":id > 0",
    }.get(table)
    if where is None:
        return table
    found = f"SELECT min(id) FROM {table} WHERE {where}"
    return sql(session, found, id=life.patient.id).scalar_one()


def test_every_place_has_a_name_that_a_person_would_use() -> None:
    """A table that comes into the registry is named, unless its own name says it."""
    plain = {"patients", "appointments", "waitlist", "feedback"}

    assert {held.table.removeprefix("crm_") for held in HELD} == plain | set(PLACES)

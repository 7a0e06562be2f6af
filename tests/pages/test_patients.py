"""The patients page: the list and its filters, and registering somebody."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from crm_core.base.clock import lagos_today
from crm_core.loyalty import queries, service
from crm_core.loyalty.schemas import Adjustment, MemberFilter, MemberRead
from crm_core.patients import service as patients
from crm_core.patients.schemas import PatientStatus, StatusChange
from crm_core.people.schemas import Role
from tests.make_business import make_hospital
from tests.make_patients import ADJUSTER, DESK, make_patient
from tests.observe import executed
from tests.pages.acting import Value, cells, errors, fill, htmls, labels, metric, press, texts

Open = Callable[..., AppTest]
GOOD: dict[str, Value] = {
    "first_name": "Ngozi",
    "last_name": "Eze",
    "date_of_birth": date(1990, 5, 15),
    "gender": "female",
    "phone": "0803 123 4567",
    "address": "1 Marina",
    "city": "Lagos",
    "state": "Lagos",
}


@pytest.fixture
def open_patients(open_page: Open) -> Open:
    """``open_patients(Role.VIEWER, tier="gold")``: the patients page at that address."""
    return partial(open_page, "pages/patients.py")


def registered(session: Session) -> list[MemberRead]:
    return list(queries.list_members(MemberFilter()).page(session).rows)


def warnings(page: AppTest) -> list[str]:
    return [warning.value.replace("\\", "") for warning in page.warning]


# The list


def test_an_empty_house_says_what_to_do(open_patients: Open) -> None:
    page = open_patients(Role.VIEWER)

    assert metric(page, "Patients") == "0"
    assert "No patients yet: register the first one above." in texts(page)


def test_cards_and_list_show_who_is_here_and_what_points_are_owed(
    open_patients: Open, session: Session
) -> None:
    ada = make_patient(session, "Ada Obi", phone="08031112222")
    adjustment = Adjustment(points=150, reason="forgotten visit")
    service.adjust(session, ada.id, adjustment, actor=ADJUSTER)

    page = open_patients(Role.VIEWER)

    assert cells(page, "Patient") == ["Ada Obi"]
    assert cells(page, "Phone") == ["+2348031112222"]
    assert cells(page, "Points") == [250]
    assert metric(page, "Patients") == "1"
    assert metric(page, "New this month") == "1"
    assert metric(page, "Points outstanding") == "250"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "zainb belo"}, ["Zainab Bello"]),
        ({"q": "0805 111 2222"}, ["Zainab Bello"]),
        ({"q": "2222"}, ["Zainab Bello"]),
        ({"q": "zainab@example.ng"}, ["Zainab Bello"]),
        ({"q": "9901"}, ["Zainab Bello"]),
        ({"status": "inactive"}, ["Ada Obi"]),
        ({"tier": "bronze"}, ["Zainab Bello", "Ada Obi"]),
        ({"tier": "gold"}, []),
        ({"state": "Kano"}, ["Zainab Bello"]),
        ({"points": "150"}, ["Ada Obi"]),
        ({"from": "{tomorrow}"}, []),
        ({"to": "{today}"}, ["Zainab Bello", "Ada Obi"]),
        ({"points": "9" * 15}, []),
        ({"from": "no day", "points": "-3", "status": "odd"}, ["Zainab Bello", "Ada Obi"]),
    ],
    ids=str,
)
def test_the_address_filters(
    open_patients: Open, session: Session, query: dict[str, str], found: list[str]
) -> None:
    ada = make_patient(session, "Ada Obi", phone="08031230000")
    left = StatusChange(status=PatientStatus.INACTIVE, reason="moved away")
    patients.change_status(session, ada.id, left, actor=DESK)
    service.adjust(session, ada.id, Adjustment(points=50, reason="a gift"), actor=ADJUSTER)
    make_patient(
        session,
        "Zainab Bello",
        phone="08051112222",
        email="zainab@example.ng",
        nin="12345679901",
        state="Kano",
    )

    today = lagos_today()
    days = {"today": today, "tomorrow": today + timedelta(days=1)}
    asked = {name: given.format(**days) for name, given in query.items()}
    assert cells(open_patients(Role.VIEWER, **asked), "Patient") == found


def test_the_list_is_filtered_by_hospital(open_patients: Open, session: Session) -> None:
    hospital = make_hospital(session, "Lekki General")
    make_patient(session, "Ada Obi", preferred_hospital_id=hospital.id)
    make_patient(session, "Zainab Bello")

    assert cells(open_patients(Role.VIEWER, hospital=hospital.id), "Patient") == ["Ada Obi"]


def test_filters_that_a_person_sets_are_in_the_address_and_can_be_taken_away(
    open_patients: Open, session: Session
) -> None:
    make_patient(session)
    page = open_patients(Role.VIEWER, page=3)

    page.selectbox[1].set_value("gold").run()
    page.number_input[0].set_value(500).run()
    page.date_input[0].set_value(date(2026, 1, 2)).run()
    assert page.query_params["tier"] == "gold"
    assert page.query_params["points"] == "500"
    assert page.query_params["from"] == "2026-01-02"
    assert "page" not in page.query_params
    assert any(text.startswith("No patient fits.") for text in texts(page))

    press(page, "Take all filters away")
    assert not dict(page.query_params)
    assert len(cells(page, "Patient")) == 1


def test_the_list_costs_the_same_queries_whatever_its_length(
    open_patients: Open, session: Session
) -> None:
    make_patient(session)
    with executed(session) as for_one:
        open_patients(Role.VIEWER)
    for _ in range(9):
        make_patient(session)

    with executed(session) as for_ten:
        page = open_patients(Role.VIEWER)

    assert len(cells(page, "Patient")) == 10
    assert len(for_ten) == len(for_one)


# Registration


def test_a_patient_is_registered_and_their_page_opens(
    open_patients: Open, session: Session
) -> None:
    friend = make_patient(session, "Bola Ade")
    page = press(open_patients(Role.VIEWER), "Register a patient")

    fill(page, **GOOD, nin="12345678901", referral_code=friend.referral_code.lower()).run()
    fill(page, lga="Surulere", blood_group="O-", genotype="AS")
    page.multiselect[0].set_value(["Penicillin"])
    page.toggle[2].set_value(True)
    press(page, "Register")

    (made, _) = registered(session)
    assert (made.name, made.phone, made.lga) == ("Ngozi Eze", "+2348031234567", "Surulere")
    assert (made.blood_group, made.genotype, made.allergies) == ("O-", "AS", ["Penicillin"])
    assert made.communication_preferences.whatsapp
    assert made.referred_by_id == friend.id
    assert made.loyalty_points == 100
    assert page.query_params["patient"] == str(made.id)
    assert page.header[0].value.startswith("Ngozi Eze")


def test_fields_are_judged_as_they_are_left_and_empty_ones_after_a_try(
    open_patients: Open, session: Session
) -> None:
    page = open_patients(Role.VIEWER, new="yes")
    assert errors(page) == []

    fill(page, nin="123", phone="12", date_of_birth=lagos_today() + timedelta(days=1)).run()
    assert errors(page) == [
        "Give a date of birth that is not in the future.",
        "Give the NIN's 11 digits.",
        "Give a Nigerian mobile number such as 0803 123 4567.",
    ]
    assert "3 fields to correct · 6 fields to fill in" in texts(page)

    press(page, "Register")
    assert errors(page).count("This is required.") == 6
    assert registered(session) == []


def test_the_areas_are_those_of_the_state(open_patients: Open) -> None:
    page = open_patients(Role.VIEWER, new="yes")

    areas = fill(page, state="FCT").run().selectbox(key=_key(page, "lga")).options

    assert sorted(areas) == ["Abaji", "Abuja Municipal", "Bwari", "Gwagwalada", "Kuje", "Kwali"]


def test_a_child_needs_somebody_to_call(open_patients: Open, session: Session) -> None:
    page = open_patients(Role.VIEWER, new="yes")

    child = {**GOOD, "date_of_birth": lagos_today() - timedelta(days=365 * 10)}
    fill(page, **child).run()
    assert "The patient is under 18: a name and a phone are needed here." in warnings(page)
    press(page, "Register")
    assert any("needs an emergency contact" in error for error in errors(page))

    fill(page, emergency_contact_name="Mama Ngozi", emergency_contact_phone="08035550000")
    press(page, "Register")
    assert [made.emergency_contact_name for made in registered(session)] == ["Mama Ngozi"]


def test_who_is_here_already_is_shown_and_may_be_registered_all_the_same(
    open_patients: Open, session: Session
) -> None:
    twin = make_patient(session, "Ada Obi", phone="08031234567")
    page = open_patients(Role.VIEWER, new="yes")

    fill(page, phone="+234 803 123 4567").run()
    assert any(f"/patients?patient={twin.id}" in body for body in htmls(page))
    assert any("same phone" in body for body in htmls(page))

    fill(page, **GOOD).run()
    press(page, "Register anyway")
    assert [made.name for made in registered(session)] == ["Ngozi Eze", "Ada Obi"]


def test_a_click_on_register_is_not_taken_for_one_who_turned_up_meanwhile(
    open_patients: Open, session: Session
) -> None:
    page = fill(open_patients(Role.VIEWER, new="yes"), **GOOD).run()
    make_patient(session, "Ada Obi", phone="08031234567")

    press(page, "Register")

    assert [made.name for made in registered(session)] == ["Ada Obi"]
    assert "Register anyway" in labels(page)


def test_one_nin_is_one_person(open_patients: Open, session: Session) -> None:
    make_patient(session, "Ada Obi", nin="12345678901")

    page = fill(open_patients(Role.VIEWER, new="yes"), **GOOD, nin="12345678901").run()

    assert errors(page) == ["Somebody is registered with this NIN: open that record instead."]
    (button,) = [each for each in page.button if each.label == "Register anyway"]
    assert button.disabled


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("email", "ada@example.ng", "Another patient has this email address."),
        ("referral_code", "NOSUCH", "Nobody has this referral code: check it."),
    ],
)
def test_what_only_the_service_knows_is_said_beside_the_field(
    open_patients: Open, session: Session, field: str, value: str, said: str
) -> None:
    make_patient(session, "Ada Obi", email="ada@example.ng")
    page = fill(open_patients(Role.VIEWER, new="yes"), **GOOD, **{field: value}).run()

    press(page, "Register")

    assert errors(page) == [said]
    assert len(registered(session)) == 1


def test_one_click_that_arrives_twice_registers_once(open_patients: Open, session: Session) -> None:
    page = fill(open_patients(Role.VIEWER, new="yes"), **GOOD).run()
    token = page.session_state["_form_token_new-patient"]
    press(page, "Register")

    page.session_state["_form_token_new-patient"] = token
    page.query_params.clear()
    page.query_params["new"] = "yes"
    page = fill(page.run(), **GOOD).run()
    press(page, "Register anyway")

    assert len(registered(session)) == 1


# Who may do what


@pytest.mark.parametrize("role", [Role.FINANCE, Role.APPROVER, Role.ANALYST, Role.ADMIN])
def test_who_may_not_register_is_shown_the_list_alone(
    open_patients: Open, session: Session, role: Role
) -> None:
    make_patient(session)

    page = open_patients(role, new="yes")

    assert len(cells(page, "Patient")) == 1
    assert not {"Register", "Register a patient"} & labels(page)


def _key(page: AppTest, path: str) -> str:
    (key,) = [str(each.key) for each in page.selectbox if f"-{path}-" in f"-{each.key}-"]
    return key

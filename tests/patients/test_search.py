"""Finding a patient as people ask for one: names with a typo, numbers in any form, codes."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from crm_core.loyalty import queries as loyalty
from crm_core.loyalty.schemas import MemberFilter
from crm_core.patients import queries, service
from crm_core.patients.schemas import PatientFilter, PatientUpdate
from tests.make_patients import DESK, make_patient
from tests.observe import executed

HOSTILE = [
    "'; DROP TABLE crm_patients; --",
    "a' OR '1'='1",
    "%",
    "_",
    "\\",
    "a:*",
    "!a & (b | c)",
    "<->",
    "%(page)s",
    "%s",
    ":search",
    "{0}",
    "😀",
    "----",
    "+++++",
    "(...)",
    "\u202eada",
    "ﷺ" * 100,
    "㌖" * 100,
    "-" * 100,
    "a " * 50,
    "0" * 100,
    "e" * 100,
]


def found(session: Session, typed: str) -> list[int]:
    page = queries.list_patients(PatientFilter(search=typed)).page(session)
    return [row.id for row in page.rows]


@pytest.mark.parametrize(
    "typed",
    [
        "Chioma",
        "Okafor",
        "Ebere",
        "okafor chioma",
        "chi oka",
        "C",
        "Okafro",  # transposed
        "Okfor",  # missing
        "Okaffor",  # one too many
        "Okafur",  # wrong
        "Xkafor",
        "Chiomma Okafro",
        "Ebrere",
    ],
)
def test_a_patient_is_found_by_any_word_of_the_name_with_a_typo(
    session: Session, typed: str
) -> None:
    wanted = make_patient(session, "Chioma Okafor", middle_name="Ebere")
    other = make_patient(session, "Ibrahim Musa", middle_name="Danjuma")
    assert found(session, typed) == [wanted.id]
    assert found(session, "ibr") == [other.id]


def test_all_words_must_be_met(session: Session) -> None:
    make_patient(session, "Chioma Okafor")
    assert found(session, "Chioma Musa") == []
    assert found(session, "Zzzzzzz") == []


def test_a_changed_name_is_found_with_a_typo_too(session: Session) -> None:
    patient = make_patient(session, "Chioma Okafor")
    service.update_patient(session, patient.id, PatientUpdate(last_name="Nwosu"), actor=DESK)
    assert found(session, "Nwsou") == [patient.id]
    assert found(session, "Okafor") == []


def test_a_typo_finds_the_closest_names_among_many(session: Session) -> None:
    for first in "bcdfghjklmnprstvwxyz":
        make_patient(session, f"{first}musa Eze")
    wanted = make_patient(session, "Musah Eze")
    assert wanted.id in found(session, "Musqh")


@pytest.mark.parametrize(
    "typed",
    [
        "08031234567",
        "0803 123 4567",
        "2348031234567",
        "+2348031234567",
        "+234 (0) 803-123-4567",
        "+234 803 123 4567",
        "8031234567",
        "1234567",
        "4567",
        "34567",
    ],
)
@pytest.mark.parametrize("field", ["phone", "alternate_phone"])
def test_a_patient_is_found_by_phone_in_any_form_or_its_last_digits(
    session: Session, typed: str, field: str
) -> None:
    make_patient(session, "Ibrahim Musa", phone="08099999999")
    given_phones = {"phone": "08088888888"} | {field: "08031234567"}
    wanted = make_patient(session, **given_phones)
    assert found(session, typed) == [wanted.id]


def test_a_patient_is_found_by_code_email_and_end_of_nin(session: Session) -> None:
    wanted = make_patient(
        session, "Ngozi Eze", email="ngozi.eze@example.ng", nin="12345670042", phone="08031234567"
    )
    make_patient(session, "Ibrahim Musa", email="ibrahim@elsewhere.ng", nin="12345678901")
    for typed in (
        wanted.patient_code,
        wanted.patient_code.lower(),
        "ngozi.eze@example.ng",
        "ngozi.eze@exa",
        "0042",
    ):
        assert found(session, typed) == [wanted.id]


def test_three_digits_are_too_few_for_a_number(session: Session) -> None:
    make_patient(session, phone="08031239977")
    assert found(session, "977") == []


@pytest.mark.parametrize("typed", HOSTILE)
def test_hostile_text_finds_nobody_and_breaks_nothing(session: Session, typed: str) -> None:
    make_patient(session, "Zuwaira Bello", email="zb@house.ng")
    assert found(session, typed) == []


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(typed=st.text(min_size=1, max_size=100))
def test_no_text_makes_the_search_fail(session: Session, typed: str) -> None:
    try:
        wanted = PatientFilter(search=typed)
    except ValueError:
        return
    with session.begin_nested():
        queries.list_patients(wanted).page(session)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    name=st.text("abcdefghijklmnoprstuwyzọẹṣ", min_size=5, max_size=12),
    at=st.integers(0, 11),
    kind=st.sampled_from(["swap", "drop", "add", "wrong"]),
)
def test_any_one_typo_is_forgiven(session: Session, name: str, at: int, kind: str) -> None:
    place = at % (len(name) - 1)
    head, one, two, tail = name[:place], name[place], name[place + 1], name[place + 2 :]
    typed = {
        "swap": head + two + one + tail,
        "drop": head + two + tail,
        "add": head + one + "q" + two + tail,
        "wrong": head + "q" + two + tail,
    }[kind]
    with session.begin_nested() as point:
        patient = make_patient(session, f"{name} Eze")
        ids = found(session, typed)
        point.rollback()
    assert patient.id in ids


def test_a_list_is_one_statement_whatever_its_length(session: Session) -> None:
    for _ in range(2):
        for _ in range(5):
            make_patient(session, "Chioma Okafor")
        for filters in ({}, {"search": "chioma"}, {"search": "okafro"}, {"search": "0803"}):
            with executed(session) as seen:
                loyalty.list_members(MemberFilter.model_validate(filters)).page(session)
            assert len(seen) == 1

"""Registering: what is accepted and what is refused, in words; one person, one record."""

from datetime import timedelta

import pytest
from pydantic import ValidationError
from sqlalchemy.orm import Session

from crm_core.base import crypto
from crm_core.base.clock import lagos_today
from crm_core.base.db import transaction
from crm_core.base.errors import Conflict, Forbidden, Invalid, NotFound
from crm_core.base.validation import problems_of
from crm_core.loyalty import service as loyalty
from crm_core.patients import queries, service
from crm_core.patients.schemas import PatientCreate, PatientFilter
from crm_core.people.schemas import Role
from tests.make import make_actor
from tests.make_patients import DESK, asked, join, make_patient
from tests.observe import executed, history_of, sql
from tests.together import kinds, together

NIN = "12345678901"


def years_ago(years: int, days: int = 0) -> str:
    today = lagos_today()
    day = 28 if (today.month, today.day) == (2, 29) else today.day
    return (today.replace(year=today.year - years, day=day) + timedelta(days)).isoformat()


def problem(**more: object) -> tuple[str, str]:
    with pytest.raises(ValidationError) as caught:
        PatientCreate.model_validate(asked() | more)
    [found] = problems_of(caught.value)
    return found.path, found.message


def test_a_patient_is_registered_as_asked(session: Session) -> None:
    patient = make_patient(
        session,
        "Chioma Okafor",
        email="Chioma@Example.ng",
        lga="eti osa",
        blood_group="o−",
        genotype="AS",
        nhis_number="nhis/0042",
        allergies=["Penicillin"],
    )
    assert patient.patient_code.startswith("PAT-")
    assert (patient.email, patient.lga) == ("chioma@example.ng", "Eti-Osa")
    assert (patient.blood_group, patient.genotype) == ("O-", "AS")
    assert (patient.nhis_number, patient.allergies) == ("NHIS/0042", ["Penicillin"])
    assert patient.registration_date == lagos_today()
    assert (patient.status, patient.visit_count, patient.version) == ("active", 0, 1)
    assert patient.communication_preferences.model_dump() == {
        "sms": True,
        "email": True,
        "whatsapp": False,
        "push": False,
    }
    assert patient.consent_source == "registration"


@pytest.mark.parametrize(
    ("given", "path", "said"),
    [
        ({"date_of_birth": years_ago(0, 1)}, "date_of_birth", "not in the future"),
        ({"date_of_birth": years_ago(150)}, "date_of_birth", "nobody is older than 130"),
        ({"date_of_birth": "1990-02-30"}, "date_of_birth", "YYYY-MM-DD"),
        ({"nin": "ABCDEFGHIJK"}, "nin", "11 digits"),
        ({"nin": "1234567890"}, "nin", "11 digits"),
        ({"nin": "١٢٣٤٥٦٧٨٩٠١"}, "nin", "11 digits"),
        ({"lga": "Ikeja", "state": "Kano"}, "lga", "Ikeja is in Lagos, not in Kano"),
        ({"state": "Ashanti"}, "state", "no state of Nigeria"),
        ({"phone": "+233201234567"}, "phone", "another country"),
        ({"phone": "0803"}, "phone", "Nigerian mobile number"),
        ({"alternate_phone": "+447700900123"}, "alternate_phone", "another country"),
        ({"email": "ada at example"}, "email", "email address"),
        ({"blood_group": "O"}, "blood_group", "A+, A-"),
        ({"genotype": "XX"}, "genotype", "AA, AS"),
        ({"gender": "unknown"}, "gender", "male, female or other"),
        ({"first_name": "  "}, "first_name", "must not be empty"),
        ({"first_name": "x" * 101}, "first_name", "at most 100"),
        ({"first_name": "Ada\x00"}, "first_name", "control characters"),
        ({"first_name": "Ada\nObi"}, "first_name", "one line"),
        ({"allergies": ["x"] * 51}, "allergies", "at most 50"),
        ({"loyalty": 9}, "loyalty", "no such field"),
        ({"communication_preferences": {"fax": True}}, "communication_preferences.fax", "no such"),
    ],
)
def test_bad_input_is_refused_with_the_field_and_a_sentence(
    given: dict[str, object], path: str, said: str
) -> None:
    found_path, message = problem(**given)
    assert found_path == path
    assert said in message


def test_the_oldest_and_the_youngest_may_come(session: Session) -> None:
    contact = {"emergency_contact_name": "Ngozi Obi", "emergency_contact_phone": "08031234567"}
    assert make_patient(session, date_of_birth=years_ago(129)).id
    assert make_patient(session, date_of_birth=years_ago(0), **contact).id


@pytest.mark.parametrize(("days", "needed"), [(1, True), (0, False)])
def test_under_18_somebody_to_call_is_needed(days: int, needed: bool) -> None:
    born = years_ago(18, days)
    if needed:
        assert "under 18" in problem(date_of_birth=born)[1]
        assert "under 18" in problem(date_of_birth=born, emergency_contact_name="Ngozi Obi")[1]
    else:
        assert (
            PatientCreate.model_validate(asked(date_of_birth=born)).date_of_birth.isoformat()
            == born
        )


@pytest.mark.parametrize(
    "name",
    [
        "Ọláyẹmí Adékúnlé",
        "Ńnamdị Ọkọ́nkwọ",
        "Ɗanladi ’Yar’adua",
        "مُحَمَّد عبدالله",
        "D'Arcy O’Neil-Ọ̀jọ́",
    ],
)
def test_names_in_any_script_are_kept_and_found(session: Session, name: str) -> None:
    patient = make_patient(session, name)
    assert patient.name == name
    for word in name.split():
        assert patient.id in search(session, word)


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("Ọláyẹmí Adékúnlé", "olayemi adekunle"),
        ("Ńnamdị Ọkọ́nkwọ", "NNAMDI okonkwo"),
        ("Ɗanladi Ƙofa", "danladi kofa"),
        ("مُحَمَّد عبدالله", "محمد"),
        ("أحمد سالم", "احمد"),
    ],
)
def test_names_are_found_without_their_marks(session: Session, name: str, typed: str) -> None:
    make_patient(session, "Danladina Olayemisi")  # a name that begins alike
    assert make_patient(session, name).id in search(session, typed)


@pytest.mark.parametrize(
    ("written", "kept"),
    [("A+", "A+"), ("ab−", "AB-"), (" o- ", "O-"), ("B–", "B-")],
)
def test_a_blood_group_may_have_a_typographic_minus(written: str, kept: str) -> None:
    assert PatientCreate.model_validate(asked(blood_group=written)).blood_group == kept


def test_one_email_is_one_patient_in_any_case(session: Session) -> None:
    make_patient(session, email="ada@example.ng")
    with pytest.raises(Conflict, match="Another patient has this email"), session.begin_nested():
        make_patient(session, email="ADA@example.ng")


def test_one_nin_is_one_patient(session: Session) -> None:
    make_patient(session, nin=NIN)
    with pytest.raises(Conflict, match="is it the same person"), session.begin_nested():
        make_patient(session, nin=NIN)


def test_families_share_a_phone_number(session: Session) -> None:
    make_patient(session, phone="08031234567")
    assert make_patient(session, phone="+234 803 123 4567").phone == "+2348031234567"


def test_a_hospital_that_does_not_exist_is_refused(session: Session) -> None:
    with pytest.raises(Invalid, match="no such hospital"), session.begin_nested():
        make_patient(session, preferred_hospital_id=10**9)


def test_a_refused_registration_leaves_nothing(session: Session) -> None:
    make_patient(session, email="ada@example.ng")
    counts = "SELECT (SELECT count(*) FROM crm_patients), (SELECT count(*) FROM crm_loyalty_lots)"
    before = sql(session, counts).one()
    with pytest.raises(Conflict), session.begin_nested():
        make_patient(session, email="ada@example.ng")
    assert sql(session, counts).one() == before


def test_the_nin_is_encrypted_masked_and_revealed_for_a_reason(session: Session) -> None:
    patient = make_patient(session, nin=NIN)
    assert patient.nin == "*******8901"
    kept = sql(session, "SELECT nin_encrypted FROM crm_patients WHERE id = :id", id=patient.id)
    assert NIN.encode() not in bytes(kept.scalar_one())
    clerk = make_actor(Role.FINANCE)
    assert service.reveal_nin(session, patient.id, why="a court asks", actor=clerk) == NIN
    last = history_of(session, "crm_patients", patient.id)[-1]
    assert (last["action"], last["after"]) == ("reveal", {"why": "a court asks"})


def test_the_history_never_has_the_nin(session: Session) -> None:
    patient = make_patient(session, nin=NIN)
    told = str(history_of(session, "crm_patients", patient.id))
    assert NIN not in told
    assert crypto.keyed_hash(NIN).hex() not in told


def test_who_may_not_reveal_or_register_is_refused(session: Session) -> None:
    patient = make_patient(session, nin=NIN)
    with pytest.raises(Forbidden):
        service.reveal_nin(session, patient.id, why="curious", actor=DESK)
    with pytest.raises(Forbidden):
        data = PatientCreate.model_validate(asked())
        loyalty.register_patient(session, data, actor=make_actor(Role.ANALYST))


def test_what_is_not_known_cannot_be_revealed(session: Session) -> None:
    clerk = make_actor(Role.FINANCE)
    with pytest.raises(Conflict, match="not known"):
        service.reveal_nin(session, make_patient(session).id, why="a court asks", actor=clerk)
    with pytest.raises(NotFound):
        service.reveal_nin(session, 10**9, why="a court asks", actor=clerk)


def test_reading_a_record_is_in_the_history(session: Session) -> None:
    patient = make_patient(session)
    service.note_reading(session, patient.id)
    assert history_of(session, "crm_patients", patient.id)[-1]["action"] == "read"


def test_duplicates_are_found_before_saving(session: Session) -> None:
    same = {"date_of_birth": "1990-05-15"}
    by_phone = make_patient(session, "Uche Bello", phone="08031234567")
    by_nin = make_patient(session, "Bola Musa", nin=NIN)
    by_name = make_patient(session, "CHIOMA okafor", **same)
    make_patient(session, "Chioma Okafor", date_of_birth="1991-05-15")
    data = PatientCreate.model_validate(
        asked("Chioma Okafor", phone="+2348031234567", nin=NIN, **same)
    )
    with executed(session) as seen:
        found = queries.resembling(session, data)
    assert len(seen) == 1
    reasons = {r.id: (r.same_phone, r.same_nin, r.same_name_and_birth) for r in found}
    assert reasons == {
        by_nin.id: (False, True, False),
        by_name.id: (False, False, True),
        by_phone.id: (True, False, False),
    }
    assert found[0].id == by_nin.id


def test_somebody_new_resembles_nobody(session: Session) -> None:
    make_patient(session, "Uche Bello")
    assert queries.resembling(session, PatientCreate.model_validate(asked("Zara Ali"))) == []


def test_a_merged_record_is_no_duplicate(session: Session) -> None:
    stays, gone = make_patient(session, "Uche Bello"), make_patient(session, phone="08031234567")
    join(session, stays.id, gone.id, why="the same person")
    data = PatientCreate.model_validate(asked("Zara Ali", phone="08031234567"))
    assert queries.resembling(session, data) == []


@pytest.mark.parametrize("field", [{"email": "ada@example.ng"}, {"nin": NIN}])
def test_racing_registrations_of_one_person_make_one_record(
    own_database: str, field: dict[str, str]
) -> None:
    forms = [PatientCreate.model_validate(asked(**field)) for _ in range(8)]

    def register(form: PatientCreate) -> int:
        with transaction(who="staff:1") as session:
            return loyalty.register_patient(session, form, actor=DESK).id

    outcomes = together([lambda form=form: register(form) for form in forms])  # type: ignore[misc] # a lambda's default has no type
    assert kinds(outcomes) == ["Conflict"] * 7 + ["int"]


def test_racing_registrations_of_one_new_name_all_succeed(own_database: str) -> None:
    forms = [PatientCreate.model_validate(asked("Zikora Nwachukwu")) for _ in range(8)]

    def register(form: PatientCreate) -> int:
        with transaction(who="staff:1") as session:
            return loyalty.register_patient(session, form, actor=DESK).id

    outcomes = together([lambda form=form: register(form) for form in forms])  # type: ignore[misc] # a lambda's default has no type
    assert kinds(outcomes) == ["int"] * 8


def search(session: Session, typed: str) -> list[int]:
    wanted = PatientFilter(search=typed)
    return [row.id for row in queries.list_patients(wanted).page(session).rows]

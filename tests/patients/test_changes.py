"""Editing, changes of status, and two records of one person that become one."""

from datetime import date, timedelta

import pytest
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.clock import lagos_today
from crm_core.base.db import transaction
from crm_core.base.errors import Conflict, Forbidden, Invalid, NotFound
from crm_core.loyalty import explaining
from crm_core.loyalty import queries as loyalty_queries
from crm_core.loyalty.schemas import MemberFilter
from crm_core.patients import queries, service
from crm_core.patients.invariants import invariants
from crm_core.patients.schemas import PatientFilter, PatientRead, PatientUpdate, StatusChange
from crm_core.people.schemas import Role
from tests.make import make_actor
from tests.make_patients import DESK, join, make_patient
from tests.observe import history_of, refused_by, sql
from tests.together import kinds, together

CHIEF = make_actor(Role.VIEWER, Role.ADMIN)


def change(session: Session, patient_id: int, **values: object) -> PatientRead:
    data = PatientUpdate.model_validate(values)
    return service.update_patient(session, patient_id, data, actor=DESK)


def merge(session: Session, stays: PatientRead, gone: PatientRead) -> PatientRead:
    return join(session, stays.id, gone.id, why="the same person")


def status(session: Session, patient_id: int, to: str) -> PatientRead:
    data = StatusChange.model_validate({"status": to, "reason": "the family called"})
    return service.change_status(session, patient_id, data, actor=DESK)


def test_what_is_given_is_changed_and_nothing_else(session: Session) -> None:
    before = make_patient(session, email="ada@example.ng", allergies=["Dust"])
    after = change(session, before.id, city="Ikeja", email=None, blood_group="A−")
    assert (after.city, after.email, after.blood_group) == ("Ikeja", None, "A-")
    assert (after.allergies, after.phone) == (["Dust"], before.phone)
    assert after.version == before.version + 1
    last = history_of(session, "crm_patients", before.id)[-1]
    assert set(last["after"]) == {"city", "email", "blood_group"}


def test_an_edit_of_what_others_changed_is_refused(session: Session) -> None:
    patient = make_patient(session)
    change(session, patient.id, city="Ikeja", version=patient.version)
    with pytest.raises(Conflict, match="since you opened"):
        change(session, patient.id, city="Epe", version=patient.version)
    assert change(session, patient.id, city="Epe", version=patient.version + 1).city == "Epe"


def test_of_two_edits_at_once_one_is_refused(own_database: str) -> None:
    with transaction(who="staff:1") as session:
        patient = make_patient(session)

    def edit(city: str) -> str:
        with transaction(who="staff:1") as session:
            return change(session, patient.id, city=city, version=patient.version).city

    outcomes = together([lambda: edit("Ikeja"), lambda: edit("Epe")])
    assert kinds(outcomes) == ["Conflict", "str"]


@pytest.mark.parametrize("field", ["first_name", "phone", "state", "date_of_birth", "allergies"])
def test_what_every_patient_has_cannot_be_emptied(field: str) -> None:
    with pytest.raises(ValidationError, match="cannot be empty"):
        PatientUpdate.model_validate({field: None})


def test_an_area_must_lie_in_the_state_after_the_change(session: Session) -> None:
    patient = make_patient(session, lga="Eti-Osa")
    with pytest.raises(Invalid, match="is in Lagos, not in Kano"), session.begin_nested():
        change(session, patient.id, state="Kano")
    moved = change(session, patient.id, state="kano", lga="dala")
    assert (moved.state, moved.lga) == ("Kano", "Dala")
    assert change(session, patient.id, lga="tarauni").lga == "Tarauni"


def test_a_child_keeps_somebody_to_call(session: Session) -> None:
    born = lagos_today() - timedelta(days=3000)
    contact = {"emergency_contact_name": "Ngozi", "emergency_contact_phone": "08031234567"}
    child = make_patient(session, date_of_birth=born, **contact)
    with pytest.raises(Invalid, match="under 18"), session.begin_nested():
        change(session, child.id, emergency_contact_phone=None)
    adult = make_patient(session)
    with pytest.raises(Invalid, match="under 18"), session.begin_nested():
        change(session, adult.id, date_of_birth=born)


def test_an_email_or_nin_of_somebody_else_is_refused(session: Session) -> None:
    make_patient(session, email="ada@example.ng", nin="12345678901")
    other = make_patient(session)
    for taken in ({"email": "Ada@example.ng"}, {"nin": "12345678901"}):
        with pytest.raises(Conflict, match="Another patient"), session.begin_nested():
            change(session, other.id, **taken)


def test_new_preferences_are_a_new_consent(session: Session) -> None:
    patient = make_patient(session)
    sql(session, "UPDATE crm_patients SET consent_at = now() - interval '1 year'")
    wanted = {"sms": False, "email": False, "whatsapp": True, "push": False}
    changed = change(
        session, patient.id, communication_preferences=wanted, consent_source="call of 3 May"
    )
    assert changed.communication_preferences.model_dump() == wanted
    assert changed.consent_at >= patient.consent_at
    assert changed.consent_source == "call of 3 May"


def test_who_may_not_write_is_refused(session: Session) -> None:
    patient = make_patient(session)
    analyst = make_actor(Role.ANALYST)
    with pytest.raises(Forbidden):
        service.update_patient(session, patient.id, PatientUpdate(city="Epe"), actor=analyst)
    with pytest.raises(NotFound):
        change(session, 10**9, city="Epe")


def test_a_change_of_status_keeps_its_reason(session: Session) -> None:
    patient = make_patient(session)
    assert status(session, patient.id, "inactive").status == "inactive"
    assert status(session, patient.id, "active").status == "active"
    lines = history_of(session, "crm_patients", patient.id)
    reasons = [line["after"]["reason"] for line in lines if line["action"] == "status"]
    assert reasons == ["the family called"] * 2


def test_only_an_administrator_brings_somebody_back_from_the_dead(session: Session) -> None:
    patient = make_patient(session)
    status(session, patient.id, "deceased")
    with pytest.raises(Forbidden):
        status(session, patient.id, "active")
    back = StatusChange.model_validate({"status": "active", "reason": "a mistake"})
    assert service.change_status(session, patient.id, back, actor=CHIEF).status == "active"


def test_a_merged_record_leads_to_the_one_that_stayed(session: Session) -> None:
    stays, gone = make_patient(session, "Ada Obi"), make_patient(session, "Ada Obbi")
    merge(session, stays, gone)
    assert queries.patient_by_code(session, gone.patient_code).id == stays.id
    assert queries.get_patient(session, gone.id).id == stays.id
    assert loyalty_queries.get_member(session, gone.id).id == stays.id
    assert explaining.explain_balance(session, gone.id).loyalty_points == 100
    with pytest.raises(Conflict, match="was merged into another"):
        change(session, gone.id, city="Epe")
    with pytest.raises(Conflict, match="was merged into another"):
        status(session, gone.id, "active")


def test_a_merged_record_is_in_no_list_and_no_figure(session: Session) -> None:
    stays, gone = make_patient(session, "Ada Obi"), make_patient(session, "Ada Obi")
    before = loyalty_queries.patient_stats(session)
    merge(session, stays, gone)
    listed = queries.list_patients(PatientFilter(search="Ada Obi")).page(session)
    members = loyalty_queries.list_members(MemberFilter(search="Ada Obi")).page(session)
    assert [row.id for row in listed.rows] == [row.id for row in members.rows] == [stays.id]
    assert (listed.total, members.total) == (1, 1)
    after = loyalty_queries.patient_stats(session)
    assert before.total_patients - after.total_patients == 1
    assert before.active_patients - after.active_patients == 1
    assert after.inactive_patients == before.inactive_patients
    assert before.new_this_month - after.new_this_month == 1
    assert loyalty_queries.loyalty_stats(session).members == after.total_patients


def test_a_record_merged_twice_leads_to_the_last(session: Session) -> None:
    first, second, third = (make_patient(session) for _ in range(3))
    merge(session, second, first)
    merge(session, third, second)
    for gone in (first, second):
        assert queries.patient_by_code(session, gone.patient_code).id == third.id
        assert queries.get_patient(session, gone.id).id == third.id
    assert list(invariants(session)) == []


def test_nothing_that_was_known_of_the_person_is_lost(session: Session) -> None:
    gone = make_patient(
        session,
        email="ada@example.ng",
        nin="12345678901",
        blood_group="O-",
        genotype="SS",
        allergies=["Penicillin", "Dust"],
        chronic_conditions=["Asthma"],
        emergency_contact_name="Ngozi",
    )
    stays = make_patient(session, blood_group="O+", allergies=["Dust"])
    one = merge(session, stays, gone)
    assert (one.email, one.nin) == ("ada@example.ng", "*******8901")
    assert (one.blood_group, one.genotype) == ("O+", "SS")
    assert (one.allergies, one.chronic_conditions) == (["Dust", "Penicillin"], ["Asthma"])
    assert one.emergency_contact_name == "Ngozi"
    clerk = make_actor(Role.FINANCE)
    assert service.reveal_nin(session, stays.id, why="a court asks", actor=clerk) == "12345678901"


@pytest.mark.parametrize("older_stays", [True, False])
def test_the_nin_goes_along_whichever_record_is_older(session: Session, older_stays: bool) -> None:
    older = make_patient(session, email="a@example.ng", nin=None if older_stays else "12345678901")
    newer = make_patient(session, email="b@example.ng", nin="12345678901" if older_stays else None)
    stays, gone = (older, newer) if older_stays else (newer, older)
    one = merge(session, stays, gone)
    assert (one.nin, one.email) == ("*******8901", stays.email)


def test_visits_are_counted_together(session: Session) -> None:
    stays, gone = make_patient(session), make_patient(session)
    visits = "UPDATE crm_patients SET visit_count = :n, last_visit_date = :day WHERE id = :id"
    sql(session, visits, n=2, day=date(2026, 1, 1), id=stays.id)
    sql(session, visits, n=3, day=date(2026, 2, 1), id=gone.id)
    one = merge(session, stays, gone)
    assert (one.visit_count, one.last_visit_date) == (5, date(2026, 2, 1))


def test_the_later_consent_holds(session: Session) -> None:
    stays, gone = make_patient(session), make_patient(session)
    none = {"sms": False, "email": False, "whatsapp": False, "push": False}
    change(session, gone.id, communication_preferences=none, consent_source="said STOP")
    one = merge(session, stays, gone)
    assert one.communication_preferences.model_dump() == none
    assert one.consent_source == "said STOP"


def test_why_two_records_were_merged_is_in_the_history(session: Session) -> None:
    stays, gone = make_patient(session), make_patient(session)
    merge(session, stays, gone)
    lines = history_of(session, "crm_patients", stays.id)
    [note] = [line["after"] for line in lines if line["action"] == "merge"]
    assert note == {"merged": gone.patient_code, "why": "the same person"}


def test_a_record_is_not_merged_twice_nor_with_itself(session: Session) -> None:
    stays, gone, other = (make_patient(session) for _ in range(3))
    merge(session, stays, gone)
    with pytest.raises(Conflict, match="merged"):
        merge(session, other, gone)
    with pytest.raises(Conflict, match="merged"):
        merge(session, gone, other)
    with pytest.raises(Invalid, match="two different"):
        merge(session, stays, stays)
    with pytest.raises(NotFound):
        join(session, stays.id, 10**9, why="the same person")


def test_two_who_merge_each_other_at_once_leave_one(own_database: str) -> None:
    with transaction(who="staff:1") as session:
        one, other = make_patient(session), make_patient(session)

    def run(stays: PatientRead, gone: PatientRead) -> int:
        with transaction(who="staff:1") as session:
            return merge(session, stays, gone).id

    outcomes = together([lambda: run(one, other), lambda: run(other, one)])
    assert kinds(outcomes) == ["Conflict", "int"]
    with transaction(who="staff:1") as session:
        left = session.execute(
            text("SELECT count(*) FROM crm_patients WHERE merged_into_id IS NULL")
        )
        assert left.scalar_one() == 1


BROKEN = {
    "NIN is kept only in part": "UPDATE crm_patients SET nin_last4 = '1234' WHERE id = :id",
    "leads to one that was merged itself": "UPDATE crm_patients SET merged_into_id = :gone"
    " WHERE id = :other",
    "still holds an email": "UPDATE crm_patients SET email = 'x@y.ng' WHERE id = :gone",
    "referred themselves": "UPDATE crm_patients SET referred_by_id = id WHERE id = :id",
    "not known to the search": "DELETE FROM crm_name_words WHERE word = 'okafor'",
}


@pytest.mark.parametrize("rule", BROKEN)
def test_each_rule_names_who_breaks_it(session: Session, rule: str) -> None:
    stays, gone = make_patient(session, "Chioma Okafor"), make_patient(session)
    other = make_patient(session)
    merge(session, stays, gone)
    assert list(invariants(session)) == []
    sql(session, "SET ROLE NONE")
    values = {"id": stays.id, "gone": gone.id, "other": other.id}
    given = {name: value for name, value in values.items() if f":{name}" in BROKEN[rule]}
    sql(session, BROKEN[rule], **given)
    [sentence] = [found for found in invariants(session) if rule in found]
    assert "PAT-" in sentence


def test_plain_sql_cannot_do_what_the_rules_forbid(session: Session) -> None:
    patient = make_patient(session)
    update = "UPDATE crm_patients SET {} WHERE id = :id"
    for change_, rule in {
        "status = 'asleep'": "ck_crm_patients_status",
        "merged_into_id = id": "ck_crm_patients_",
        "date_of_birth = registration_date + 1": "ck_crm_patients_born_before",
    }.items():
        with refused_by(session, rule):
            sql(session, update.format(change_), id=patient.id)
    with refused_by(session, "permission denied"):
        sql(session, "DELETE FROM crm_patients WHERE id = :id", id=patient.id)

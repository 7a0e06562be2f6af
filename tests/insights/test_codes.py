"""Every code that a person can read leads to its record: none of the product's can be forgotten."""

from collections.abc import Callable, Sequence

import pytest
from sqlalchemy.orm import Session

from crm_core.insights.search import Hit, search
from crm_core.payouts import service as payouts
from crm_core.payouts.schemas import Because
from crm_core.people.schemas import Actor, Role
from tests.loyalty.test_merging import merge
from tests.make import make_actor
from tests.make_appointments import make_doctor, make_visit
from tests.make_business import (
    FINANCE,
    approve,
    make_contract,
    make_hospital,
    make_owner,
    make_payout,
    pay,
)
from tests.make_feedback import make_feedback
from tests.make_patients import make_patient
from tests.observe import executed, sql

VIEWER = make_actor(Role.VIEWER)
Made = tuple[str, str, int]
"""The code of a new record, the kind that search calls it, and its id."""


def bank_file(session: Session) -> tuple[int, str]:
    """A file with one payout, and its code."""
    payout = approve(session, make_payout(session, make_owner(session).id).id)
    plan = payouts.plan_file(session, [payout.id], actor=FINANCE)
    payouts.commit_file(session, plan.fingerprint, [payout.id], actor=FINANCE)
    row = sql(session, "SELECT id, file_code FROM crm_payout_files ORDER BY id DESC").first()
    assert row is not None
    return row.id, row.file_code


def a_patient(session: Session) -> Made:
    one = make_patient(session)
    return one.patient_code, "patients", one.id


def an_owner(session: Session) -> Made:
    one = make_owner(session)
    return one.owner_code, "owners", one.id


def a_contract(session: Session) -> Made:
    one = make_contract(session, make_owner(session).id, make_hospital(session).id)
    return one.contract_code, "contracts", one.id


def a_hospital(session: Session) -> Made:
    one = make_hospital(session)
    return one.hospital_code, "hospitals", one.id


def a_doctor(session: Session) -> Made:
    one = make_doctor(session)
    return one.doctor_code, "doctors", one.id


def a_payout(session: Session) -> Made:
    one = make_payout(session, make_owner(session).id)
    return one.payout_code, "payouts", one.id


def a_bank_file(session: Session) -> Made:
    file_id, code = bank_file(session)
    return code, "bank-files", file_id


def a_visit(session: Session) -> Made:
    one = make_visit(session)
    return one.appointment_code, "visits", one.id


def a_case(session: Session) -> Made:
    one = make_feedback(session)
    return one.feedback_code, "feedback", one.id


MAKERS: dict[str, Callable[[Session], Made]] = {
    "PAT": a_patient,
    "OWN": an_owner,
    "CON": a_contract,
    "HOS": a_hospital,
    "DOC": a_doctor,
    "PAY": a_payout,
    "BNK": a_bank_file,
    "APT": a_visit,
    "FDB": a_case,
}


def hits(session: Session, words: str, actor: Actor = VIEWER) -> Sequence[Hit]:
    """Everything that was found."""
    return [hit for one in search(session, words, actor=actor) for hit in one.hits]


def test_every_prefix_that_the_database_gives_is_walked_here(session: Session) -> None:
    """A table whose codes are new has to be found, too: make one of it above."""
    given = sql(
        session,
        "SELECT (regexp_match(column_default, 'crm_code\\(''(\\w+)'))[1]"
        " FROM information_schema.columns WHERE column_default LIKE '%crm_code(%'"
        " AND table_schema = current_schema()",
    )
    assert set(given.scalars()) == set(MAKERS)


@pytest.mark.parametrize("prefix", MAKERS)
def test_a_code_leads_to_its_record_however_it_is_typed(session: Session, prefix: str) -> None:
    MAKERS[prefix](session)
    code, kind, record_id = MAKERS[prefix](session)
    assert code.startswith(f"{prefix}-")
    for words in (code, code.lower(), f" {code} "):
        assert [(hit.kind, hit.id) for hit in hits(session, words)] == [(kind, record_id)], words


@pytest.mark.parametrize("prefix", MAKERS)
def test_without_a_role_no_code_leads_anywhere(session: Session, prefix: str) -> None:
    code, _, _ = MAKERS[prefix](session)
    assert hits(session, code, make_actor()) == []


def test_a_code_is_looked_for_among_its_own_kind_alone(session: Session) -> None:
    code, _, _ = a_contract(session)
    make_owner(session, "Connor Obi")
    with executed(session) as seen:
        found = hits(session, code)
    assert [hit.kind for hit in found] == ["contracts"]
    assert len(seen) == 1


def test_a_referral_code_leads_to_the_patient_who_gives_it(session: Session) -> None:
    wanted = make_patient(session, "Zainab Bello")
    make_patient(session)
    for words in (wanted.referral_code, wanted.referral_code.lower()):
        assert [(hit.kind, hit.id) for hit in hits(session, words)] == [("patients", wanted.id)]


def test_the_code_of_a_merged_record_leads_to_the_one_that_stayed(session: Session) -> None:
    stays, gone = make_patient(session, "Zainab Bello"), make_patient(session, "Zainab Belo")
    merge(session, stays, gone)
    assert [hit.code for hit in hits(session, gone.patient_code)] == [stays.patient_code]


def test_a_session_id_of_the_bank_leads_to_the_payout(session: Session) -> None:
    payout = pay(session, make_payout(session, make_owner(session).id).id)
    assert payout.bank_reference is not None
    for words in (payout.bank_reference, payout.bank_reference.lower()):
        assert [(hit.kind, hit.id) for hit in hits(session, words)] == [("payouts", payout.id)]


def test_the_reference_of_an_attempt_that_failed_leads_to_its_payout(session: Session) -> None:
    file_id, _ = bank_file(session)
    payout_id = sql(session, f"SELECT id FROM crm_payouts WHERE file_id = {file_id}").scalar_one()
    before = sql(session, "SELECT payment_reference FROM crm_payouts").scalar_one()
    payouts.fail_payout(session, payout_id, Because(reason="account closed"), actor=FINANCE)
    again = approve(session, payout_id)
    assert again.payment_reference != before
    assert [(hit.kind, hit.id) for hit in hits(session, before)] == [("payouts", payout_id)]


@pytest.mark.parametrize("words", ["Amina", "amina bel"])
def test_a_doctor_is_found_by_name(session: Session, words: str) -> None:
    doctor = make_doctor(session, name="Dr Amina Bello")
    make_doctor(session)
    assert [(hit.kind, hit.id) for hit in hits(session, words)] == [("doctors", doctor.id)]


def test_a_hospital_is_found_by_name(session: Session) -> None:
    hospital = make_hospital(session, "Olabisi Memorial")
    make_hospital(session)
    assert [(hit.kind, hit.id) for hit in hits(session, "olab mem")] == [("hospitals", hospital.id)]

"""A patient's pack: all that is held, noted in the history, and for administrators alone."""

import json

import pytest
from sqlalchemy.orm import Session

from crm_core.base.errors import Forbidden, NotFound
from crm_core.people.schemas import Role
from crm_core.privacy.packs import PARTS, make_pack
from crm_core.privacy.schemas import PackAsk
from tests.loyalty.acts import merge
from tests.make import make_actor
from tests.make_appointments import make_visit
from tests.make_business import make_owner
from tests.make_campaigns import make_launched, run_of, work
from tests.make_feedback import make_feedback
from tests.make_messages import make_sent
from tests.make_patients import make_patient
from tests.observe import sql

ADMIN, ANALYST = make_actor(Role.ADMIN), make_actor(Role.ANALYST)


def asked(code: str) -> PackAsk:
    return PackAsk(patient_code=code, reason="asked at the desk, passport seen")


def test_it_holds_what_every_domain_keeps(session: Session) -> None:
    patient, other = make_patient(session), make_patient(session)
    for whose in (patient, other):
        make_visit(session, whose.id)
        make_sent(session, whose.id, f"p-{whose.id}")
        make_feedback(session, source_type="patient", source_id=whose.id)

    pack = make_pack(session, asked(patient.patient_code.lower()), actor=ADMIN)

    assert pack["held"]["patient"][0]["phone"] == patient.phone
    assert [row["patient_id"] for row in pack["held"]["visits"]] == [patient.id]
    assert [row["patient_id"] for row in pack["held"]["feedback"]] == [patient.id]
    assert {row["recipient_id"] for row in pack["held"]["messages"]} == {patient.id}
    assert pack["rows"]["loyalty_transactions"] == len(pack["held"]["loyalty_transactions"]) > 0
    assert pack["held"]["changes"][0]["action"] == "insert"


def test_it_holds_the_campaigns_and_the_merges_that_a_person_was_in(session: Session) -> None:
    patient, gone = make_patient(session), make_patient(session)
    make_owner(session)
    launched = make_launched(session)
    work(session, launched.id)
    owners = make_launched(session, target_audience="all_owners", message_template="Dear owner")
    work(session, owners.id)
    merge(session, patient.id, gone.id)

    pack = make_pack(session, asked(gone.patient_code), actor=ADMIN)

    assert {row["person_id"] for row in pack["held"]["campaigns"]} == {patient.id, gone.id}
    assert {row["run_id"] for row in pack["held"]["campaigns"]} == {run_of(session, launched.id).id}
    assert [row["gone_id"] for row in pack["held"]["merges"]] == [gone.id]
    assert "nin_hash" not in json.dumps(pack["held"]["merges"])


def test_no_key_and_no_cipher_is_in_it(session: Session) -> None:
    patient = make_patient(session, nin="12345678901")

    written = json.dumps(make_pack(session, asked(patient.patient_code), actor=ADMIN))

    assert "nin_hash" not in json.dumps(json.loads(written)["held"]["patient"])
    assert "12345678901" not in written


def test_a_pack_is_in_the_history_with_its_reason(session: Session) -> None:
    patient = make_patient(session)

    make_pack(session, asked(patient.patient_code), actor=ADMIN)

    told = sql(
        session,
        "SELECT after FROM crm_history WHERE action = 'export' AND record_id = :id",
        id=patient.id,
    ).scalar_one()
    assert (told["why"], told["what"]) == ("asked at the desk, passport seen", "pack")


def test_every_table_about_patients_is_in_it(session: Session) -> None:
    """A table that comes to know patients has to be added to the pack, or named here with why."""
    why_not = {
        "crm_slot_offers",  # a row of the waitlist says that they were asked, messages how
    }
    known = set(
        sql(
            session,
            """
            SELECT conrelid::regclass::text FROM pg_constraint
            WHERE contype = 'f' AND confrelid IN (
                'crm_patients'::regclass, 'crm_loyalty_accounts'::regclass)
            UNION
            SELECT c.oid::regclass::text FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
            WHERE c.relkind IN ('r', 'p') AND c.relname LIKE 'crm@_%' ESCAPE '@'
              AND a.attname IN ('patient_id', 'person_id', 'member_id')
            """,
        ).scalars()
    )
    assert known - why_not - {table for table, _ in PARTS.values()} == set()


def test_only_the_desk_makes_one(session: Session) -> None:
    patient = make_patient(session)

    with pytest.raises(Forbidden):
        make_pack(session, asked(patient.patient_code), actor=ANALYST)
    with pytest.raises(NotFound):
        make_pack(session, asked("PAT-999999"), actor=ADMIN)

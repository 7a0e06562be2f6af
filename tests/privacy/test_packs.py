"""A patient's pack: all that is held, noted in the history, and for administrators alone."""

import json

import pytest
from sqlalchemy.orm import Session

from crm_core.base.errors import Forbidden, NotFound
from crm_core.people.schemas import Role
from crm_core.privacy.packs import PARTS, make_pack
from crm_core.privacy.schemas import PackAsk
from tests.make import make_actor
from tests.make_appointments import make_visit
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
    known = set(
        sql(
            session,
            """
            SELECT DISTINCT conrelid::regclass::text FROM pg_constraint
            WHERE contype = 'f' AND confrelid = 'crm_patients'::regclass
            """,
        ).scalars()
    )
    assert known - {table for table, _ in PARTS.values()} == set()


def test_only_the_desk_makes_one(session: Session) -> None:
    patient = make_patient(session)

    with pytest.raises(Forbidden):
        make_pack(session, asked(patient.patient_code), actor=ANALYST)
    with pytest.raises(NotFound):
        make_pack(session, asked("PAT-999999"), actor=ADMIN)

"""Importing patients: looked at line by line, committed exactly as shown, undone while unused."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.errors import Conflict, Forbidden, Invalid, NotFound
from crm_core.base.preflight import get_receipt
from crm_core.loyalty import importing, queries, service
from crm_core.loyalty.importing import queries as imports
from crm_core.loyalty.importing.schemas import (
    ImportRead,
    ImportRowFilter,
    ImportRowRead,
    ImportState,
    RowVerdict,
)
from crm_core.loyalty.invariants import invariants as loyalty_invariants
from crm_core.loyalty.schemas import MemberFilter, MemberRead
from crm_core.patients import service as patients
from crm_core.patients.invariants import invariants as patient_invariants
from crm_core.patients.schemas import PatientCreate, PatientUpdate
from crm_core.people.schemas import Role
from tests.loyalty.acts import adjust, points, set_figure
from tests.make import make_actor
from tests.make_imports import file_of, line, look, take_over
from tests.make_patients import DESK, asked, join, make_patient


def rows_of(session: Session, seen: ImportRead) -> list[ImportRowRead]:
    return list(imports.list_rows(ImportRowFilter(import_id=seen.id, limit=100)).page(session).rows)


def verdicts(session: Session, seen: ImportRead) -> list[str]:
    return [row.verdict.value for row in rows_of(session, seen)]


def reasons(session: Session, seen: ImportRead) -> list[str]:
    return [row.reason for row in rows_of(session, seen)]


def commit(session: Session, seen: ImportRead) -> int:
    return importing.commit_import(session, seen.id, seen.fingerprint, actor=DESK).changed


def undo(session: Session, seen: ImportRead) -> int:
    plan = importing.plan_undo(session, seen.id, actor=DESK)
    return importing.commit_undo(session, seen.id, plan.fingerprint, actor=DESK).changed


def members(session: Session, search: str | None = None) -> list[MemberRead]:
    found = queries.list_members(MemberFilter(search=search, limit=100)).page(session).rows
    return sorted(found, key=lambda member: member.id)


def faults(session: Session) -> list[str]:
    return [*loyalty_invariants(session), *patient_invariants(session)]


def test_looking_at_a_file_changes_no_patient(session: Session) -> None:
    seen = look(session, file_of(line("Ada Obi"), line("Ngozi Eze")))
    assert (seen.row_count, seen.ok_count, seen.state) == (2, 2, ImportState.PLANNED)
    assert members(session) == []


def test_each_line_has_its_verdict_with_the_fields_sentence(session: Session) -> None:
    seen = look(
        session,
        file_of(
            line("Ada Obi"),
            line("Bad Phone", phone="12"),
            line("Old Old", date_of_birth="1850-01-01"),
            line("Ngozi Eze", state="Lagos", lga="Aba North"),
        ),
    )
    assert verdicts(session, seen) == ["ok", "refused", "refused", "refused"]
    assert reasons(session, seen) == [
        "",
        "phone: Give a Nigerian mobile number such as 0803 123 4567.",
        "date_of_birth: Check the year: nobody is older than 130.",
        "lga: Aba North is in Abia, not in Lagos.",
    ]
    assert [row.line for row in rows_of(session, seen)] == [2, 3, 4, 5]


@pytest.mark.parametrize(
    ("known", "given", "what"),
    [
        ({"email": "ada@x.ng"}, {"email": "ADA@x.ng"}, "email address"),
        ({"nin": "12345678901"}, {"nin": "12345678901"}, "NIN"),
        ({"phone": "08031234567"}, {"phone": "+234 803 123 4567"}, "phone, name and date of birth"),
    ],
)
def test_a_patient_who_is_registered_is_a_duplicate(
    session: Session, known: dict[str, str], given: dict[str, str], what: str
) -> None:
    patient = make_patient(session, "Ọlá Obi", **known)
    seen = look(session, file_of(line("Ada Obi"), line("ỌLÁ OBI", **given)))
    assert verdicts(session, seen) == ["ok", "duplicate"]
    code = patient.patient_code
    assert reasons(session, seen)[1] == f"Registered as {code}, with the same {what}."


@pytest.mark.parametrize(
    ("same", "what"),
    [
        ({"email": "ada@x.ng"}, "email address"),
        ({"nin": "12345678901"}, "NIN"),
        ({"phone": "08031234567"}, "phone, name and date of birth"),
    ],
)
def test_a_line_that_repeats_an_earlier_one_is_a_duplicate(
    session: Session, same: dict[str, str], what: str
) -> None:
    seen = look(session, file_of(line("Ada Obi", **same), line("Bo Eze"), line("ADA obi", **same)))
    assert verdicts(session, seen) == ["ok", "ok", "duplicate"]
    assert reasons(session, seen)[2] == f"The same {what} as line 2."


def test_a_family_shares_a_phone(session: Session) -> None:
    phone = "08031234567"
    seen = look(session, file_of(line("Ada Obi", phone=phone), line("Bo Obi", phone=phone)))
    assert verdicts(session, seen) == ["ok", "ok"]


def test_a_referral_code_is_somebody_elses(session: Session) -> None:
    friend = make_patient(session, phone="08031234567")
    code = friend.referral_code.lower()
    seen = look(
        session,
        file_of(
            line(referral_code=code),
            line(referral_code="NOBODY22"),
            line("Same Phone", referral_code=code, phone="08031234567"),
        ),
    )
    assert reasons(session, seen) == [
        "",
        "Nobody has this referral code: check it.",
        "Nobody can refer themselves.",
    ]
    commit(session, seen)
    assert members(session)[1].referred_by_id == friend.id


def test_the_commit_does_what_was_shown_and_leaves_a_receipt(session: Session) -> None:
    seen = look(session, file_of(line("Ada Obi"), line("Bad", phone="1"), line("Bo Eze")))
    assert commit(session, seen) == 2
    assert [(m.name, m.loyalty_points) for m in members(session)] == [
        ("Ada Obi", 100),
        ("Bo Eze", 100),
    ]
    done = imports.get_import(session, seen.id)
    assert (done.state, done.imported_count, done.left_out) == (ImportState.COMMITTED, 2, 1)
    receipt = get_receipt(session, done.receipt_id or 0)
    assert (receipt.kind, receipt.totals["patients"]) == ("patient_import", "2")
    assert receipt.totals["import_id"] == str(seen.id)
    assert rows_of(session, seen)[0].patient_code == members(session)[0].patient_code
    assert faults(session) == []


def test_committing_twice_does_it_once(session: Session) -> None:
    seen = look(session, file_of(line()))
    first = importing.commit_import(session, seen.id, seen.fingerprint, actor=DESK)
    assert importing.commit_import(session, seen.id, seen.fingerprint, actor=DESK) == first
    assert len(members(session)) == 1


def test_the_same_file_again_brings_nobody_twice(session: Session) -> None:
    content = file_of(line("Ada Obi"), line("Bo Eze", email="bo@x.ng"))
    commit(session, look(session, content))
    again = look(session, content)
    assert verdicts(session, again) == ["duplicate", "duplicate"]
    with pytest.raises(Conflict, match="No line"):
        commit(session, again)


def test_what_changed_since_one_looked_is_refused_and_the_rest_goes_in(session: Session) -> None:
    friend = make_patient(session)
    seen = look(
        session,
        file_of(
            line("Ada Obi", email="ada@x.ng"),
            line("Bo Eze"),
            line("Cy Musa", nin="12345678901"),
            line("Di Bello", referral_code=friend.referral_code),
        ),
    )
    make_patient(session, "Other One", email="ada@x.ng")
    make_patient(session, "Other Two", nin="12345678901")
    session.execute(
        text("UPDATE crm_patients SET referral_code = 'GONE2222' WHERE id = :id"), {"id": friend.id}
    )
    receipt = importing.commit_import(session, seen.id, seen.fingerprint, actor=DESK)
    assert receipt.changed == 1
    assert verdicts(session, seen) == ["changed", "imported", "changed", "changed"]
    assert all(
        refused.reason.startswith("Changed since you looked:") for refused in receipt.refused
    )
    assert [refused.label for refused in receipt.refused] == [
        "Line 2 · Ada Obi",
        "Line 4 · Cy Musa",
        "Line 5 · Di Bello",
    ]


def test_another_plans_fingerprint_commits_nothing(session: Session) -> None:
    seen = look(session, file_of(line()))
    other = look(session, file_of(line()))
    with pytest.raises(Conflict, match="not what was looked at"):
        importing.commit_import(session, seen.id, other.fingerprint, actor=DESK)
    with pytest.raises(NotFound):
        importing.commit_import(session, 999_999, seen.fingerprint, actor=DESK)


def test_only_who_may_register_patients_may_import_them(session: Session) -> None:
    analyst = make_actor(Role.ANALYST)
    seen = take_over(session, line())
    for refused in (
        lambda: importing.plan_undo(session, seen.id, actor=analyst),
        lambda: importing.commit_import(session, seen.id, seen.fingerprint, actor=analyst),
        lambda: importing.commit_undo(session, seen.id, "undo", actor=analyst),
        lambda: list(imports.refused_file(session, seen.id, actor=analyst)),
    ):
        with pytest.raises(Forbidden):
            refused()


def test_importing_equals_registering_one_by_one(session: Session) -> None:
    """Ledger, points, lots and history of each, but for ids, codes and numbers."""
    lines = [
        line(
            "Ada Obi",
            email="ada@x.ng",
            nin="12345678901",
            lga="Eti Osa",
            blood_group="o−",
            genotype="as",
            allergies="Nuts; Dust",
            consent_source="paper form",
        ),
        line("Chidi Eze", gender="M", date_of_birth="15/05/1985", state="abuja", city="Abuja"),
        line(
            "Emeka Bello",
            date_of_birth="2020-02-29",
            emergency_contact_name="Mama Bello",
            emergency_contact_phone="08039999999",
            consent_source="desk",
        ),
    ]
    plain: list[dict[str, Any]] = [
        lines[0] | {"allergies": ["Nuts", "Dust"], "genotype": "AS"},
        lines[1] | {"gender": "male", "date_of_birth": "1985-05-15", "consent_source": "import"},
        lines[2],
    ]
    imported = effect_of(session, lambda: take_over(session, *lines))
    session.execute(
        text(
            "UPDATE crm_patients SET email = NULL, nin_encrypted = NULL,"
            " nin_hash = NULL, nin_last4 = NULL"
        )
    )
    one_by_one = effect_of(
        session,
        lambda: [
            service.register_patient(session, PatientCreate.model_validate(each), actor=DESK)
            for each in plain
        ],
    )
    assert imported == one_by_one
    assert len(imported["patients"]) == 3


def effect_of(session: Session, act: Any) -> dict[str, list[Any]]:
    """What the act added to each table, without what is each row's own."""
    before = session.execute(text("SELECT coalesce(max(id), 0) FROM crm_patients")).scalar_one()
    seen = session.execute(text("SELECT coalesce(max(id), 0) FROM crm_history")).scalar_one()
    act()
    session.flush()
    effect = {}
    for table, statement in _EFFECTS.items():
        found = session.execute(text(statement), {"before": before, "seen": seen})
        effect[table] = [tuple(row) for row in found]
    return effect


_EFFECTS = {
    "patients": """
        SELECT to_jsonb(p) - '{id,patient_code,referral_code,nin_encrypted,search}'::text[]
        FROM crm_patients p WHERE id > :before ORDER BY id""",
    "accounts": """
        SELECT to_jsonb(a) - 'id' FROM crm_loyalty_accounts a WHERE id > :before ORDER BY id""",
    "ledger": """
        SELECT to_jsonb(t) - '{id,patient_id,reference_id}'::text[],
               reference_id = patient_id::text
        FROM crm_loyalty_transactions t WHERE patient_id > :before ORDER BY id""",
    "lots": """
        SELECT to_jsonb(l) - '{id,patient_id}'::text[]
        FROM crm_loyalty_lots l WHERE patient_id > :before ORDER BY id""",
    "history": """
        SELECT action, who, after - '{id,patient_code,referral_code}'::text[]
        FROM crm_history WHERE table_name = 'crm_patients' AND id > :seen ORDER BY record_id""",
}


def test_the_welcome_is_what_the_settings_say(session: Session) -> None:
    set_figure(session, "welcome", 0)
    take_over(session, line())
    assert members(session)[0].loyalty_points == 0
    assert faults(session) == []


def test_a_hospital_goes_by_name_code_or_number(session: Session) -> None:
    from tests.make_business import make_hospital

    hospital = make_hospital(session)
    names = (hospital.name.upper(), hospital.hospital_code, str(hospital.id), "Nowhere")
    lines = [line(preferred_hospital_id=name) for name in names]
    seen = look(session, file_of(*lines))
    assert verdicts(session, seen) == ["ok", "ok", "ok", "refused"]
    assert reasons(session, seen)[3] == "preferred_hospital_id: There is no such hospital."
    commit(session, seen)
    assert {member.preferred_hospital_id for member in members(session)} == {hospital.id}


def test_a_spreadsheets_number_is_no_day(session: Session) -> None:
    days = ("32874", "0", "1990-13-45", "05/25/1990")
    seen = look(session, file_of(*(line(date_of_birth=day) for day in days)))
    assert verdicts(session, seen) == ["refused"] * 4
    assert set(reasons(session, seen)) == {"date_of_birth: Give a day as YYYY-MM-DD."}


def test_names_of_every_script_come_through(session: Session) -> None:
    names = ["Ọláolúwa Adébáyọ̀", "Ńkírúká Ọkọ́nkwọ́", "Ɓala Ƙofar", "محمد علي"]
    take_over(session, *(line(name) for name in names))
    assert [member.name for member in members(session)] == names


def test_the_refused_ones_come_back_as_a_file_that_can_be_given_again(session: Session) -> None:
    seen = look(
        session, file_of(line("Ada Obi"), line("=1+1 Eze", phone="12"), line("Bo X", phone="+2"))
    )
    content = b"".join(imports.refused_file(session, seen.id, actor=DESK))
    first, *lines = content.decode("utf-8-sig").splitlines()
    assert first.endswith(",state,reason")
    assert [each.split(",")[0] for each in lines] == ["'=1+1", "Bo"]
    assert "'+2" in lines[1]
    corrected = content.replace(b",12,", b",08031112223,").replace(b",'+2,", b",'+2348031112224,")
    again = look(session, corrected)
    assert verdicts(session, again) == ["ok", "ok"]
    assert again.ignored == ["reason"]
    commit(session, again)
    assert [member.name for member in members(session)] == ["=1+1 Eze", "Bo X"]


def test_only_who_gave_the_file_gets_its_nins_back(session: Session) -> None:
    seen = look(session, file_of(line(nin="12345678901", phone="1")))
    mine = b"".join(imports.refused_file(session, seen.id, actor=DESK))
    others = b"".join(imports.refused_file(session, seen.id, actor=make_actor(Role.VIEWER)))
    assert b"12345678901" in mine
    assert b"12345678901" not in others
    assert b"*******8901" in others


def test_numbers_lie_nowhere_in_plain(session: Session) -> None:
    take_over(session, line(nin="12345678901"), line(nin="98765432109", phone="1"))
    found = session.execute(text("SELECT r::text FROM crm_patient_import_rows r")).scalars()
    for row in found:
        assert "12345678901" not in row
        assert "98765432109" not in row


def test_what_a_line_held_is_gone_once_it_is_imported(session: Session) -> None:
    take_over(session, line("Ada Obi", email="ada@x.ng"))
    found = session.execute(text("SELECT r::text FROM crm_patient_import_rows r")).scalar_one()
    assert "Obi" not in found
    assert "ada@x.ng" not in found


def test_undoing_withdraws_the_patients_and_takes_the_points_back(session: Session) -> None:
    stays = make_patient(session, "Stays Here")
    seen = take_over(session, line("Ada Obi", email="ada@x.ng", nin="12345678901"))
    ada = members(session)[1]
    plan = importing.plan_undo(session, seen.id, actor=DESK)
    assert (plan.withdrawn, plan.kept, plan.points) == (1, 0, 100)
    assert importing.commit_undo(session, seen.id, plan.fingerprint, actor=DESK).changed == 1
    assert [member.id for member in members(session)] == [stays.id]
    assert members(session, "Ada Obi") == []
    assert queries.patient_stats(session).total_patients == 1
    with pytest.raises(NotFound):
        queries.get_member(session, ada.id)
    with pytest.raises(Conflict):
        patients.update_patient(session, ada.id, PatientUpdate(city="Abuja"), actor=DESK)
    with pytest.raises(Conflict):
        adjust(session, ada.id, 50)
    assert faults(session) == []


def test_who_was_withdrawn_can_be_imported_anew(session: Session) -> None:
    content = file_of(line("Ada Obi", email="ada@x.ng", nin="12345678901"))
    first = look(session, content)
    commit(session, first)
    undo(session, first)
    again = look(session, content)
    assert verdicts(session, again) == ["ok"]
    assert commit(session, again) == 1
    assert faults(session) == []


def test_a_withdrawn_patients_referral_code_is_nobodys(session: Session) -> None:
    seen = take_over(session, line("Ada Obi"))
    code = members(session)[0].referral_code
    undo(session, seen)
    assert reasons(session, look(session, file_of(line(referral_code=code)))) == [
        "Nobody has this referral code: check it."
    ]
    with pytest.raises(Invalid, match="referral code"):
        make_patient(session, referral_code=code)


def test_patients_who_were_used_since_stay(session: Session) -> None:
    seen = take_over(session, *(line(f"N{n} Obi") for n in range(5)))
    edited, paid, referrer, merged, unused = members(session)
    patients.update_patient(session, edited.id, PatientUpdate(city="Abuja"), actor=DESK)
    adjust(session, paid.id, 50)
    make_patient(session, referral_code=referrer.referral_code)
    gone = make_patient(session)
    join(session, merged.id, gone.id, why="the same person")
    plan = importing.plan_undo(session, seen.id, actor=DESK)
    assert (plan.withdrawn, plan.kept) == (1, 4)
    undo(session, seen)
    assert verdicts(session, seen) == ["kept", "kept", "kept", "kept", "withdrawn"]
    assert unused.id not in [member.id for member in members(session)]
    assert points(session, paid.id) == 150
    assert faults(session) == []


def test_used_since_one_looked_stays_and_is_told(session: Session) -> None:
    seen = take_over(session, line("Ada Obi"), line("Bo Eze"))
    plan = importing.plan_undo(session, seen.id, actor=DESK)
    adjust(session, members(session)[0].id, 50)
    receipt = importing.commit_undo(session, seen.id, plan.fingerprint, actor=DESK)
    assert receipt.changed == 1
    assert receipt.refused[0].reason == "1 patients were used since you looked: they stay."


def test_a_table_of_another_domain_that_points_at_a_patient_keeps_them(session: Session) -> None:
    """Domains above this one are asked through their foreign keys."""
    seen = take_over(session, line("Ada Obi"))
    ada = members(session)[0]
    session.execute(
        text(
            "INSERT INTO crm_loyalty_tier_movements (patient_id, old_tier, new_tier, cause)"
            " VALUES (:id, 'bronze', 'bronze', 'test')"
        ),
        {"id": ada.id},
    )
    assert importing.plan_undo(session, seen.id, actor=DESK).kept == 1


def test_undoing_twice_does_it_once_and_marks_the_receipt(session: Session) -> None:
    seen = take_over(session, line())
    plan = importing.plan_undo(session, seen.id, actor=DESK)
    first = importing.commit_undo(session, seen.id, plan.fingerprint, actor=DESK)
    assert importing.commit_undo(session, seen.id, plan.fingerprint, actor=DESK) == first
    assert get_receipt(session, seen.receipt_id or 0).undone_by == DESK.key
    with pytest.raises(Conflict, match="undone"):
        importing.plan_undo(session, seen.id, actor=DESK)
    with pytest.raises(Conflict, match="undone"):
        importing.commit_import(session, seen.id, seen.fingerprint, actor=DESK)


def test_what_was_not_committed_cannot_be_undone(session: Session) -> None:
    seen = look(session, file_of(line()))
    with pytest.raises(Conflict, match="not committed"):
        importing.plan_undo(session, seen.id, actor=DESK)
    with pytest.raises(Conflict, match="not what was looked at"):
        importing.commit_undo(session, seen.id, "undo-9-9", actor=DESK)


def test_an_import_is_in_the_history(session: Session) -> None:
    seen = take_over(session, line())
    undo(session, seen)
    found = session.execute(
        text(
            "SELECT action, after ->> 'imported', after ->> 'withdrawn' FROM crm_history"
            " WHERE table_name = 'crm_patient_imports' AND action IN ('import', 'undo')"
            " ORDER BY id"
        )
    )
    assert [tuple(row) for row in found] == [("import", "1", None), ("undo", None, "1")]


def test_asked_for_a_verdict_only_its_lines_come(session: Session) -> None:
    seen = look(session, file_of(line(), line(phone="1"), asked()))
    wanted = ImportRowFilter(import_id=seen.id, verdict=RowVerdict.REFUSED)
    assert [row.line for row in imports.list_rows(wanted).page(session).rows] == [3]

"""Large files and imports: asked for in a request, carried out by the worker, never half done."""

import io
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.errors import Conflict, Forbidden, Invalid
from crm_core.base.preflight import Receipt, get_receipt
from crm_core.loyalty import importing
from crm_core.loyalty.importing import carrying, queries
from crm_core.loyalty.importing.schemas import ImportRead, ImportState
from crm_core.loyalty.invariants import invariants
from crm_core.people.schemas import Actor, Role
from crm_core.worker import imports
from tests.make import make_actor
from tests.make_imports import file_of, line, look
from tests.make_patients import DESK
from tests.observe import history_of


@pytest.fixture(autouse=True)
def everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrying, "SMALL_FILE", 0)
    monkeypatch.setattr(carrying, "SMALL_IMPORT", 0)


LINES = [line(f"N{n} Obi", email=f"n{n}@x.ng") for n in range(3)]


def take(session: Session, content: bytes, actor: Actor = DESK) -> ImportRead:
    upload = importing.Upload(io.BytesIO(content), "ward.csv")
    return importing.take_file(session, upload, actor=actor)


def now(session: Session, seen: ImportRead) -> ImportRead:
    return queries.get_import(session, seen.id)


def jobs(session: Session) -> list[dict[str, Any]]:
    """What is queued for the worker, in order; it is taken off."""
    found = session.execute(text("SELECT args FROM procrastinate_jobs ORDER BY id")).scalars()
    queued = list(found)
    session.execute(text("DELETE FROM procrastinate_jobs"))
    return queued


def work(session: Session) -> None:
    """Does what is queued, as the worker does."""
    session.commit()
    for args in jobs(session):
        session.commit()
        imports.carry_patient_import(**args)


def count(session: Session, table: str) -> int:
    found: int = session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
    return found


def looked_at(session: Session) -> ImportRead:
    """A file of three patients, looked at by the worker."""
    seen = take(session, file_of(*LINES))
    work(session)
    return now(session, seen)


def committed(session: Session) -> ImportRead:
    """The same, imported by the worker."""
    seen = looked_at(session)
    importing.start_commit(session, seen.id, seen.fingerprint, actor=DESK)
    work(session)
    return now(session, seen)


def test_a_large_file_waits_for_the_worker_encrypted(session: Session) -> None:
    seen = take(session, file_of(*LINES))

    assert (seen.state, seen.row_count, seen.percent) == (ImportState.READING, 0, 0)
    kept = session.execute(text("SELECT content FROM crm_patient_import_parts")).scalar_one()
    assert b"Obi" not in bytes(kept)
    [asked] = jobs(session)
    assert (asked["import_id"], asked["who"]) == (seen.id, DESK.key)


def test_the_worker_finds_what_a_look_would_have_found(session: Session) -> None:
    content = file_of(*LINES, line("Bo Eze", phone="1"))
    seen = take(session, content)

    work(session)

    after, looked = now(session, seen), look(session, content)
    assert after.state is ImportState.PLANNED
    assert (after.ok_count, after.refused_count) == (looked.ok_count, looked.refused_count)
    assert count(session, "crm_patient_import_parts") == 0


def test_a_file_of_several_parts_is_put_together(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "_PART", 7)
    seen = take(session, file_of(line("Ọlá Àyọ̀")))

    work(session)

    assert now(session, seen).ok_count == 1


def test_a_header_that_is_no_good_is_refused_at_once(session: Session) -> None:
    with pytest.raises(Invalid, match="No column for"):
        take(session, b"first_name,last_name\nAda,Obi\n")


def test_a_file_that_cannot_be_read_further_down_has_failed_and_says_why(session: Session) -> None:
    seen = take(session, file_of(*LINES) + "Zoë,Eze\r\n".encode("cp1252"))

    work(session)

    after = now(session, seen)
    assert after.state is ImportState.FAILED
    assert "Line 5 is not UTF-8" in after.problem
    assert count(session, "crm_patient_import_parts") == 0
    assert count(session, "crm_patient_import_rows") == 0
    with pytest.raises(Conflict, match="could not be read"):
        importing.start_commit(session, seen.id, "", actor=DESK)


def test_a_large_import_is_asked_for_once_and_registered_by_the_worker(session: Session) -> None:
    seen = looked_at(session)

    first = importing.start_commit(session, seen.id, seen.fingerprint, actor=DESK)
    again = importing.start_commit(session, seen.id, seen.fingerprint, actor=DESK)

    assert isinstance(first, ImportRead)
    assert first == again
    assert first.state is ImportState.COMMITTING
    assert count(session, "crm_patients") == 0
    assert count(session, "procrastinate_jobs") == 1
    work(session)
    after = now(session, seen)
    assert (after.state, after.imported_count) == (ImportState.COMMITTED, 3)
    assert count(session, "crm_patients") == 3
    assert list(invariants(session)) == []


def test_the_receipt_and_the_history_name_who_asked(session: Session) -> None:
    seen = committed(session)

    assert get_receipt(session, seen.receipt_id or 0).who == DESK.key
    patient: int = session.execute(text("SELECT min(id) FROM crm_patients")).scalar_one()
    assert history_of(session, "crm_patients", patient)[0]["who"] == DESK.key


def test_asking_again_afterwards_gives_the_receipt(session: Session) -> None:
    seen = committed(session)

    receipt = importing.start_commit(session, seen.id, seen.fingerprint, actor=DESK)

    assert isinstance(receipt, Receipt)
    assert (receipt.receipt_id, receipt.changed) == (seen.receipt_id, 3)


def test_a_large_import_is_undone_by_the_worker(session: Session) -> None:
    seen = committed(session)
    plan = importing.plan_undo(session, seen.id, actor=DESK)

    asked = importing.start_undo(session, seen.id, plan.fingerprint, actor=DESK)

    assert isinstance(asked, ImportRead)
    assert asked.state is ImportState.UNDOING
    with pytest.raises(Conflict, match="being undone"):
        importing.plan_undo(session, seen.id, actor=DESK)
    work(session)
    assert (now(session, seen).state, now(session, seen).withdrawn_count) == ("undone", 3)
    assert list(invariants(session)) == []


def test_a_job_that_is_run_again_after_a_crash_does_nothing_twice(session: Session) -> None:
    seen = looked_at(session)
    importing.start_commit(session, seen.id, seen.fingerprint, actor=DESK)
    session.commit()
    [args] = jobs(session)
    session.commit()

    imports.carry_patient_import(**args)
    imports.carry_patient_import(**args)

    assert count(session, "crm_patients") == 3


def test_what_comes_to_nothing_leaves_the_import_as_it_was_with_the_reason(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = looked_at(session)
    importing.start_commit(session, seen.id, seen.fingerprint, actor=DESK)
    session.commit()
    [args] = jobs(session)
    session.commit()

    def break_down(*_: object, **__: object) -> int:
        raise LookupError

    monkeypatch.setattr("crm_core.loyalty.importing.enrolling.enrol", break_down)
    with pytest.raises(LookupError):
        imports.carry_patient_import(**args)

    after = now(session, seen)
    assert after.state is ImportState.PLANNED
    assert after.problem.startswith("Something broke on our side")
    assert count(session, "crm_patients") == 0


def test_how_far_it_has_come_is_told_meanwhile(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []
    monkeypatch.setattr(importing, "note_progress", lambda _s, _i, percent: told.append(percent))
    monkeypatch.setattr("crm_core.loyalty.importing.staging.CHUNK", 1)

    looked_at(session)

    assert len(told) == 3
    assert told == sorted(told)
    assert told[-1] == 99


def test_who_may_not_register_patients_may_not_give_a_file(session: Session) -> None:
    with pytest.raises(Forbidden):
        take(session, file_of(*LINES), make_actor(Role.ANALYST))


@pytest.fixture
def old(session: Session) -> ImportRead:
    """A file that was looked at eight days ago."""
    seen = looked_at(session)
    session.execute(
        text(
            "UPDATE crm_patient_imports SET created_at = now() - interval '8 days' WHERE id = :id"
        ),
        {"id": seen.id},
    )
    return seen


def test_a_file_that_was_never_imported_is_forgotten_after_some_days(
    session: Session, old: ImportRead
) -> None:
    young = look(session, file_of(*LINES))
    session.commit()

    imports.forget_imports(timestamp=0)

    assert now(session, old).state is ImportState.FORGOTTEN
    assert now(session, young).state is ImportState.PLANNED
    left = session.execute(text("SELECT DISTINCT import_id FROM crm_patient_import_rows"))
    assert list(left.scalars()) == [young.id]
    with pytest.raises(Conflict, match="forgotten meanwhile"):
        importing.start_commit(session, old.id, old.fingerprint, actor=DESK)


def test_what_was_imported_is_not_forgotten(session: Session, old: ImportRead) -> None:
    importing.commit_import(session, old.id, old.fingerprint, actor=DESK)
    session.commit()

    imports.forget_imports(timestamp=0)

    assert now(session, old).state is ImportState.COMMITTED

"""Erasures kept outside of the database, and done again after a restore."""

from pathlib import Path

import pytest
from sqlalchemy import text

from crm_core.base.db import reading, transaction
from tests.cli.commands import Command
from tests.make_appointments import make_visit
from tests.make_patients import make_patient
from tests.privacy.acts import erased


@pytest.fixture
def kept(command: Command, own_database: str, tmp_path: Path) -> Path:
    """The list with one erasure, whose patient a restore has brought back since."""
    with transaction(who="staff:1") as session:
        lost = erased(session, make_patient(session).patient_code)
        file = tmp_path / "erasures.jsonl"
    file.write_text(command("erasures").output)
    assert lost.patient_code in file.read_text()
    with transaction(who="staff:1") as session:
        again = make_patient(session)
        session.execute(
            text(
                "UPDATE crm_patients SET created_at = (SELECT created_at FROM crm_patients"
                " WHERE patient_code = :lost) WHERE id = :id"
            ),
            {"lost": lost.patient_code, "id": again.id},
        )
    file.write_text(file.read_text().replace(lost.patient_code, again.patient_code))
    return file


def names() -> set[str]:
    with reading() as session:
        return set(session.execute(text("SELECT first_name FROM crm_patients")).scalars())


def test_whom_a_restore_brought_back_is_erased_again_once(command: Command, kept: Path) -> None:
    first, second = command("erase-again", str(kept)), command("erase-again", str(kept))

    assert (first.exit_code, first.output) == (0, "PAT-002 erased again\n")
    assert (second.exit_code, second.output) == (0, "PAT-002 is erased\n")
    assert names() == {"Erased"}


def test_whom_the_backup_does_not_know_is_left_out(command: Command, kept: Path) -> None:
    kept.write_text(kept.read_text().replace("PAT-002", "PAT-999"))

    result = command("erase-again", str(kept))

    assert (result.exit_code, result.output) == (0, "PAT-999 is not in this database\n")


def test_somebody_else_with_the_same_code_is_not_erased(command: Command, kept: Path) -> None:
    with transaction(who="sql") as session:
        session.execute(text("UPDATE crm_patients SET created_at = now()"))

    result = command("erase-again", str(kept))

    assert result.exit_code == 1
    assert "another person's" in result.output
    assert "Ada" in names()


def test_what_is_in_the_way_is_said(command: Command, kept: Path) -> None:
    with transaction(who="staff:1") as session:
        find = text("SELECT id FROM crm_patients WHERE patient_code = 'PAT-002'")
        make_visit(session, session.execute(find).scalar_one())

    result = command("erase-again", str(kept))

    assert result.exit_code == 1
    assert "A visit lies ahead" in result.output

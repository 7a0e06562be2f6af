"""Importing patients from the command line."""

from pathlib import Path

import pytest
from sqlalchemy import text

from crm_core.base.db import reading
from tests.cli.commands import Command
from tests.make_imports import file_of, line


@pytest.fixture
def ward(tmp_path: Path) -> Path:
    """A file with one patient who can be imported and one who cannot."""
    path = tmp_path / "ward.csv"
    path.write_bytes(file_of(line("Ada Obi"), line("Bo Eze", phone="1")))
    return path


def patients() -> int:
    with reading() as session:
        return int(session.execute(text("SELECT count(*) FROM crm_patients")).scalar_one())


def test_it_looks_and_changes_nothing(command: Command, ward: Path) -> None:
    result = command("import-patients", str(ward))
    assert result.exit_code == 0, result.output
    said = "Import 1: 2 lines, 1 can be imported, 1 refused, 0 duplicates.\n"
    assert result.stdout == said
    assert patients() == 0


def test_it_commits_when_told_and_writes_the_refused_lines(command: Command, ward: Path) -> None:
    refused = ward.with_name("refused.csv")
    result = command("import-patients", str(ward), "--commit", "--refused", str(refused))
    assert result.exit_code == 0, result.output
    assert "1 patients imported: receipt 1." in result.stdout
    assert patients() == 1
    assert "Bo,Eze,1," in refused.read_text(encoding="utf-8-sig")


def test_columns_may_be_said(command: Command, ward: Path) -> None:
    ward.write_bytes(ward.read_bytes().replace(b"phone", b"Contact"))
    result = command("import-patients", str(ward))
    assert (result.exit_code, "No column for: Phone" in result.output) == (1, True)
    assert command("import-patients", str(ward), "--map", "phone=Contact").exit_code == 0


def test_a_file_that_is_no_good_is_told_in_a_sentence(command: Command, ward: Path) -> None:
    ward.write_bytes(b"\x00")
    result = command("import-patients", str(ward))
    assert result.exit_code == 1
    assert "NUL bytes" in result.output
    assert "Traceback" not in result.output

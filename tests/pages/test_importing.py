"""The pages of imports: a file is chosen, looked at, committed and undone."""

import io
from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from crm_core.base import beats
from crm_core.loyalty import importing, queries
from crm_core.loyalty.importing import carrying
from crm_core.loyalty.importing import queries as imports
from crm_core.loyalty.importing.schemas import ImportFilter, ImportRead
from crm_core.loyalty.schemas import MemberFilter
from crm_core.people.schemas import Role
from tests.make_imports import file_of, line, look, take_over
from tests.make_patients import DESK
from tests.pages.acting import cells, errors, htmls, labels, metric, press, texts

Open = Callable[..., AppTest]


@pytest.fixture
def patients(visit: Open) -> Open:
    """``patients(Role.VIEWER, **{"import": 3})``: the patients page at that address."""
    return partial(visit, "pages/patients.py")


def upload(page: AppTest, content: bytes) -> AppTest:
    page.file_uploader[0].upload("ward.csv", content, "text/csv").run()
    assert not page.exception
    return page


def names(session: Session) -> list[str]:
    found = queries.list_members(MemberFilter()).page(session).rows
    return sorted(member.name for member in found)


def test_a_file_is_looked_at_and_imported_as_shown(session: Session, patients: Open) -> None:
    content = file_of(line("Ada Obi"), line("Bo Eze", phone="1"))
    page = upload(patients(Role.VIEWER, **{"import": "new"}), content)
    page = press(page, "Look at the file")
    assert names(session) == []
    assert cells(page, "Why") == ["", "phone: Give a Nigerian mobile number such as 0803 123 4567."]
    assert (metric(page, "Can be imported"), metric(page, "Refused")) == ("1", "1")
    page = press(page, "Import 1 patient")
    assert names(session) == ["Ada Obi"]
    assert metric(page, "Imported") == "1"
    assert any("/export/patient-import/" in each for each in htmls(page))


def test_a_person_says_which_column_is_which(patients: Open) -> None:
    content = file_of(line("Ada Obi")).replace(b"phone", b"Contact")
    page = upload(patients(Role.VIEWER, **{"import": "new"}), content)
    press(page, "Look at the file")
    assert errors(page) == ["No column for: Phone. Say which of the file's it is."]
    box = next(each for each in page.selectbox if each.label == "Phone (required)")
    box.set_value("Contact")
    page = press(page, "Look at the file")
    assert metric(page, "Can be imported") == "1"


def test_a_file_that_is_no_good_is_told_at_once(patients: Open) -> None:
    page = upload(patients(Role.VIEWER, **{"import": "new"}), "name\nZoë".encode("utf-16"))
    assert "UTF-16" in errors(page)[0]
    assert "Look at the file" not in labels(page)


def test_an_import_is_undone_after_a_look(session: Session, patients: Open) -> None:
    seen = take_over(session, line("Ada Obi"), line("Bo Eze"))
    page = press(patients(Role.VIEWER, **{"import": seen.id}), "Undo the import")
    assert any("2 patients will be withdrawn, and 200 points" in each for each in texts(page))
    page = press(page, "Back, change nothing")
    assert names(session) == ["Ada Obi", "Bo Eze"]
    page = press(press(page, "Undo the import"), "Withdraw 2 patients")
    assert names(session) == []
    assert metric(page, "Withdrawn") == "2"
    assert "Undo the import" not in labels(page)


def test_lines_are_filtered_by_their_verdict(session: Session, patients: Open) -> None:
    seen = look(session, file_of(line("Ada Obi"), line("Bo Eze", phone="1")))
    page = patients(Role.VIEWER, **{"import": seen.id, "verdict": "refused"})
    assert cells(page, "Patient") == ["Bo Eze"]


def test_files_that_were_looked_at_are_listed(session: Session, patients: Open) -> None:
    look(session, file_of(line("Ada Obi")))
    page = patients(Role.VIEWER, **{"import": "new"})
    assert cells(page, "Lines") == [1]


def test_who_only_reads_is_offered_no_import(session: Session, patients: Open) -> None:
    seen = look(session, file_of(line("Ada Obi")))
    assert "Import a file" not in labels(patients(Role.ANALYST))
    assert "Import a file" in labels(patients(Role.VIEWER))
    assert not patients(Role.ANALYST, **{"import": "new"}).file_uploader
    assert "Import 1 patient" not in labels(patients(Role.ANALYST, **{"import": seen.id}))


def test_the_receipt_leads_to_the_import(session: Session, visit: Open) -> None:
    seen = take_over(session, line("Ada Obi"))
    page = visit("pages/receipts.py", Role.VIEWER, receipt=seen.receipt_id)
    assert "patients.csv: 1 patients" in str(cells(page, "Record"))


@pytest.fixture
def everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrying, "SMALL_FILE", 0)
    monkeypatch.setattr(carrying, "SMALL_IMPORT", 0)


def ask_for(session: Session, seen: ImportRead) -> None:
    importing.start_commit(session, seen.id, seen.fingerprint, actor=DESK)


@pytest.mark.usefixtures("everything_is_large")
def test_a_large_file_shows_how_far_the_worker_has_come(session: Session, patients: Open) -> None:
    page = upload(patients(Role.VIEWER, **{"import": "new"}), file_of(line("Ada Obi")))
    page = press(page, "Look at the file")

    assert "No worker is running" in page.warning[0].value
    seen = next(iter(imports.list_imports(ImportFilter()).page(session).rows))
    importing.note_progress(session, seen.id, 40)
    beats.beat(session, "here:1")
    page.run()
    assert page.get("progress")[0].proto.text == "Looking at the file: 40 %"
    assert not page.warning


@pytest.mark.usefixtures("everything_is_large")
def test_while_it_is_registered_there_is_nothing_to_press(session: Session, patients: Open) -> None:
    seen = look(session, file_of(line("Ada Obi")))
    page = press(patients(Role.VIEWER, **{"import": seen.id}), "Import 1 patient")
    assert page.get("progress")[0].proto.text == "Registering the patients: 0 %"
    assert "Import 1 patient" not in labels(page)


def test_why_a_file_could_not_be_read_is_told(session: Session, patients: Open) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(carrying, "SMALL_FILE", 0)
        content = importing.Upload(io.BytesIO(file_of(line("Ada Obi"))), "ward.csv")
        seen = importing.take_file(session, content, actor=DESK)
    importing.give_up(session, seen.id, "Line 7 is not UTF-8.")

    page = patients(Role.VIEWER, **{"import": seen.id})

    assert errors(page) == ["The file could not be read. Line 7 is not UTF-8."]
    assert not page.dataframe


@pytest.mark.usefixtures("everything_is_large")
def test_why_nothing_was_registered_is_told(session: Session, patients: Open) -> None:
    seen = look(session, file_of(line("Ada Obi")))
    ask_for(session, seen)
    importing.give_up(session, seen.id, "Another import is being committed.")

    page = patients(Role.VIEWER, **{"import": seen.id})

    assert "Another import is being committed" in page.warning[0].value
    assert "Import 1 patient" in labels(page)

"""Feedback as a file: whatever was written is text there, and nothing runs."""

import csv
import io
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy.orm import Session

from crm_core.insights.exports import Format, open_list_export
from crm_core.people.schemas import Role
from tests.feedback.test_intake import HOSTILE
from tests.make import make_actor
from tests.make_feedback import make_feedback

EVERYTHING, ANALYST = make_actor(*Role), make_actor(Role.ANALYST)


@contextmanager
def long_cells() -> Iterator[None]:
    """A cell of a hundred thousand letters is longer than Python reads unless it is told."""
    before = csv.field_size_limit(sys.maxsize)
    yield
    csv.field_size_limit(before)


def messages() -> list[str]:
    content = b"".join(
        open_list_export("feedback", Format.CSV, {}, actor=EVERYTHING).chunks()
    ).decode()
    with long_cells():
        return [row["message"] for row in csv.DictReader(io.StringIO(content, newline=""))]


@pytest.mark.parametrize("said", HOSTILE)
def test_no_cell_runs_as_a_formula(session: Session, said: str) -> None:
    make_feedback(session, message=said)
    (cell,) = messages()
    assert cell in (said, f"'{said}")
    assert cell[0] not in "=+-@\t\r"


def test_a_hundred_thousand_letters_come_whole_as_csv_and_open_as_a_workbook(
    session: Session,
) -> None:
    said = "=A1 " + "ọ" * 99_990
    make_feedback(session, message=said)
    assert messages() == [f"'{said}"]
    content = b"".join(open_list_export("feedback", Format.XLSX, {}, actor=EVERYTHING).chunks())
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        strings = "".join(book.read(name).decode() for name in book.namelist() if "xml" in name)
    assert "<f>" not in strings
    assert "ọọọ" in strings


def test_who_may_not_know_people_takes_no_words_away(session: Session) -> None:
    make_feedback(session)
    content = b"".join(
        open_list_export("feedback", Format.CSV, {}, actor=ANALYST).chunks()
    ).decode()
    header = content.splitlines()[0].split(",")
    assert not {"message", "subject", "resolution", "source_name"} & set(header)
    assert "rating" in header

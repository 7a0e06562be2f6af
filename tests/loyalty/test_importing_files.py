"""Files that are no good: one clear sentence each, nothing kept, and no memory that grows."""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.errors import Invalid
from crm_core.loyalty import importing
from crm_core.loyalty.importing import queries as imports
from crm_core.loyalty.importing.schemas import ImportRowFilter
from tests.make_imports import HEADER, file_of, line, look
from tests.make_patients import DESK

GOOD = file_of(line("Ada Obi"))
HEAD = ",".join(HEADER).encode() + b"\n"


class Endless(io.RawIOBase):
    """A file of one line of two gigabytes, which counts what is read of it."""

    def __init__(self, start: bytes) -> None:
        self.left = 2_000_000_000
        self.start = start
        self.asked = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        assert 0 < size <= 100_000, "a line is read with a bound"
        if self.start:
            first, self.start = self.start, b""
            return first
        self.asked += size
        self.left -= size
        return b"x" * size


def staged(session: Session) -> int:
    """How many imports and lines are kept."""
    counted = (
        "SELECT (SELECT count(*) FROM crm_patient_imports)"
        " + (SELECT count(*) FROM crm_patient_import_rows)"
    )
    return int(session.execute(text(counted)).scalar_one())


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty."),
        (b"\n\n", "must name the columns"),
        (b",,,\n1,2,3,4\n", "must name the columns"),
        (HEAD, "a header and no lines"),
        (HEAD + b"\n,,,,,,,\n", "a header and no lines"),
        (b"phone,first_name,phone\n1,2,3\n", "Two columns are called “phone”"),
        (b"first_name,last_name\nAda,Obi\n", "No column for: Phone, Date of birth, Sex"),
        (HEAD + "Zo\u00eb,Obi\n".encode("cp1252"), "Line 2 is not UTF-8; the file seems to be in"),
        (HEAD + b"Zo\x81\xff,Obi\n", "Line 2 is not UTF-8: save it as"),
        (HEAD.decode().encode("utf-16"), "The file is in UTF-16"),
        (HEAD + b"Ada\0,Obi\n", "Line 2 holds NUL bytes"),
        (b"PK\x03\x04\x14\0\0\0", "holds NUL bytes, so the file is not text"),
        (HEAD + b'"Ada,Obi\n' + b"Bo,Eze\n" * 20, "Line 22 is not readable as CSV"),
        (HEAD + b'"Ada' + b",Obi\n" * 20_000, "or a quotation mark is missing"),
        (HEAD + b'"Ada"x,Obi\n', "Line 2 is not readable as CSV"),
        (HEAD + b"x" * 70_000 + b"\n", "Line 2 is longer than 65,536 bytes"),
    ],
)
def test_a_file_that_is_no_good_is_refused_in_a_sentence(
    session: Session, content: bytes, sentence: str
) -> None:
    with pytest.raises(Invalid) as refused, session.begin_nested():
        look(session, content)
    assert sentence in refused.value.problems[0].message
    assert staged(session) == 0


def test_a_fault_far_down_keeps_nothing_of_what_came_before(session: Session) -> None:
    content = file_of(*(line() for _ in range(1500))) + b"Ada\xe9,Obi\n"
    with pytest.raises(Invalid, match="Line 1502"), session.begin_nested():
        look(session, content)
    assert staged(session) == 0


@pytest.mark.parametrize("start", [b"", HEAD])
def test_a_line_of_two_gigabytes_is_refused_after_some_kilobytes(
    session: Session, start: bytes
) -> None:
    endless = Endless(start)
    upload = importing.Upload(endless, "big.csv")  # type: ignore[arg-type] # only what is read
    with pytest.raises(Invalid, match="longer than"):
        importing.plan_import(session, upload, actor=DESK)
    assert endless.asked < 100_000


@pytest.mark.parametrize(
    "change",
    [
        lambda content: b"\xef\xbb\xbf" + content,
        lambda content: content.replace(b"\r\n", b"\n"),
        lambda content: content.replace(b",", b";"),
        lambda content: content.replace(b",", b"\t"),
        lambda content: content.rstrip(),
        lambda content: content + b"\r\n\r\n",
    ],
    ids=["mark", "line feeds", "semicolons", "tabs", "no last line end", "blank lines"],
)
def test_files_as_programs_save_them_are_read(
    session: Session, change: Callable[[bytes], bytes]
) -> None:
    seen = look(session, change(GOOD))
    assert (seen.row_count, seen.ok_count) == (1, 1)


def test_a_cell_over_two_lines_counts_as_its_first_line(session: Session) -> None:
    seen = look(session, file_of(line("Ada Obi", address="1 Marina\nLagos"), line("Bo Eze")))
    rows = imports.list_rows(ImportRowFilter(import_id=seen.id)).page(session).rows
    assert [(row.line, row.verdict) for row in rows] == [(2, "refused"), (4, "ok")]
    assert rows[0].reason == "address: Keep this on one line."


def test_a_ragged_line_is_refused_and_the_others_are_not(session: Session) -> None:
    short = GOOD.splitlines()[1].rsplit(b",", 2)[0] + b"\r\n"
    seen = look(session, GOOD + short + GOOD.splitlines()[1].replace(b"Ada", b"Bo") + b"\r\n")
    rows = imports.list_rows(ImportRowFilter(import_id=seen.id)).page(session).rows
    assert [row.verdict for row in rows] == ["ok", "refused", "ok"]
    assert rows[1].reason.startswith("This line has 6 cells, the header has 8")


@pytest.mark.parametrize(
    "header",
    [
        "Given Name,SURNAME,GSM Number,D.O.B,Sex,Home Address,Town,State of Residence",
        "first name,last name,Phone No.,Date of Birth,Gender,street,City/Town,STATE",
    ],
)
def test_usual_names_of_columns_are_recognised(session: Session, header: str) -> None:
    content = header.encode() + b"\n" + GOOD.splitlines()[1] + b"\n"
    seen = look(session, content)
    assert (seen.ok_count, len(seen.mapping)) == (1, 8)


def test_a_person_may_say_which_column_is_which(session: Session) -> None:
    content = GOOD.replace(b"phone", b"Contact")
    with pytest.raises(Invalid, match="No column for: Phone"):
        look(session, content)
    seen = look(session, content, mapping={"phone": "Contact"})
    assert seen.mapping["phone"] == "Contact"
    assert seen.ok_count == 1


@pytest.mark.parametrize(
    ("mapping", "sentence"),
    [
        ({"shoe_size": "phone"}, "no field “shoe_size”"),
        ({"phone": "Kontakt"}, "no column “Kontakt”"),
        ({"phone": ""}, "No column for: Phone"),
        ({"email": "phone"}, "No column for: Phone"),
        ({"email": "phone", "phone": "phone"}, "“phone” cannot be both Email and Phone"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(
    session: Session, mapping: dict[str, str], sentence: str
) -> None:
    with pytest.raises(Invalid) as refused:
        look(session, GOOD, mapping=mapping)
    assert sentence in refused.value.problems[0].message


def test_columns_that_nothing_takes_are_named(session: Session) -> None:
    seen = look(session, file_of(line() | {"Shoe size": "42"}))
    assert seen.ignored == ["Shoe size"]


def test_memory_does_not_grow_with_the_file(
    own_database: str, project: Path, tmp_path: Path
) -> None:
    """A child process looks at 2,000 lines, and another at ten times as many."""
    peaks = [_peak(own_database, project, tmp_path / f"{count}.csv", count) for count in _SIZES]
    assert peaks[1] < peaks[0] + 8_000, peaks


_SIZES = (2_000, 20_000)
_CHILD = """
import resource, sys
from crm_core.base.db import connect, transaction
from crm_core.loyalty import importing
from crm_core.people.schemas import machine
connect(sys.argv[1])
actor = machine("command:test")
with open(sys.argv[2], "rb") as file, transaction(who=actor.key) as session:
    seen = importing.plan_import(session, importing.Upload(file, "many.csv"), actor=actor)
assert seen.row_count == int(sys.argv[3]), seen
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def _peak(url: str, project: Path, path: Path, count: int) -> int:
    """Kilobytes at most; the lines are refused for their phone, which is quick to find out."""
    with path.open("wb") as file:
        file.write(HEAD)
        for number in range(count):
            file.write(
                b"Ada,Obi,%d,1990-05-15,female,1 Marina %s,Lagos,Lagos\n" % (number, b"x" * 100)
            )
    command = [sys.executable, "-c", _CHILD, url, str(path), str(count)]
    done = subprocess.run(
        command, cwd=project, env=dict(os.environ), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)

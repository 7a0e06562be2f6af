"""A CSV file line by line, in memory that does not grow with the file or with a line.

Whatever is wrong with the file as such is refused in a sentence that says what to do.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO, NoReturn

from crm_core.base.errors import Invalid
from crm_core.loyalty.importing import columns

LONGEST = 65_536
"""Bytes of a record; a patient takes a few hundred."""

_MARK = b"\xef\xbb\xbf"
_WIDE = (b"\xff\xfe", b"\xfe\xff")
_SAVE = "save it as “CSV UTF-8” and choose it again"


@dataclass(frozen=True)
class Record:
    """A line of the file, or several where a quoted cell holds line breaks."""

    line: int
    cells: list[str]


class Table:
    """A file with its header read; iterate once over its records."""

    def __init__(self, source: BinaryIO) -> None:
        self._lines = _Lines(source)
        first = next(self._lines, "")
        if not first.strip():
            _refuse("The file is empty." if not first else "The first line must name the columns.")
        self._reader = csv.reader(
            chain([first], self._lines), delimiter=_delimiter_of(first), strict=True
        )
        self.header = columns.check_header(self._next() or [])

    @property
    def taken(self) -> int:
        """Bytes of the file that were read so far."""
        return self._lines.total

    def __iter__(self) -> Iterator[Record]:
        """The records behind the header; blank lines are passed over."""
        while True:
            line = self._lines.number + 1
            self._lines.taken = 0
            cells = self._next()
            if cells is None:
                return
            if any(cell.strip() for cell in cells):
                yield Record(line, cells)

    def _next(self) -> list[str] | None:
        try:
            return next(self._reader, None)
        except csv.Error as error:
            _refuse(
                f"Line {self._lines.number} is not readable as CSV ({error}): look for a quotation"
                " mark too many or too few."
            )


class _Lines:
    """The file's lines as text, each read only as far as a line may be long."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.number = 0
        self.total = 0
        self.taken = 0  # bytes of the record that is being read

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        raw = self._source.readline(LONGEST + 1)
        if not raw:
            raise StopIteration
        self.number += 1
        self.total += len(raw)
        self.taken += len(raw)
        if self.taken > LONGEST:
            _refuse(
                f"Line {self.number} is longer than {LONGEST:,} bytes: this is no list of patients,"
                " or a quotation mark is missing."
            )
        return self._text(raw)

    def _text(self, raw: bytes) -> str:
        if self.number == 1:
            if raw.startswith(_WIDE):
                _refuse(f"The file is in UTF-16: {_SAVE}.")
            raw = raw.removeprefix(_MARK)
        if b"\0" in raw:
            _refuse(f"Line {self.number} holds NUL bytes, so the file is not text: {_SAVE}.")
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            where = f"Line {self.number} is not UTF-8"
            kind = "; the file seems to be in Windows-1252 (ANSI)" if _is_windows(raw) else ""
            raise Invalid.field("file", f"{where}{kind}: {_SAVE}.") from error


def _is_windows(raw: bytes) -> bool:
    try:
        raw.decode("cp1252")
    except UnicodeDecodeError:
        return False
    return True


def _delimiter_of(first: str) -> str:
    """What separates the header's names most often."""
    return max(",;\t|", key=first.count)


def _refuse(sentence: str) -> NoReturn:
    raise Invalid.field("file", sentence)

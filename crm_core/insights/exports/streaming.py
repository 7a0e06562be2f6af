"""A file on its way out: rows streamed from PostgreSQL, and the line left in the history."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Text, case, cast, func, literal_column
from sqlalchemy.orm import Session

from crm_core.base import history
from crm_core.base.cells import harmless_column
from crm_core.base.db import reading, transaction
from crm_core.base.wire import for_json
from crm_core.insights.exports import formats
from crm_core.insights.exports.columns import ColumnDoc
from crm_core.people.schemas import Actor


class Format(StrEnum):
    """The file's kind."""

    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"


@dataclass
class Export:
    """A file about to be streamed; iterate over ``chunks()`` once.

    Attributes:
        what: the data set or list; with ``table`` it says in the history what was taken.
        values: what the statement binds.
        filters: the same as people gave them, for the history.
    """

    what: str
    file: str
    table: str
    format: Format
    columns: Sequence[ColumnDoc]
    statement: str
    values: dict[str, Any]
    filters: dict[str, str]
    actor: Actor
    rows: int = 0

    @property
    def name(self) -> str:
        """How the file is called."""
        return f"{self.file}.{self.format}"

    @property
    def media_type(self) -> str:
        """For the Content-Type."""
        return formats.MEDIA_TYPES[self.format]

    def chunks(self) -> Iterator[bytes]:
        """The file's bytes, in constant memory; at the end, who took how much is noted.

        An export that is broken off is noted too, with the rows that had left by then.
        """
        complete = False
        try:
            # The rows end before the session does, which would wait for them for ever.
            with reading() as session, closing(self._copy_out(session)) as rows:
                yield from formats.WRITERS[self.format](rows, self.columns)
            complete = True
        finally:
            self._note(complete)

    def _copy_out(self, session: Session) -> Generator[bytes]:
        """The rows as CSV with a header, as PostgreSQL writes them."""
        connection: Any = session.connection().connection.driver_connection
        statement = f"COPY ({self.statement}) TO STDOUT (FORMAT csv, HEADER)"
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")
            self.rows = -1  # the header is none
            with cursor.copy(statement, self.values) as copy:
                for row in copy:
                    self.rows += 1
                    yield bytes(row)

    def _note(self, complete: bool) -> None:
        detail = {
            "dataset": self.what,
            "format": self.format.value,
            "filters": self.filters,
            "rows": max(0, self.rows),
            "complete": complete,
            "identifiers": any(column.identifier for column in self.columns),
        }
        with transaction(who=self.actor.key, why=f"Export of {self.what}") as session:
            history.note(session, "export", self.table, None, detail)


def as_text(column: ColumnDoc, format_: Format) -> ColumnElement[Any]:
    """What reads the same in every program: true and false, instants in ISO-8601 with Z.

    Only CSV has no types, so that a spreadsheet would run a text that looks like a formula. A
    workbook's cell holds 32,767 characters: what is longer ends with a sentence that says so.
    """
    if column.kind == "bool":
        return cast(column.expression, Text)
    if column.kind == "timestamp":
        return for_json(column.expression)
    given: ColumnElement[Any] = column.expression
    if column.typed and format_ is Format.CSV:
        return harmless_column(given)
    return _fitting(given) if column.typed and format_ is Format.XLSX else given


def _fitting(text: ColumnElement[Any]) -> ColumnElement[Any]:
    """The text, or as much of it as fits a workbook's cell."""
    begins = func.left(text, literal_column(str(_LONGEST_CELL)), type_=Text)
    return case((func.length(text) > literal_column(str(_LONGEST_CELL)), begins + _CUT), else_=text)


_LONGEST_CELL = 32_000
_CUT = literal_column("' … (cut: a cell holds no more; the CSV has the whole)'", Text)

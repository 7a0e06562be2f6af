"""Opening an export: who may, what goes out, and the line that it leaves in the history."""

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from psycopg import sql
from sqlalchemy import ColumnElement, Text, cast, func, literal_column, select
from sqlalchemy.orm import Session

from crm_core.base import history
from crm_core.base.cells import harmless_column
from crm_core.base.db import reading, transaction
from crm_core.base.paging import EXACT
from crm_core.base.read import execute
from crm_core.base.statements import compiled_text
from crm_core.base.wire import for_json
from crm_core.insights.exports import formats
from crm_core.insights.exports.datasets import (
    DATASETS,
    ColumnDoc,
    Dataset,
    ExportFilter,
    filter_for,
)
from crm_core.people.schemas import Actor, Permission


class Format(StrEnum):
    """The file's kind."""

    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"


class ExportRequest(ExportFilter):
    """Which set, as which file, and the filters of its list."""

    dataset: Dataset
    format: Format = Format.CSV


@dataclass
class Export:
    """A file about to be streamed; iterate over ``chunks()`` once."""

    dataset: Dataset
    format: Format
    columns: list[ColumnDoc]
    statement: str
    values: dict[str, Any]
    filters: dict[str, str]
    actor: Actor
    rows: int = 0

    @property
    def name(self) -> str:
        """How the file is called."""
        return f"loyalty-{self.dataset}.{self.format}"

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
            "dataset": self.dataset.value,
            "format": self.format.value,
            "filters": self.filters,
            "rows": max(0, self.rows),
            "complete": complete,
            "identifiers": any(column.identifier for column in self.columns),
        }
        with transaction(who=self.actor.key, why=f"Export of {self.dataset}") as session:
            history.note(session, "export", "crm_patients", None, detail)


def open_export(dataset: Dataset, format_: Format, given: ExportFilter, *, actor: Actor) -> Export:
    """An export of everything that the filters leave, whatever page they ask for.

    Identifiers are among the columns only if the actor may see them.
    """
    actor.require(Permission.EXPORT)
    filters = filter_for(dataset, given)
    spec = DATASETS[dataset]
    may_see = actor.may(Permission.IDENTIFIERS_REVEAL)
    columns = [column for column in spec.columns if may_see or not column.identifier]
    conditions, values = spec.listing.conditions(filters)
    selected = [_as_text(column, format_).label(column.name) for column in columns]
    statement = compiled_text(spec.source.add_columns(*selected).where(*conditions))
    said = filters.model_dump(mode="json", exclude_defaults=True, exclude={"page", "limit"})
    return Export(
        dataset, format_, columns, statement, values, {k: str(v) for k, v in said.items()}, actor
    )


def count_rows(session: Session, dataset: Dataset, given: ExportFilter) -> tuple[int, bool]:
    """How many rows would go out, and whether that is an estimate: beyond a thousand it is."""
    filters = filter_for(dataset, given)
    spec = DATASETS[dataset]
    conditions, values = spec.listing.conditions(filters)
    matching = compiled_text(spec.source.add_columns(literal_column("1")).where(*conditions))
    # Put together from a text that was compiled and a number of our own.
    first = f"SELECT count(*) FROM ({matching} LIMIT {EXACT + 1}) AS first"  # noqa: S608
    counted = int(execute(session, first, values).scalar_one())
    if counted <= EXACT:
        return counted, False
    # The planner is asked about the text with the values in it.
    whole = matching % {name: sql.Literal(value).as_string(None) for name, value in values.items()}
    estimate = session.execute(select(func.crm_estimate(whole))).scalar_one()
    return max(int(estimate), EXACT + 1), True


def _as_text(column: ColumnDoc, format_: Format) -> ColumnElement[Any]:
    """What reads the same in every program: true and false, instants in ISO-8601 with Z.

    Only CSV has no types, so that a spreadsheet would run a text that looks like a formula.
    """
    if column.kind == "bool":
        return cast(column.expression, Text)
    if column.kind == "timestamp":
        return for_json(column.expression)
    return (
        harmless_column(column.expression)
        if column.typed and format_ is Format.CSV
        else column.expression
    )

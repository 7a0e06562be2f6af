"""Cells of files that people open in a spreadsheet: none of them runs as a formula."""

from typing import Any

from sqlalchemy import ColumnElement, Text, case, cast, func, literal, literal_column

_STARTS = "=+-@\t\r"


def harmless(cell: str) -> str:
    """The cell, with an apostrophe before it where a spreadsheet would run it."""
    return f"'{cell}" if cell[:1] and cell[0] in _STARTS else cell


def harmless_column(column: Any) -> ColumnElement[str]:
    """The same in SQL, for texts that are streamed out of PostgreSQL."""
    first = func.left(column, literal_column("1"))
    runs = func.strpos(literal_column(r"E'=+-@\t\r'"), first) > literal_column("0")
    return case(
        (runs & (first != literal("", Text)), literal("'", Text) + column), else_=cast(column, Text)
    )

"""How rows look on the wire, said in SQL: PostgreSQL builds the JSON that the API sends."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Integer,
    Numeric,
    Select,
    Subquery,
    Text,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.sql.selectable import LateralFromClause

from crm_core.base.paging import EXACT

KEY = "_key_"
"""How the columns are called that say where a row lies in the list's order."""

_INSTANT = '\'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\''


def list_envelope(
    paged: Select[*tuple[Any, ...]], total: ColumnElement[int], order: str
) -> Select[*tuple[Any, ...]]:
    """``{"success", "data", "pagination"}`` around a page whose rows carry their keys."""
    page = paged.subquery("page")
    row = _documents(page)
    data = (
        select(
            func.json_agg(literal_column("doc")).label("docs"),
            *(func.array_agg(key).label(key.name) for key in _keys(page)),
        )
        .select_from(page.join(row, true()))
        .subquery("data")
    )
    totals = select(total.label("total")).subquery("totals")
    envelope = _object(
        success=literal_column("true"),
        data=func.coalesce(data.c.docs, literal_column("'[]'::json")),
        pagination=_pagination(totals.c.total, order, _keys(data)),
    )
    return select(cast(envelope, Text)).select_from(data.join(totals, true()))


def record_envelope(found: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """``{"success", "data"}`` around the one row that is found; no row where there is none."""
    record = found.subquery("record")
    data = func.row_to_json(literal_column("doc"))
    envelope = _object(success=literal_column("true"), data=data)
    return select(cast(envelope, Text)).select_from(record.join(_documents(record), true()))


def for_json(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """How a column looks on the wire: money as a string, instants as ISO-8601 UTC with Z."""
    if isinstance(column.type, Numeric):
        return cast(column, Text)
    if isinstance(column.type, DateTime):
        return _instant(column)
    return column


def _documents(rows: Subquery) -> LateralFromClause:
    """Beside each row the same row as it looks on the wire, named ``doc``."""
    shown = [
        for_json(column).label(column.name) for column in rows.c if not column.name.startswith(KEY)
    ]
    return select(*shown).correlate(rows).lateral("doc")


def _keys(rows: Subquery) -> list[ColumnElement[Any]]:
    return [column for column in rows.c if column.name.startswith(KEY)]


def _pagination(
    total: ColumnElement[int], order: str, keys: Sequence[ColumnElement[Any]]
) -> ColumnElement[Any]:
    limit = cast(bindparam("_limit"), Integer)
    count = func.cardinality(keys[0])
    return _object(
        total=total,
        page=cast(bindparam("_page"), Integer),
        pages=func.greatest(1, func.div(total + limit - 1, limit).cast(Integer)),
        estimated=total > EXACT,
        next_cursor=case((count == limit, _cursor(order, [key[count] for key in keys]))),
    )


def _cursor(order: str, last: Sequence[ColumnElement[Any]]) -> ColumnElement[str]:
    """The last row's place in this order as the text that ``decode_cursor`` reads back."""
    key = func.jsonb_build_array(literal_column(f"'{order}'"), *last)
    encoded = func.encode(func.convert_to(cast(key, Text), literal_column("'UTF8'")), "base64")
    return func.translate(encoded, literal_column(r"E'+/=\n'"), literal_column("'-_'"))


def _object(**members: ColumnElement[Any]) -> ColumnElement[Any]:
    parts: list[ColumnElement[Any]] = []
    for name, value in members.items():
        parts += [literal_column(f"'{name}'"), value]
    return func.json_build_object(*parts)


def _instant(column: ColumnElement[Any]) -> ColumnElement[str]:
    """As pydantic writes it: no fraction where it is a whole second."""
    utc = func.timezone(literal_column("'UTC'"), column)
    text = func.to_char(utc, literal_column(_INSTANT))
    return func.replace(text, literal_column("'.000000Z'"), literal_column("'Z'"))

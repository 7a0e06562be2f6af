"""The SQL texts of lists: compiled once, constants written in, placeholders as in psycopg."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from psycopg import sql
from sqlalchemy import ColumnElement, Select, Text, bindparam, case, func, literal_column, select
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from crm_core.base.paging import EXACT, PageRequest

_DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call] # SQLAlchemy left it without types


@dataclass(frozen=True)
class Statements:
    """The SQL texts of one combination of filters and order, with psycopg's placeholders."""

    rows: str
    json: str
    known: str
    """``json`` with a total that is known already."""

    count: str

    def write(self, constants: Mapping[str, str]) -> "Statements":
        """The same with constants in place of their placeholders."""
        count = _written(self.count, constants)
        if "%(" not in count:
            whole = sql.Literal(count.replace("%%", "%")).as_string(None)
            constants = {**constants, "_count_statement": whole.replace("%", "%%")}
        rows, json, known = (_written(t, constants) for t in (self.rows, self.json, self.known))
        return Statements(rows=rows, json=json, known=known, count=count)


def compiled_text(statement: Select[*tuple[Any, ...]]) -> str:
    """The text, with constants written in: only what a request gives is left to bind."""
    compiled = statement.compile(dialect=_DIALECT)
    constants = {
        name: sql.Literal(bound.value).as_string(None).replace("%", "%%")
        for name, bound in compiled.binds.items()
        if not bound.required
    }
    return _written(str(compiled), constants)


def _written(statement: str, constants: Mapping[str, str]) -> str:
    return re.sub(r"%\((\w+)\)s", lambda found: constants.get(found[1], found[0]), statement)


def constants_of(request: PageRequest, given: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What takes few values, as SQL: written into the statement it needs no planning each time."""
    constants = [
        (name, sql.Literal(plain(value)).as_string(None).replace("%", "%%"))
        for name, value in given.items()
        if isinstance(value, Enum | bool)
    ]
    if request.page == 1:
        constants += [("_limit", str(request.limit)), ("_offset", "0"), ("_page", "1")]
    return tuple(constants)


def total_of(matching: Select[*tuple[Any, ...]]) -> ColumnElement[int]:
    """Counts up to ``EXACT``, once a statement, and asks the planner beyond it."""
    some = matching.limit(literal_column(str(EXACT + 1))).subquery("some")
    counted = select(func.count().label("n")).select_from(some).subquery("counted")
    total = total_or_estimate(counted.c.n)
    return select(total).select_from(counted).scalar_subquery()


def total_or_estimate(counted: ColumnElement[int]) -> ColumnElement[int]:
    """The count, unless it stopped at one more than ``EXACT``: then the planner's estimate."""
    estimate = func.crm_estimate(bindparam("_count_statement", type_=Text))
    return case((counted <= EXACT, counted), else_=func.greatest(estimate, EXACT + 1))


def plain(value: Any) -> Any:
    """What the database compares: an enumeration's value."""
    return value.value if isinstance(value, Enum) else value

"""Lists: one SQL statement a request, compiled once, with two executors.

A ``Listing`` declares what a list shows, what it may be filtered by and how it may be sorted.
``Listing.read(filters)`` picks the statement for the filters that are present and binds their
values. ``Read.page`` gives rows to pages and jobs; ``Read.json`` gives the API the whole
envelope as text that PostgreSQL has built.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, Protocol

from psycopg import sql
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.orm import InstrumentedAttribute, Session

from crm_core.base.errors import NotFound
from crm_core.base.paging import EXACT, Page, PageRequest, Row, decode_cursor
from crm_core.base.wire import list_envelope, record_envelope

_DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call] # SQLAlchemy left it without types


class Reader(Protocol):
    """Runs one statement and gives the single text value of its single row."""

    async def __call__(self, statement: str, values: Mapping[str, Any]) -> str | None: ...


@dataclass(frozen=True)
class Order:
    """A sort: columns that are never null, all in one direction, the last one unique."""

    columns: Sequence[ColumnElement[Any] | InstrumentedAttribute[Any]]
    descending: bool = True

    def clauses(self) -> list[ColumnElement[Any]]:
        """For ORDER BY."""
        return [c.desc() if self.descending else c.asc() for c in self.columns]

    def after(self) -> ColumnElement[bool]:
        """Rows beyond the cursor's, whose key is bound as key_0, key_1 …"""
        key = tuple_(
            *(cast(bindparam(f"key_{n}", type_=Text), c.type) for n, c in enumerate(self.columns))
        )
        row = tuple_(*self.columns)
        return row < key if self.descending else row > key


@dataclass(frozen=True)
class _Statements:
    """The SQL texts of one combination of filters and order, with psycopg's placeholders."""

    rows: str
    json: str
    count: str


@dataclass(frozen=True)
class Read(Generic[Row]):
    """One list with its filters filled in, not yet run."""

    schema: type[Row]
    statements: _Statements
    values: Mapping[str, Any]
    request: PageRequest

    def page(self, session: Session) -> Page[Row]:
        """The rows of this page, with the total."""
        cursor = _execute(session, self.statements.rows, self._all_values())
        found = cursor.mappings().all()
        total = found[0]["_total"] if found else self._count_beyond(session)
        rows = [self.schema.model_validate(dict(row)) for row in found]
        full = len(rows) == self.request.limit
        next_cursor = found[-1]["_cursor"] if full else None
        return Page(rows, total, total > EXACT, self.request.page, self.request.limit, next_cursor)

    def json(self, session: Session) -> str:
        """The envelope of the contract as JSON text."""
        return str(_execute(session, self.statements.json, self._all_values()).scalar_one())

    async def fetch(self, reader: Reader) -> str:
        """The same text as ``json``, without blocking the event loop."""
        return await reader(self.statements.json, self._all_values()) or ""

    def _all_values(self) -> dict[str, Any]:
        page, limit = self.request.page, self.request.limit
        offset = 0 if self.request.cursor else (page - 1) * limit
        return {
            **self.values,
            "_count_statement": self._literal_count(),
            "_limit": limit,
            "_offset": offset,
            "_page": page,
        }

    def _literal_count(self) -> str:
        """The count's statement with its values written in, for the planner to estimate."""
        return self.statements.count % {
            name: sql.Literal(value).as_string(None) for name, value in self.values.items()
        }

    def _count_beyond(self, session: Session) -> int:
        """The total where the page asked for is empty, so that no row carries it."""
        if self.request.page == 1 and not self.request.cursor:
            return 0
        # Put together from a text that was compiled and a number of our own.
        counted = f"SELECT count(*) FROM ({self.statements.count} LIMIT {EXACT + 1}) AS c"  # noqa: S608
        return int(_execute(session, counted, self.values).scalar_one())


@dataclass(frozen=True)
class ReadOne:
    """One record by its id, not yet read."""

    statement: str
    values: Mapping[str, Any]
    noun: str

    async def fetch(self, reader: Reader) -> str:
        """``{"success", "data"}`` as JSON text; ``NotFound`` where there is no such record."""
        found = await reader(self.statement, self.values)
        if found is None:
            raise NotFound(f"{self.noun} not found")
        return found


@dataclass
class Listing(Generic[Row]):
    """A list as data.

    Args:
        schema: what a row is; its fields are the names of the statement's columns.
        statement: SELECT of those columns with its joins, without filters and order.
        filters: field of the filter class → condition, which binds a parameter of that name.
        orders: name → order; the first is the default. The filter's ``sort`` field picks one.
        key: the unique column that ``one`` looks a record up by.
        noun: what a record is called in a refusal.
        convert: field → function from what the person gave to what the condition compares.
    """

    schema: type[Row]
    statement: Select[*tuple[Any, ...]]
    filters: Mapping[str, ColumnElement[bool]]
    orders: Mapping[str, Order]
    key: ColumnElement[int] | InstrumentedAttribute[int]
    noun: str
    convert: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    _compiled: dict[tuple[Any, ...], _Statements] = field(default_factory=dict)
    _found: str | None = None

    def read(self, request: PageRequest) -> Read[Row]:
        """The list for these filters; runs nothing."""
        values = {
            name: self._value(name, value)
            for name in self.filters
            if (value := getattr(request, name)) is not None
        }
        order = getattr(request, "sort", None) or next(iter(self.orders))
        kinds = [column.type.python_type for column in self.orders[order].columns]
        keys = decode_cursor(request.cursor, order, kinds) if request.cursor else []
        statements = self._statements(tuple(values), order, bool(keys))
        bound = {f"key_{n}": part for n, part in enumerate(keys)}
        return Read(self.schema, statements, values | bound, request)

    def one(self, session: Session, record_id: int) -> Row:
        """The record with this id, as a row of the list; ``NotFound`` where there is none."""
        found = session.execute(self.statement.where(self.key == record_id)).mappings().first()
        if found is None:
            raise NotFound(f"{self.noun} not found")
        return self.schema.model_validate(dict(found))

    def some(self, session: Session, ids: Sequence[int]) -> list[Row]:
        """The records with these ids, in the order of the ids' values."""
        wanted = self.statement.where(self.key == func.any(list(ids))).order_by(self.key)
        found = session.execute(wanted).mappings()
        return [self.schema.model_validate(dict(row)) for row in found]

    def find(self, record_id: int) -> ReadOne:
        """The same record for the API, as text; runs nothing."""
        if self._found is None:
            named = bindparam("record_id", type_=BigInteger)
            self._found = _compiled(record_envelope(self.statement.where(self.key == named)))
        return ReadOne(self._found, {"record_id": record_id}, self.noun)

    def _value(self, name: str, value: Any) -> Any:
        if name in self.convert:
            value = self.convert[name](value)
        if isinstance(value, list | tuple | frozenset | set):
            return [_plain(item) for item in value]
        return _plain(value)

    def _statements(self, present: tuple[str, ...], order: str, deep: bool) -> _Statements:
        key = (present, order, deep)
        if key not in self._compiled:
            self._compiled[key] = self._compile(present, order, deep)
        return self._compiled[key]

    def _compile(self, present: tuple[str, ...], name: str, deep: bool) -> _Statements:
        order = self.orders[name]
        filtered = self.statement.where(*(self.filters[field] for field in present))
        matching: Select[*tuple[Any, ...]] = filtered.with_only_columns(
            literal_column("1"), maintain_column_froms=True
        ).order_by(None)
        total = _total(matching)
        paged = filtered.where(order.after()) if deep else filtered
        paged = (
            paged.order_by(*order.clauses())
            .limit(bindparam("_limit"))
            .offset(bindparam("_offset"))
            .add_columns(_cursor_of(name, order).label("_cursor"))
        )
        return _Statements(
            rows=_compiled(paged.add_columns(total.label("_total"))),
            json=_compiled(list_envelope(paged, total)),
            count=_compiled(matching),
        )


def execute(session: Session, statement: str, values: Mapping[str, Any]) -> Any:
    """Runs a compiled text with psycopg's placeholders in the session's transaction."""
    return _execute(session, statement, values)


def _execute(session: Session, statement: str, values: Mapping[str, Any]) -> Any:
    return session.connection().exec_driver_sql(statement, dict(values))


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def _compiled(statement: Select[*tuple[Any, ...]]) -> str:
    """The text, with constants written in: only what a request gives is left to bind."""
    compiled = statement.compile(dialect=_DIALECT)
    constants = {
        name: sql.Literal(bound.value).as_string(None).replace("%", "%%")
        for name, bound in compiled.binds.items()
        if not bound.required
    }
    return re.sub(r"%\((\w+)\)s", lambda found: constants.get(found[1], found[0]), str(compiled))


def _cursor_of(name: str, order: Order) -> ColumnElement[str]:
    """The row's place in this order as the text that ``decode_cursor`` reads back."""
    key = func.jsonb_build_array(
        literal_column(f"'{name}'"), *(cast(column, Text) for column in order.columns)
    )
    encoded = func.encode(func.convert_to(cast(key, Text), literal_column("'UTF8'")), "base64")
    return func.translate(encoded, literal_column(r"E'+/=\n'"), literal_column("'-_'"))


def _total(matching: Select[*tuple[Any, ...]]) -> ColumnElement[int]:
    """Counts up to ``EXACT``, once a statement, and asks the planner beyond it."""
    some = matching.limit(literal_column(str(EXACT + 1))).subquery("some")
    counted = select(func.count().label("n")).select_from(some).subquery("counted")
    estimate = func.crm_estimate(bindparam("_count_statement", type_=Text))
    total = case((counted.c.n <= EXACT, counted.c.n), else_=func.greatest(estimate, EXACT + 1))
    return select(total).select_from(counted).scalar_subquery()

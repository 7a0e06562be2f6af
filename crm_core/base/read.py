"""Lists: one SQL statement a request, compiled once, with two executors.

A ``Listing`` declares what a list shows, what it may be filtered by and how it may be sorted.
``Listing.read(filters)`` picks the statement for the filters that are present and binds their
values. ``Read.page`` gives rows to pages and jobs; ``Read.json`` gives the API the whole
envelope as text that PostgreSQL has built.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, Protocol

from psycopg import sql
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    bindparam,
    cast,
    func,
    literal_column,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from crm_core.base.errors import NotFound
from crm_core.base.estimates import Estimates
from crm_core.base.layout import Layout, Order, found_first
from crm_core.base.paging import EXACT, Page, PageRequest, Row, decode_cursor, encode_cursor
from crm_core.base.statements import Statements, compiled_text, constants_of, plain, total_of
from crm_core.base.wire import KEY, list_envelope, record_envelope

__all__ = ["Listing", "Order", "Read", "ReadOne", "Reader", "execute"]

MOST_READY = 1000  # texts kept a list, before those of rare combinations push all others out

_Way = Literal["first", "numbered", "cursor"]
_Key = tuple[tuple[str, ...], str, _Way]
"""The filters present, the order, and how the page is found."""


class Reader(Protocol):
    """Runs one statement and gives the single text value of its single row."""

    estimates: Estimates

    async def __call__(self, statement: str, values: Mapping[str, Any]) -> str | None: ...


@dataclass(frozen=True)
class Read(Generic[Row]):
    """One list with its filters filled in, not yet run."""

    schema: type[Row]
    statements: Statements
    values: Mapping[str, Any]
    request: PageRequest
    order: str

    def page(self, session: Session) -> Page[Row]:
        """The rows of this page, with the total."""
        cursor = _execute(session, self.statements.rows, self._all_values())
        found = cursor.mappings().all()
        total = found[0]["_total"] if found else self._count_beyond(session)
        rows = [self.schema.model_validate(dict(row)) for row in found]
        full = len(rows) == self.request.limit
        next_cursor = self._cursor_after(found[-1]) if full else None
        return Page(rows, total, total > EXACT, self.request.page, self.request.limit, next_cursor)

    def json(self, session: Session) -> str:
        """The envelope of the contract as JSON text."""
        return str(_execute(session, self.statements.json, self._all_values()).scalar_one())

    async def fetch(self, reader: Reader) -> str:
        """The same text as ``json``, without blocking the event loop."""
        known, counted = self.statements.known, self._literal_count()
        quick = reader.estimates.recall(known, counted)
        if quick is not None:
            return await reader(quick, self._all_values()) or ""
        answer = await reader(self.statements.json, self._all_values()) or ""
        reader.estimates.keep(known, counted, answer=answer)
        return answer

    def _all_values(self) -> dict[str, Any]:
        if "%(" not in self.statements.json:
            return {}
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

    def _cursor_after(self, row: Mapping[str, Any]) -> str:
        keys = [row[name] for name in row if name.startswith(KEY)]
        return encode_cursor(self.order, keys)

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
        narrow: fields whose matches are found first and sorted then. They lie together in the
            list's order, so the planner, which takes them for evenly spread, would rather walk
            the sort's index and hope to meet them soon: 50 ms instead of 3.
        unforeseen: fields of which nobody can tell how many rows they match, such as words that
            are searched. As many as a total is counted of are found first; where that is all of
            them they are the list, and else the sort's index is walked, which meets them soon.
    """

    schema: type[Row]
    statement: Select[*tuple[Any, ...]]
    filters: Mapping[str, ColumnElement[bool]]
    orders: Mapping[str, Order]
    key: ColumnElement[int] | InstrumentedAttribute[int]
    noun: str
    convert: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    narrow: frozenset[str] = frozenset()
    unforeseen: frozenset[str] = frozenset()
    _compiled: dict[_Key, Statements] = field(default_factory=dict)
    _ready: dict[tuple[_Key, tuple[tuple[str, str], ...]], Statements] = field(default_factory=dict)
    _found: str | None = None

    def read(self, request: PageRequest) -> Read[Row]:
        """The list for these filters; runs nothing."""
        values = self._given(request)
        order = getattr(request, "sort", None) or next(iter(self.orders))
        bound = self._place(request.cursor, order) if request.cursor else {}
        constants = constants_of(
            request, {name: getattr(request, name) for name in values if name not in self.convert}
        )
        way: _Way = "cursor" if bound else "first" if request.page == 1 else "numbered"
        statements = self._written((tuple(values), order, way), constants)
        return Read(self.schema, statements, values | bound, request, order)

    def conditions(self, request: PageRequest) -> tuple[list[ColumnElement[bool]], dict[str, Any]]:
        """What the filters that are given say, and the values they bind: for an export."""
        values = self._given(request)
        return [self.filters[name] for name in values], values

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
            self._found = compiled_text(record_envelope(self.statement.where(self.key == named)))
        return ReadOne(self._found, {"record_id": record_id}, self.noun)

    def _given(self, request: PageRequest) -> dict[str, Any]:
        return {
            name: self._value(name, value)
            for name in self.filters
            if (value := getattr(request, name)) is not None
        }

    def _value(self, name: str, value: Any) -> Any:
        if name in self.convert:
            value = self.convert[name](value)
        if isinstance(value, list | tuple | frozenset | set):
            return [plain(item) for item in value]
        return plain(value)

    def _place(self, cursor: str, order: str) -> dict[str, str]:
        kinds = [column.type.python_type for column in self.orders[order].columns]
        return {f"key_{n}": part for n, part in enumerate(decode_cursor(cursor, order, kinds))}

    def _written(self, key: _Key, constants: tuple[tuple[str, str], ...]) -> Statements:
        """The statements with the constants written in, so that the server keeps their plans."""
        found = self._ready.get((key, constants))
        if found is None:
            if len(self._ready) >= MOST_READY:
                self._ready.clear()
            found = self._ready[key, constants] = self._statements(key).write(dict(constants))
        return found

    def _statements(self, key: _Key) -> Statements:
        if key not in self._compiled:
            self._compiled[key] = self._compile(*key)
        return self._compiled[key]

    def _compile(self, present: tuple[str, ...], name: str, way: _Way) -> Statements:
        order = self.orders[name]
        filtered = self.statement.where(*(self.filters[field] for field in present))
        matching: Select[*tuple[Any, ...]] = filtered.with_only_columns(
            literal_column("1"), maintain_column_froms=True
        ).order_by(None)
        walked = self.narrow.isdisjoint(present)
        layout = Layout(order, walked=walked, onward=way == "cursor")
        if not self.unforeseen.isdisjoint(present):
            few = found_first(filtered, self.key)
            paged, total = layout.few_or_many(self.statement, filtered, few), few.total
        else:
            total = total_of(matching)
            paged = (
                layout.late(self.statement, filtered, self.key)
                if way == "numbered"
                else layout.page(filtered)
            )
        return Statements(
            rows=compiled_text(paged.add_columns(total.label("_total"))),
            json=compiled_text(list_envelope(paged, total, name)),
            known=compiled_text(list_envelope(paged, cast(bindparam("_known"), BigInteger), name)),
            count=compiled_text(matching),
        )


def execute(session: Session, statement: str, values: Mapping[str, Any]) -> Any:
    """Runs a compiled text with psycopg's placeholders in the session's transaction."""
    return _execute(session, statement, values)


def _execute(session: Session, statement: str, values: Mapping[str, Any]) -> Any:
    return session.connection().exec_driver_sql(statement, dict(values))

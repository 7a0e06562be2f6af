"""How the rows of one page are found: in which order, from where, and by which way."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    Text,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute

from crm_core.base.paging import EXACT
from crm_core.base.statements import total_or_estimate
from crm_core.base.wire import KEY

Key = ColumnElement[int] | InstrumentedAttribute[int]
Rows = Select[*tuple[Any, ...]]


@dataclass(frozen=True)
class Order:
    """A sort: columns that are never null, all in one direction, the last one unique."""

    columns: Sequence[ColumnElement[Any] | InstrumentedAttribute[Any]]
    descending: bool = True

    def clauses(self, *, walked: bool = True) -> list[ColumnElement[Any]]:
        """For ORDER BY; not ``walked`` hides the sort's index from the planner."""
        first, *rest = self.columns
        columns = [first if walked else func.coalesce(first, first), *rest]
        return [c.desc() if self.descending else c.asc() for c in columns]

    def after(self) -> ColumnElement[bool]:
        """Rows beyond the cursor's, whose key is bound as key_0, key_1 …"""
        key = tuple_(
            *(cast(bindparam(f"key_{n}", type_=Text), c.type) for n, c in enumerate(self.columns))
        )
        row = tuple_(*self.columns)
        return row < key if self.descending else row > key


@dataclass(frozen=True)
class Few:
    """The first matches, one more than a total is counted of."""

    key: Key
    rows: CTE
    count: ColumnElement[int]

    @property
    def total(self) -> ColumnElement[int]:
        """How many there are: counted where these are all of them, else estimated."""
        return total_or_estimate(self.count)


@dataclass(frozen=True)
class Layout:
    """A page of an order.

    Attributes:
        walked: the planner may walk the sort's index.
        onward: the page goes on from a cursor.
    """

    order: Order
    walked: bool = True
    onward: bool = False

    def page(self, filtered: Rows) -> Rows:
        """The page's rows with the keys that a cursor is made of."""
        return self._keyed(self._cut(filtered))

    def late(self, statement: Rows, filtered: Rows, key: Key) -> Rows:
        """The same far down: ids alone are passed over, and columns are read for the page's rows.

        Most of those ids are in the index that is walked, and need no look at their rows.
        """
        ids = filtered.with_only_columns(key.label("id"), maintain_column_froms=True)
        place = self._cut(ids).subquery("place")
        found = statement.where(key.in_(select(place.c.id)))
        return self._keyed(found.order_by(*self.order.clauses()))

    def few_or_many(self, statement: Rows, filtered: Rows, few: Few) -> Rows:
        """The page from the few where they are all, else by the sort's index; one part is run."""
        most: ColumnElement[int] = literal_column(str(EXACT))
        among = statement.where(few.key.in_(select(few.rows.c.id)), few.count <= most)
        many = filtered.where(few.count > most)
        sorted_then = replace(self, walked=False)
        parts = (sorted_then.page(among).subquery(), self.page(many).subquery())
        # One of the parts is empty, and the other's rows come as they are sorted there.
        return select(union_all(*(select(part) for part in parts)).subquery("either"))

    def _cut(self, filtered: Rows) -> Rows:
        found = filtered.where(self.order.after()) if self.onward else filtered
        return (
            found.order_by(*self.order.clauses(walked=self.walked))
            .limit(bindparam("_limit"))
            .offset(bindparam("_offset"))
        )

    def _keyed(self, page: Rows) -> Rows:
        keys = (cast(c, Text).label(f"{KEY}{n}") for n, c in enumerate(self.order.columns))
        return page.add_columns(*keys)


def found_first(filtered: Rows, key: Key) -> Few:
    """As many matches as a total is counted of, in whatever order they are found."""
    ids = filtered.with_only_columns(key.label("id"), maintain_column_froms=True)
    rows = ids.order_by(None).limit(literal_column(str(EXACT + 1))).cte("few")
    return Few(key, rows, select(func.count()).select_from(rows).scalar_subquery())

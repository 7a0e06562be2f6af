"""Tables: rows of one page, at most a hundred, which the server has already cut and sorted.

A row is a mapping from column label to value; a column is one of the functions of
``columns``, all of which are here too. Amounts,
days and instants are given as they are (``Decimal``, ``date``, aware ``datetime``): the column
writes them. Text of users needs no escaping in a cell.

    table = Table(
        rows=[{"Payout": "PAY-000001", "Net": Decimal("4500000.00"), "Status": "pending"}],
        columns={"Payout": text(), "Net": naira(), "Status": state(PayoutStatus)},
        ids=[1], alt="Payouts", empty="No payouts yet: prepare a month.",
    )
    show(table)                                                   # to read
    pick_one(table, opens=lambda id: {"payout": str(id)})         # a row opens its record
    ids = pick_many(table)                                        # check boxes
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal, TypedDict, TypeVar

import pyarrow as pa
import streamlit as st
from pydantic import BaseModel
from sqlalchemy.orm import Session
from streamlit.elements.lib.column_types import ButtonColumnResult, ColumnConfig

from crm_core.base.paging import Page, PageRequest
from crm_core.base.read import Read
from crm_core.ui import address_bar, leaving
from crm_core.ui.columns import (
    Column,
    at,
    in_month,
    naira,
    number,
    on_day,
    progress,
    sparkline,
    state,
    text,
)
from crm_core.ui.formatting import counted

__all__ = [
    "MOST",
    "PAGE",
    "Column",
    "Table",
    "at",
    "choose_none",
    "chosen_of",
    "in_month",
    "naira",
    "nothing",
    "number",
    "on_day",
    "page_of",
    "pages",
    "pick_many",
    "pick_one",
    "progress",
    "show",
    "sparkline",
    "state",
    "text",
    "turn",
]

Filters = TypeVar("Filters", bound=PageRequest)
Row = TypeVar("Row", bound=BaseModel)
Opens = Callable[[int], Mapping[str, str | None]]
"""Id → parameters of the address that show the record."""

PAGE, MOST = 50, 100
_SHORT, _TALL = 15, 530  # rows that are shown whole; the height that scrolls


@dataclass(frozen=True)
class Table:
    """What a table shows.

    Attributes:
        ids: the record of each row, for tables that are picked from.
        alt: what the table holds, for people who do not see it.
        empty: what to do next where there are no rows.
        name: tells two tables of one page apart; a choice is kept under it.
        version: anything that changes when the rows' data does; a choice stays by id.
    """

    rows: Sequence[Mapping[str, object]]
    columns: Mapping[str, Column]
    alt: str
    empty: str
    ids: Sequence[int] = field(default=())
    name: str = "table"
    version: object = ""


def page_of(
    session: Session, listing: Callable[[Filters], Read[Row]], filters: Filters
) -> Page[Row]:
    """The page that the filters ask for, or the last one where the list has become shorter."""
    found = listing(filters).page(session)
    if found.rows or filters.page == 1 or not found.total:
        return found
    return listing(filters.model_copy(update={"page": found.pages})).page(session)


def show(table: Table) -> None:
    """A table to read."""
    if table.rows:
        st.dataframe(_arrow(table), **_look(table), alt=table.alt)
    else:
        nothing(table.empty)


def pick_one(table: Table, *, opens: Opens, page: str = "") -> None:
    """A table whose rows open their record: by the first cell, or by the box before it.

    Args:
        page: file of another page to open it on, such as ``pages/owners.py``.
    """
    leaving.follow()
    if not table.rows:
        nothing(table.empty)
        return

    def go(record_id: int) -> None:
        # What was clicked, not its position: the rows of the run that follows may be others.
        if page:
            leaving.leave(page, opens(record_id))
        else:
            address_bar.go(opens(record_id))

    key, look = _key(table), _look(table)
    first = next(iter(table.columns))
    look["column_config"][first] = _button(first, f"{key}-open", table.ids, go)

    def chosen() -> None:
        if picked := st.session_state[key]["selection"]["rows"]:
            go(table.ids[picked[0]])

    st.dataframe(
        _arrow(table),
        key=key,
        on_select=chosen,
        selection_mode="single-row",
        **look,
        alt=table.alt,
    )


def pick_many(table: Table, *, open_column: str = "", opens: Opens | None = None) -> list[int]:
    """A table with check boxes; gives the ids chosen on this page and on the others.

    Args:
        open_column: a column of text whose cells open their record, as ``opens`` says.
    """
    if not table.rows:
        nothing(table.empty)
        return chosen_of(table.name)
    key, look = _key(table), _look(table)
    if open_column and opens is not None:
        look["column_config"][open_column] = _button(
            open_column, f"{key}-open", table.ids, lambda each: address_bar.go(opens(each))
        )
    st.dataframe(
        _arrow(table),
        key=key,
        on_select=lambda: _remember(table, key),
        selection_mode="multi-row",
        selection_default={"selection": {"rows": _positions(table)}},
        **look,
        alt=table.alt,
    )
    return chosen_of(table.name)


def chosen_of(name: str) -> list[int]:
    """The ids chosen in the table of this name."""
    return sorted(st.session_state.get(f"{name}-chosen", ()))


def choose_none(name: str) -> None:
    """Forgets the choice; the table is drawn anew without it."""
    st.session_state[f"{name}-chosen"] = set()
    st.session_state[f"{name}-round"] = st.session_state.get(f"{name}-round", 0) + 1


def pages(found: Page[Row], noun: str, nouns: str = "", *, param: str = "page") -> None:
    """How many there are, and the way to the other pages; the address keeps the number."""
    total = counted(found.total, noun, nouns)
    if found.estimated:
        total = f"about {total}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(total)
        if found.pages > 1:
            turn(min(found.page, found.pages), found.pages, param)


def turn(page: int, pages_in_all: int, param: str) -> None:
    """The buttons to the other pages, the open one marked; the address keeps the number."""
    key = f"_pages_{param}_{page}_of_{pages_in_all}"
    st.pagination(pages_in_all, default=page, key=key, on_change=_turned, args=(key, param))


def nothing(empty: str) -> None:
    """Says that there is nothing to show, and what to do about it."""
    with st.container(border=True, horizontal_alignment="center"):
        st.text(empty, text_alignment="center")


class _Look(TypedDict):
    hide_index: bool
    height: int | Literal["content"]
    placeholder: str
    column_config: dict[str, ColumnConfig | ButtonColumnResult | str | None]


def _arrow(table: Table) -> pa.Table:
    """Types are given, so that a column without values keeps its look."""
    return pa.table(
        {
            label: pa.array([column.convert(row.get(label)) for row in table.rows], column.kind)
            for label, column in table.columns.items()
        }
    )


def _look(table: Table) -> _Look:
    return {
        "hide_index": True,
        "placeholder": "–",
        "height": "content" if len(table.rows) <= _SHORT else _TALL,
        "column_config": {label: column.config(label) for label, column in table.columns.items()},
    }


def _key(table: Table) -> str:
    """Streamlit keeps a selection by position: other rows must be another table."""
    round_number = st.session_state.get(f"{table.name}-round", 0)
    shown = f"{list(table.ids)}|{table.version}|{round_number}"
    return f"{table.name}-{sha256(shown.encode()).hexdigest()[:16]}"


def _button(
    label: str, key: str, ids: Sequence[int], go: Callable[[int], None]
) -> ButtonColumnResult:
    def clicked() -> None:
        go(ids[st.session_state[key]["row"]])

    return st.column_config.ButtonColumn(
        label, type="tertiary", key=key, on_click=clicked, alignment="left"
    )


def _remember(table: Table, key: str) -> None:
    picked = {table.ids[position] for position in st.session_state[key]["selection"]["rows"]}
    elsewhere = set(chosen_of(table.name)) - set(table.ids)
    st.session_state[f"{table.name}-chosen"] = elsewhere | picked


def _positions(table: Table) -> list[int]:
    chosen = set(chosen_of(table.name))
    return [position for position, record_id in enumerate(table.ids) if record_id in chosen]


def _turned(key: str, param: str) -> None:
    page = int(st.session_state[key])
    address_bar.go({param: str(page) if page > 1 else None})

"""A list: the same rows for pages and for the API, at any depth, in one statement."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    any_,
    bindparam,
    event,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from crm_core.base.clock import Instant
from crm_core.base.errors import Invalid, NotFound
from crm_core.base.money import Naira
from crm_core.base.paging import EXACT, PageRequest
from crm_core.base.read import MOST_READY, Listing, Order

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)


class Colour(StrEnum):
    """What things are sorted into."""

    RED = "red"
    BLUE = "blue"


class Thing(BaseModel):
    """A row of the list under test."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    name: str
    colour: Colour
    price: Naira
    seen_at: Instant


class ThingFilter(PageRequest):
    """One condition of each kind."""

    colour: Colour | None = None
    colours: list[Colour] | None = None
    search: str | None = None
    sort: Literal["newest", "price", "seen"] | None = None


THINGS = Table(
    "things",
    MetaData(),
    Column("id", BigInteger, primary_key=True),
    Column("name", String, nullable=False),
    Column("colour", String, nullable=False),
    Column("price", Numeric(15, 2), nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
    prefixes=["TEMPORARY"],
)

LISTING: Listing[Thing] = Listing(
    schema=Thing,
    statement=select(*THINGS.c),
    filters={
        "colour": THINGS.c.colour == bindparam("colour", type_=Text),
        "colours": THINGS.c.colour == any_(bindparam("colours", type_=ARRAY(Text))),
        "search": THINGS.c.name.like(bindparam("search", type_=Text)),
    },
    orders={
        "newest": Order((THINGS.c.id,)),
        "price": Order((THINGS.c.price, THINGS.c.id), descending=False),
        "seen": Order((THINGS.c.seen_at, THINGS.c.id)),
    },
    key=THINGS.c.id,
    noun="Thing",
    convert={"search": lambda word: f"%{word}%"},
)


@pytest.fixture
def db(session: Session) -> Session:
    """A session with an empty table of things."""
    THINGS.create(session.connection())
    return session


def make_things(db: Session, count: int, *, start: int = 1, name: str = "") -> None:
    """Things 1 … count: every third one red, and only four prices and instants among them."""
    db.execute(
        THINGS.insert(),
        [
            {
                "id": number,
                "name": name or f"Thing {number}",
                "colour": "red" if number % 3 == 0 else "blue",
                "price": Decimal(number % 4) + Decimal("0.50"),
                "seen_at": NOON + timedelta(microseconds=number % 4),
            }
            for number in range(start, start + count)
        ],
    )


def ids(db: Session, **filters: object) -> list[int]:
    """The ids on one page."""
    return [row.id for row in LISTING.read(ThingFilter.model_validate(filters)).page(db).rows]


def walk(db: Session, **filters: object) -> Iterator[list[int]]:
    """The ids page by page, by cursor, until there is none."""
    cursor: str | None = None
    while True:
        page = LISTING.read(ThingFilter.model_validate({**filters, "cursor": cursor})).page(db)
        yield [row.id for row in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            return


def everything(pages: Iterator[list[int]]) -> list[int]:
    return [one for page in pages for one in page]


@pytest.mark.parametrize("sort", ["newest", "price", "seen"])
def test_cursors_visit_every_row_once_though_many_sort_alike(db: Session, sort: str) -> None:
    make_things(db, 57)
    visited = everything(walk(db, sort=sort, limit=10))
    assert visited == ids(db, sort=sort, limit=100)
    assert sorted(visited) == list(range(1, 58))


def test_rows_that_come_in_between_repeat_nothing_and_hide_nothing(db: Session) -> None:
    make_things(db, 30)
    pages = walk(db, limit=10)
    visited = next(pages)
    make_things(db, 5, start=31)
    visited += everything(pages)
    assert visited == list(range(30, 0, -1))


def test_cursors_keep_to_the_filters(db: Session) -> None:
    make_things(db, 40)
    visited = everything(walk(db, colour="red", limit=4))
    assert visited == [number for number in range(40, 0, -1) if number % 3 == 0]


def test_the_last_full_page_is_followed_by_an_empty_one(db: Session) -> None:
    make_things(db, 20)
    assert [len(page) for page in walk(db, limit=10)] == [10, 10, 0]


def test_pages_by_number_follow_each_other(db: Session) -> None:
    make_things(db, 25)
    assert ids(db, page=2, limit=10) == list(range(15, 5, -1))
    page = LISTING.read(ThingFilter(page=3, limit=10)).page(db)
    assert (page.total, page.pages, page.page, page.next_cursor) == (25, 3, 3, None)


def test_a_page_beyond_the_last_is_empty_but_knows_the_total(db: Session) -> None:
    make_things(db, 25)
    beyond = ThingFilter(page=9, limit=10)
    page = LISTING.read(beyond).page(db)
    assert (list(page.rows), page.total, page.pages) == ([], 25, 3)
    assert json.loads(LISTING.read(beyond).json(db))["pagination"]["total"] == 25


def test_an_empty_list_has_one_empty_page(db: Session) -> None:
    page = LISTING.read(ThingFilter()).page(db)
    assert (list(page.rows), page.total, page.pages, page.next_cursor) == ([], 0, 1, None)
    assert json.loads(LISTING.read(ThingFilter()).json(db)) == {
        "success": True,
        "data": [],
        "pagination": {
            "total": 0,
            "page": 1,
            "pages": 1,
            "estimated": False,
            "next_cursor": None,
        },
    }


def test_filters_narrow_together(db: Session) -> None:
    make_things(db, 12)
    assert ids(db, colour="red") == [12, 9, 6, 3]
    assert ids(db, colours=["red", "blue"], search="Thing 1") == [12, 11, 10, 1]
    assert ids(db, colour="red", search="Thing 1") == [12]


@pytest.mark.parametrize(
    "name", ["100%", "o'clock", "back\\slash", "%(name)s", "%s", "₦ 🙂", '"q"']
)
def test_what_is_searched_for_is_data_whatever_it_looks_like(db: Session, name: str) -> None:
    make_things(db, EXACT + 1, name=name)
    make_things(db, 3, start=5000)
    word = name.replace("\\", "\\\\").replace("%", "\\%")
    page = LISTING.read(ThingFilter(search=word)).page(db)
    assert {row.name for row in page.rows} == {name}
    assert page.estimated


@pytest.mark.parametrize(
    "filters",
    [{}, {"limit": 5, "page": 2}, {"sort": "price", "limit": 7}, {"colour": "red"}, {"page": 50}],
)
def test_the_api_s_text_says_what_the_page_s_rows_say(
    db: Session, filters: dict[str, object]
) -> None:
    make_things(db, 33)
    read = LISTING.read(ThingFilter.model_validate(filters))
    page, text = read.page(db), json.loads(read.json(db))
    assert text["success"] is True
    assert text["data"] == [row.model_dump(mode="json") for row in page.rows]
    assert text["pagination"] == {
        "total": page.total,
        "page": page.page,
        "pages": page.pages,
        "estimated": page.estimated,
        "next_cursor": page.next_cursor,
    }


def test_money_is_text_and_instants_end_in_z_on_the_wire(db: Session) -> None:
    make_things(db, 1)
    (row,) = json.loads(LISTING.read(ThingFilter()).json(db))["data"]
    assert (row["price"], row["seen_at"]) == ("1.50", "2026-10-01T12:00:00.000001Z")


def test_the_text_of_a_deep_page_is_the_same_as_its_rows(db: Session) -> None:
    make_things(db, 30)
    first = LISTING.read(ThingFilter(sort="seen", limit=7)).page(db)
    deep = LISTING.read(ThingFilter(sort="seen", limit=7, cursor=first.next_cursor))
    wanted = [row.model_dump(mode="json") for row in deep.page(db).rows]
    assert json.loads(deep.json(db))["data"] == wanted
    assert len(wanted) == 7


def test_a_total_is_exact_up_to_a_thousand(db: Session) -> None:
    make_things(db, EXACT)
    page = LISTING.read(ThingFilter()).page(db)
    assert (page.total, page.estimated) == (EXACT, False)


def test_a_larger_total_is_an_estimate_and_says_so(db: Session) -> None:
    make_things(db, 5000)
    db.connection().exec_driver_sql("ANALYZE things")
    read = LISTING.read(ThingFilter())
    page = read.page(db)
    assert page.estimated
    assert page.total == pytest.approx(5000, rel=0.1)
    assert json.loads(read.json(db))["pagination"]["estimated"] is True


def test_a_page_costs_one_statement_whatever_its_length(db: Session) -> None:
    make_things(db, 200)
    statements: list[str] = []
    event.listen(db.connection(), "before_cursor_execute", lambda *call: statements.append(call[2]))
    for limit in (1, 100):
        LISTING.read(ThingFilter(limit=limit)).page(db)
        LISTING.read(ThingFilter(limit=limit)).json(db)
    assert len(statements) == 4


def test_statements_are_compiled_once_for_each_set_of_filters(db: Session) -> None:
    first = LISTING.read(ThingFilter(search="red"))
    second = LISTING.read(ThingFilter(search="blue"))
    assert first.statements is second.statements


def test_what_takes_few_values_is_written_in_so_that_the_server_keeps_its_plan(db: Session) -> None:
    make_things(db, 3)
    read = LISTING.read(ThingFilter(colour=Colour.RED, limit=7))
    assert "%(" not in read.statements.json
    assert LISTING.read(ThingFilter(colour=Colour.RED, limit=7)).statements is read.statements
    assert "%(search)s" in LISTING.read(ThingFilter(search="x")).statements.json


def test_texts_with_constants_do_not_pile_up(db: Session) -> None:
    for limit in range(1, 101):
        for colour in (*Colour, None):
            for sort in (None, "price", "seen"):
                LISTING.read(ThingFilter(colour=colour, limit=limit, sort=sort))
    assert len(LISTING._ready) <= MOST_READY


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "💥",
        "bnVsbA",  # null
        "WyJwcmljZSJd",  # ["price"]: another order
        "WyJuZXdlc3QiXQ",  # ["newest"]: no key
        "WyJuZXdlc3QiLCJ4Il0",  # ["newest","x"]: no number
        "WyJuZXdlc3QiLCIxIiwiMiJd",  # ["newest","1","2"]: too much
        "WyJuZXdlc3QiLCI5OTk5OTk5OTk5OTk5OTk5OTk5OTk5Il0",  # a number beyond bigint
    ],
)
def test_a_cursor_of_another_list_is_refused(db: Session, cursor: str) -> None:
    with pytest.raises(Invalid, match="not of this list") as refusal:
        LISTING.read(ThingFilter(cursor=cursor)).page(db)
    assert refusal.value.problems[0].path == "cursor"


def test_one_record_looks_as_in_the_list(db: Session) -> None:
    make_things(db, 3)
    assert LISTING.one(db, 2) == LISTING.read(ThingFilter()).page(db).rows[1]


def test_a_record_that_is_not_there_is_refused_by_its_name(db: Session) -> None:
    with pytest.raises(NotFound, match="Thing not found"):
        LISTING.one(db, 1)


def test_some_records_come_by_id_and_without_those_that_are_gone(db: Session) -> None:
    make_things(db, 5)
    assert [thing.id for thing in LISTING.some(db, [4, 99, 2])] == [2, 4]

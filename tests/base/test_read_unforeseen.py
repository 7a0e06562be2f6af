"""Lists whose matches nobody can tell beforehand: few are found first, many by the order."""

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from crm_core.base.paging import EXACT, Page
from crm_core.base.read import Listing
from tests.base.test_read import LISTING, THINGS, Thing, ThingFilter, make_things

SEARCHED: Listing[Thing] = replace(
    LISTING, unforeseen=frozenset({"search"}), _compiled={}, _ready={}
)


@pytest.fixture
def db(session: Session) -> Session:
    """More things than a total is counted of, seven of them special."""
    THINGS.create(session.connection())
    make_things(session, EXACT + 200)
    make_things(session, 7, start=5000, name="special")
    return session


def page_of(db: Session, listing: Listing[Thing], given: Mapping[str, object]) -> Page[Thing]:
    return listing.read(ThingFilter.model_validate(given)).page(db)


@pytest.mark.parametrize(
    "given",
    [
        {"search": "special"},
        {"search": "special", "limit": 3, "page": 2},
        {"search": "special", "sort": "price"},
        {"search": "special", "colour": "red"},
        {"search": "Thing", "limit": 5},
        {"search": "Thing", "limit": 5, "page": 40},
        {"search": "Thing", "sort": "seen", "limit": 9},
        {"search": "nothing of this kind"},
        {"search": "nothing of this kind", "page": 3},
    ],
)
def test_the_rows_and_the_total_are_the_same_either_way(
    db: Session, given: Mapping[str, object]
) -> None:
    assert page_of(db, SEARCHED, given) == page_of(db, LISTING, given)
    read = SEARCHED.read(ThingFilter.model_validate(given))
    assert json.loads(read.json(db))["data"] == [
        row.model_dump(mode="json") for row in read.page(db).rows
    ]


@pytest.mark.parametrize("word", ["special", "Thing"])
def test_a_cursor_goes_on_where_the_page_before_ended(db: Session, word: str) -> None:
    first = page_of(db, SEARCHED, {"search": word, "limit": 5})
    then = page_of(db, SEARCHED, {"search": word, "limit": 5, "cursor": first.next_cursor})

    both = page_of(db, LISTING, {"search": word, "limit": 10})
    assert [*first.rows, *then.rows] == list(both.rows)

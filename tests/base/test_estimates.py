"""Large totals: remembered for a while, exact ones never."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy.orm import Session

from crm_core.base.estimates import KEPT, Estimates
from crm_core.base.paging import EXACT
from crm_core.base.read import execute
from tests.base.test_read import LISTING, Colour, ThingFilter, make_things
from tests.base.test_read import db as db  # noqa: PLC0414 # a fixture

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Clock:
    """Time that passes when a test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class CountingReader:
    """Reads in the test's session, and knows how often a total was counted."""

    def __init__(self, session: Session) -> None:
        self.clock = Clock()
        self.estimates = Estimates(self.clock)
        self.counted = 0
        self._session = session

    async def __call__(self, statement: str, values: Mapping[str, Any]) -> str | None:
        self.counted += "crm_estimate" in statement
        found: str | None = execute(self._session, statement, values).scalar()
        return found


async def ask(reader: CountingReader, **filters: Any) -> Any:
    return json.loads(await LISTING.read(ThingFilter(**filters)).fetch(reader))


async def test_an_estimate_is_made_once_for_all_pages_of_a_list(db: Session) -> None:
    make_things(db, EXACT + 50)
    reader = CountingReader(db)
    first = await ask(reader, limit=10)
    second = await ask(reader, limit=10)
    assert second == first
    assert first["pagination"]["estimated"] is True
    assert reader.counted == 1


async def test_what_is_remembered_says_the_same_as_what_was_counted(db: Session) -> None:
    make_things(db, EXACT + 50)
    for filters in ({"sort": "price"}, {"page": 3}, {"colour": "red"}, {"search": "thing 1"}):
        reader = CountingReader(db)
        assert await ask(reader, **filters) == await ask(reader, **filters)


async def test_an_estimate_is_made_anew_after_a_while(db: Session) -> None:
    make_things(db, EXACT + 50)
    reader = CountingReader(db)
    await ask(reader)
    reader.clock.now += KEPT
    await ask(reader)
    assert reader.counted == 2


async def test_an_exact_total_is_counted_every_time(db: Session) -> None:
    make_things(db, 3)
    reader = CountingReader(db)
    assert (await ask(reader))["pagination"]["total"] == 3
    make_things(db, 1, start=100)
    assert (await ask(reader))["pagination"]["total"] == 4


async def test_each_filter_has_a_total_of_its_own(db: Session) -> None:
    make_things(db, EXACT + 50)
    make_things(db, 2, start=9000, name="rare")
    reader = CountingReader(db)
    await ask(reader)
    assert (await ask(reader, search="rare"))["pagination"]["total"] == 2
    await ask(reader, colour=Colour.RED)
    assert reader.counted == 3


async def test_a_page_deeper_in_the_list_keeps_the_total(db: Session) -> None:
    make_things(db, EXACT + 50)
    reader = CountingReader(db)
    first = await ask(reader, limit=10)
    deep = await ask(reader, limit=10, cursor=first["pagination"]["next_cursor"])
    assert deep["pagination"]["total"] == first["pagination"]["total"]
    assert deep["data"] != first["data"]

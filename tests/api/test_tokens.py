"""What the process remembers of tokens, and how many requests it lets through."""

import asyncio

import pytest

from crm_core.api.tokens import REMEMBERED, RateLimit, Tokens
from crm_core.people.schemas import Actor, Role
from tests.make import make_actor


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Book:
    """The database's side: who each token is, and how often it was asked."""

    def __init__(self) -> None:
        self.actors: dict[str, Actor] = {}
        self.asked = 0

    def find(self, token: str) -> Actor | None:
        self.asked += 1
        return self.actors.get(token)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.mark.anyio
async def test_a_token_is_looked_up_once_in_two_seconds(clock: Clock, book: Book) -> None:
    book.actors["t"] = make_actor(Role.VIEWER)
    tokens = Tokens(book.find, clock)
    for _ in range(3):
        assert await tokens.actor("t") is book.actors["t"]
    assert book.asked == 1


@pytest.mark.anyio
async def test_a_revoked_token_is_refused_two_seconds_later(clock: Clock, book: Book) -> None:
    book.actors["t"] = make_actor(Role.VIEWER)
    tokens = Tokens(book.find, clock)
    await tokens.actor("t")
    book.actors.clear()
    clock.now += REMEMBERED - 0.01
    assert await tokens.actor("t") is not None
    clock.now += 0.01
    assert await tokens.actor("t") is None


@pytest.mark.anyio
async def test_an_unknown_token_is_not_remembered(clock: Clock, book: Book) -> None:
    tokens = Tokens(book.find, clock)
    assert await tokens.actor("t") is None
    book.actors["t"] = make_actor(Role.VIEWER)
    assert await tokens.actor("t") is not None


@pytest.mark.anyio
async def test_requests_at_once_share_one_look_up(clock: Clock, book: Book) -> None:
    book.actors["t"] = make_actor(Role.VIEWER)
    tokens = Tokens(book.find, clock)
    found = await asyncio.gather(*(tokens.actor("t") for _ in range(20)))
    assert set(found) == {book.actors["t"]}
    assert book.asked == 1


@pytest.mark.anyio
async def test_a_look_up_that_fails_fails_those_who_wait_and_nobody_after(clock: Clock) -> None:
    answers = [RuntimeError("no database"), None]

    def find(_: str) -> Actor | None:
        if (answer := answers.pop(0)) is not None:
            raise answer
        return None

    tokens = Tokens(find, clock)
    with pytest.raises(RuntimeError):
        await tokens.actor("t")
    assert await tokens.actor("t") is None


def test_a_minute_s_requests_may_come_at_once_and_no_more(clock: Clock) -> None:
    limit = RateLimit(60, clock)
    assert [limit.take("a") for _ in range(60)] == [0] * 60
    assert limit.take("a") == 1


def test_a_bucket_refills_steadily_and_never_overflows(clock: Clock) -> None:
    limit = RateLimit(60, clock)
    for _ in range(60):
        limit.take("a")
    clock.now += 2
    assert [limit.take("a") for _ in range(3)] == [0, 0, 1]
    clock.now += 3600
    assert [limit.take("a") for _ in range(61)].count(0) == 60


def test_who_must_wait_is_told_long_enough(clock: Clock) -> None:
    limit = RateLimit(6, clock)
    for _ in range(6):
        limit.take("a")
    wait = limit.take("a")
    clock.now += wait
    assert limit.take("a") == 0


def test_each_has_a_bucket_of_their_own(clock: Clock) -> None:
    limit = RateLimit(1, clock)
    assert limit.take("a") == 0
    assert limit.take("b") == 0
    assert limit.take("a") > 0

"""The short cut of hot reads: the same answers as the long way, and never more."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from crm_core.api.app import PREFIX
from crm_core.api.shortcut import ShortCut, find_hot_reads
from crm_core.people.schemas import Role
from tests.api.conftest import SignedIn
from tests.api.test_envelope import make_receipts


@pytest.fixture
def long_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has every request take the long way."""

    async def pass_on(*_: object) -> None:
        return None

    monkeypatch.setattr(ShortCut, "_try", pass_on)


QUERIES = [
    "",
    "?limit=2",
    "?limit=2&page=2",
    "?kind=approval",
    "?kind=a%20b+c",
    "?kind=",
    "?kind=a&kind=b",
    "?limit=0",
    "?limit=abc",
    "?nothing=1",
    "?kind=%00",
    "?cursor=wrong",
    "/1",
    "/0",
    "/abc",
    "/123456789012345678901",
    "/1/2",
]


@pytest.mark.parametrize("query", QUERIES)
def test_both_ways_give_the_same_answer(
    signed_in: SignedIn, session: Session, request: pytest.FixtureRequest, query: str
) -> None:
    client = signed_in(Role.VIEWER)
    make_receipts(session, 3)
    short = client.get(f"{PREFIX}/receipts{query}")
    request.getfixturevalue("long_way")
    long = client.get(f"{PREFIX}/receipts{query}")
    assert (short.status_code, short.json()) == (long.status_code, long.json())
    changing = {"x-request-id"}
    assert {n: v for n, v in short.headers.items() if n not in changing} == {
        n: v for n, v in long.headers.items() if n not in changing
    }


def test_lists_and_records_take_the_short_cut(app: FastAPI) -> None:
    hot = find_hot_reads(app)
    assert {
        f"{PREFIX}/receipts",
        f"{PREFIX}/receipts/{{}}",
        f"{PREFIX}/owners",
        f"{PREFIX}/owners/{{}}",
        f"{PREFIX}/payouts",
    } <= set(hot)
    assert f"{PREFIX}/owners/stats" not in hot


def test_the_short_cut_asks_for_what_the_route_needs(app: FastAPI) -> None:
    hot = find_hot_reads(app)
    assert [need.permission for need in hot[f"{PREFIX}/owners"].needs] == ["owners_read"]
    assert [need.permission for need in hot[f"{PREFIX}/payouts"].needs] == ["payouts_read"]


def test_a_record_and_a_word_at_the_same_place_are_told_apart(client: TestClient) -> None:
    assert client.get(f"{PREFIX}/owners/stats").json()["data"]["totalOwners"] == 0
    assert client.get(f"{PREFIX}/owners/1").status_code in {200, 404}

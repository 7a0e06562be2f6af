"""A count beside a form: asked for again it ends the one before it, and it blocks nobody."""

from collections.abc import Iterator
from datetime import date
from functools import partial
from threading import Event

import psycopg
import pytest
from sqlalchemy import Engine, Select, event, text

from crm_core.base.db import SessionFactory
from crm_core.campaigns.segments import counting
from crm_core.campaigns.segments.compiling import segment_of
from crm_core.campaigns.segments.live import LiveCounts
from crm_core.campaigns.segments.schemas import Criteria
from crm_core.people.schemas import Role
from tests.make import make_actor
from tests.make_campaigns import DRAFTER, criteria, where
from tests.make_patients import make_patient
from tests.processes import eventually

OLD, YOUNG = criteria(where("age", "at_least", 60)), criteria(where("age", "at_most", 59))


@pytest.fixture
def counts(own_database: str) -> Iterator[LiveCounts]:
    """Two patients, and nothing asked yet."""
    with SessionFactory.begin() as session:
        make_patient(session)
        make_patient(session, date_of_birth="1940-01-01")
    made = LiveCounts()
    yield made
    made.close()


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting those of sixty and more would take a minute."""

    def slow_segment_of(wanted: Criteria, today: date) -> Select[int]:
        found = segment_of(wanted, today)
        return found.where(text("pg_sleep(60) IS NOT NULL")) if wanted == OLD else found

    monkeypatch.setattr(counting, "segment_of", slow_segment_of)
    monkeypatch.setattr(counting, "PATIENCE", 0)  # no limit


def counts_slowly(address: str) -> bool:
    """Whether PostgreSQL is at the count that would take a minute; the application may not see."""
    with psycopg.connect(address) as admin:
        running = admin.execute(
            "SELECT pid FROM pg_stat_activity WHERE state = 'active'"
            " AND pid <> pg_backend_pid() AND query LIKE '%pg_sleep(60)%'"
        )
        return running.fetchone() is not None


def test_an_answer_comes_while_one_does_something_else(counts: LiveCounts) -> None:
    assert counts.look("form") is None

    counts.ask("form", OLD, actor=DRAFTER)
    counts.wait("form")

    found = counts.look("form")
    assert found is not None
    assert found.counted is not None
    assert (found.counted.count, found.under_way) == (1, False)


def test_asking_never_waits_and_a_newer_question_ends_the_older(
    counts: LiveCounts, slow: None, own_database: str
) -> None:
    counts.ask("form", OLD, actor=DRAFTER)
    under_way = counts.look("form")
    assert under_way is not None
    assert under_way.under_way
    eventually(
        partial(counts_slowly, own_database)
    )  # what has not begun in PostgreSQL cannot be cancelled there

    counts.ask("form", YOUNG, actor=DRAFTER)
    counts.wait("form")

    found = counts.look("form")
    assert found is not None
    assert found.counted is not None
    assert (found.criteria, found.counted.count) == (YOUNG, 1)
    counts.close()  # would wait a minute for a count that goes on
    assert not counts_slowly(own_database)


def test_the_same_question_is_not_counted_anew(counts: LiveCounts, slow: None) -> None:
    counts.ask("form", YOUNG, actor=DRAFTER)
    counts.wait("form")
    first = counts.look("form")

    counts.ask("form", YOUNG, actor=DRAFTER)

    assert counts.look("form") == first


def test_what_could_not_be_counted_is_tried_again_when_it_is_asked_again(
    counts: LiveCounts, slow: None, own_database: str
) -> None:
    counts.ask("form", OLD, actor=DRAFTER)
    eventually(partial(_end_what_counts, own_database))
    counts.wait("form")
    failed = counts.look("form")
    assert failed is not None
    assert failed.refused == "This could not be counted now."

    counts.ask("form", OLD, actor=DRAFTER)

    again = counts.look("form")
    assert again is not None
    assert again.under_way


def _end_what_counts(address: str) -> bool:
    """Somebody who looks after the database ends the statement by hand."""
    with psycopg.connect(address) as admin:
        ended = admin.execute(
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE state = 'active'"
            " AND pid <> pg_backend_pid() AND query LIKE '%pg_sleep(60)%'"
        )
        return ended.fetchone() is not None


def test_a_refusal_is_an_answer(counts: LiveCounts) -> None:
    wanted = criteria(where("conditions", "includes_any_of", ["asthma"]))

    counts.ask("form", wanted, actor=make_actor(Role.VIEWER))
    counts.wait("form")

    found = counts.look("form")
    assert found is not None
    assert "by health" in str(found.refused)


def test_a_count_that_is_called_off_between_two_statements_does_not_begin_the_next(
    counts: LiveCounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    left = Event()

    def left_meanwhile(wanted: Criteria, today: date) -> Select[int]:
        counts.forget("form")
        left.set()
        return segment_of(wanted, today)

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        begun.append(statement)

    monkeypatch.setattr(counting, "segment_of", left_meanwhile)
    event.listen(Engine, "after_cursor_execute", note)
    try:
        counts.ask("form", OLD, actor=DRAFTER)
        assert left.wait(30)
        counts.close()
    finally:
        event.remove(Engine, "after_cursor_execute", note)

    assert not [statement for statement in begun if "count(*)" in statement]


def test_a_form_that_was_left_counts_no_longer(
    counts: LiveCounts, slow: None, own_database: str
) -> None:
    counts.ask("form", OLD, actor=DRAFTER)
    eventually(partial(counts_slowly, own_database))

    counts.forget("form")

    assert counts.look("form") is None
    counts.close()
    assert not counts_slowly(own_database)

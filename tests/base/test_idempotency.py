"""A write that carries a key is done once, however often and from wherever it is asked for."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import psycopg
import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from crm_core.base import idempotency
from crm_core.base.clock import utc_now
from crm_core.base.db import transaction
from crm_core.base.errors import Conflict
from crm_core.base.idempotency import Answer
from crm_core.base.models import IdempotencyKey

HASH = b"h" * 32


def claim(
    session: Session, *, key: str = "k", who: str = "token:1", request: bytes = HASH
) -> object:
    return idempotency.claim(session, key, who=who, request_hash=request)


def test_the_first_request_is_done(session: Session) -> None:
    assert claim(session) is None


def test_the_second_is_given_the_first_answer(session: Session) -> None:
    claim(session)
    idempotency.answer(session, "k", who="token:1", given=Answer(201, '{"id": 7}'))
    assert claim(session) == Answer(201, '{"id": 7}')


def test_a_click_has_no_answer_but_is_not_done_again(session: Session) -> None:
    claim(session)
    assert claim(session) == Answer(None, None)


def test_a_key_with_another_request_is_refused(session: Session) -> None:
    claim(session)
    with pytest.raises(Conflict, match="used for another request"):
        claim(session, request=b"x" * 32)


def test_keys_of_different_callers_have_nothing_to_do_with_each_other(session: Session) -> None:
    claim(session)
    assert claim(session, who="token:2") is None


def test_keys_are_forgotten_after_a_day(session: Session) -> None:
    claim(session, key="old")
    old = utc_now() - idempotency.KEPT - timedelta(seconds=1)
    session.execute(update(IdempotencyKey).values(created_at=old))
    claim(session, key="new")
    assert idempotency.forget_old(session) == 1
    assert claim(session, key="old") is None
    assert claim(session, key="new") is not None


def test_of_many_at_once_one_is_done_and_the_others_get_its_answer(own_database: str) -> None:
    def ask(_: int) -> object:
        with transaction(who="token:1") as session:
            first = claim(session)
            if first is None:
                idempotency.answer(session, "k", who="token:1", given=Answer(201, "done"))
            return first

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(ask, range(8)))
    assert answers.count(None) == 1
    assert answers.count(Answer(201, "done")) == 7


def test_who_comes_second_waits_and_does_it_where_the_first_fails(own_database: str) -> None:
    claimed = Event()

    def fail() -> None:
        with transaction(who="token:1") as session:
            claim(session)
            claimed.set()
            wait_for_a_waiter(own_database)
            raise RuntimeError

    def succeed() -> object:
        claimed.wait()
        with transaction(who="token:1") as session:
            return claim(session)

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.submit(fail), threads.submit(succeed)
        assert isinstance(first.exception(), RuntimeError)
        assert second.result() is None


def wait_for_a_waiter(url: str) -> None:
    """Returns when some other transaction waits for a lock in this database."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with psycopg.connect(url, autocommit=True) as watcher:
        while watcher.execute(waiting).fetchone() == (0,):
            pass

"""A worker is alive as long as it says so."""

from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from crm_core.base import beats
from crm_core.base.clock import utc_now
from crm_core.base.models import WorkerBeat


def seen(session: Session, ago: timedelta) -> None:
    beats.beat(session, "host:1")
    session.execute(update(WorkerBeat).values(seen_at=utc_now() - ago))


def test_without_a_worker_nothing_is_alive(session: Session) -> None:
    assert not beats.is_alive(session)
    assert beats.last_seen(session) is None


def test_a_beat_is_a_sign_of_life(session: Session) -> None:
    beats.beat(session, "host:1")
    assert beats.is_alive(session)


def test_a_worker_that_went_silent_is_taken_for_dead(session: Session) -> None:
    seen(session, beats.LATE + timedelta(seconds=5))
    assert not beats.is_alive(session)


def test_one_of_several_is_enough(session: Session) -> None:
    seen(session, beats.LATE + timedelta(seconds=5))
    beats.beat(session, "host:2")
    assert beats.is_alive(session)


def test_beating_again_keeps_one_row(session: Session) -> None:
    seen(session, timedelta(hours=1))
    beats.beat(session, "host:1")
    assert beats.is_alive(session)
    beats.leave(session, "host:1")
    assert beats.last_seen(session) is None


def test_the_dead_are_forgotten_after_a_day(session: Session) -> None:
    seen(session, timedelta(hours=25))
    beats.beat(session, "host:2")
    assert beats.forget_dead(session) == 1
    assert beats.is_alive(session)

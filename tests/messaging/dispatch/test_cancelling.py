"""A batch that somebody cancels while a worker writes down that its messages wait again."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest

from crm_core.base.db import SessionFactory, transaction
from crm_core.messaging.gateways import Letter, Outcome, Verdict
from tests.make_messages import make_message
from tests.make_patients import make_patient
from tests.messaging.dispatch.providers import Scripted
from tests.messaging.dispatch.working import batches_of, get, send_all
from tests.processes import eventually

_WAITS = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


@contextmanager
def moving(url: str, state: str) -> Iterator[Callable[[], Future[None]]]:
    """Somebody gives every batch this state, and commits when a worker waits for them."""
    with psycopg.connect(url) as desk, psycopg.connect(url, autocommit=True) as watching:

        def commit() -> None:
            eventually(lambda: (watching.execute(_WAITS).fetchone() or (0,))[0] > 0)
            desk.commit()

        def move() -> Future[None]:
            desk.execute("UPDATE crm_message_batches SET state = %s::crm_batch_state", [state])
            return pool.submit(commit)

        with ThreadPoolExecutor(1) as pool:
            yield move


@pytest.mark.parametrize(
    ("state", "status", "batches"),
    [("cancelled", "skipped", ["cancelled"]), ("paused", "pending", ["paused", "paused"])],
)
def test_a_retry_does_not_slip_past_who_stops_its_batch(
    own_database: str, state: str, status: str, batches: list[str]
) -> None:
    with transaction(who="test") as session:
        message = make_message(session, make_patient(session).id)

    with moving(own_database, state) as move:

        def is_stopped_meanwhile(letter: Letter) -> Outcome:
            move()
            return Outcome(letter.id, Verdict.LATER, error="Not now.")

        send_all(Scripted(answer=is_stopped_meanwhile))

    with SessionFactory() as session:
        assert get(session, message.id).status == status
        assert [batch.state for batch in batches_of(session)] == batches

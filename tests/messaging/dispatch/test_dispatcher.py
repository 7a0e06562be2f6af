"""The threads of a worker: channels that do not wait for each other, leases that are kept."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Event, Thread

import pytest
from sqlalchemy import text

from crm_core.base.db import reading, transaction
from crm_core.campaigns.service import write_batch
from crm_core.messaging.dispatch import Dispatcher
from crm_core.messaging.gateways import Gateway, Letter, Outcome
from crm_core.messaging.schemas import Channel
from tests.make_messages import make_message
from tests.make_patients import make_patient
from tests.messaging.dispatch.providers import Scripted, accepts
from tests.processes import eventually

AGREED = {"sms": True, "email": True}

pytestmark = pytest.mark.usefixtures("own_database")


@contextmanager
def dispatching(*gateways: Gateway) -> Iterator[Dispatcher]:
    """A worker with these gateways, as long as the block runs."""
    dispatcher = Dispatcher(gateways, "test", write_batch)
    dispatcher.start()
    try:
        yield dispatcher
    finally:
        for gateway in gateways:
            if isinstance(gateway, Scripted) and gateway.holds is not None:
                gateway.holds.set()
        dispatcher.stop()


def one_on_each_channel(purpose: str = "reminder") -> dict[str, int]:
    """A message by SMS and one by email, to the same patient; channel → id."""
    with transaction(who="test") as session:
        session.execute(
            text("UPDATE crm_parameters SET value = 8 WHERE name = 'messaging.quiet_from'")
        )
        session.execute(
            text("UPDATE crm_parameters SET value = 1 WHERE name = 'messaging.weekly_cap'")
        )
        patient = make_patient(session, email="ada@example.ng", communication_preferences=AGREED)
        return {
            channel: make_message(
                session, patient.id, channel=channel, subject="Visit", purpose=purpose
            ).id
            for channel in ("sms", "email")
        }


def value(statement: str) -> object:
    """The single value of a query."""
    with reading() as session:
        return session.execute(text(statement)).scalar_one()


def has_changed(statement: str, before: object) -> bool:
    """Whether the query gives something else by now."""
    return value(statement) != before


def status(message_id: int) -> object:
    """Where the message is."""
    return value(f"SELECT status FROM crm_communication_logs WHERE id = {message_id}")


def test_a_gateway_that_hangs_does_not_delay_the_other_channels() -> None:
    ids = one_on_each_channel()
    hangs, quick = Scripted(holds=Event()), Scripted(channel=Channel.EMAIL)
    with dispatching(hangs, quick):
        eventually(lambda: hangs.letters)
        eventually(lambda: status(ids["email"]) == "sent")
        assert status(ids["sms"]) == "pending"
        assert hangs.holds is not None
        hangs.holds.set()
        eventually(lambda: status(ids["sms"]) == "sent")


def test_a_lease_is_kept_however_long_the_provider_takes(
    set_environment: Callable[..., None],
) -> None:
    set_environment(CRM_MESSAGE_LEASE="0.5")
    ids = one_on_each_channel()
    slow, other = Scripted(holds=Event()), Scripted()
    leased = "SELECT leased_until FROM crm_message_batches WHERE channel = 'sms'"
    with dispatching(slow):
        eventually(lambda: slow.letters)
        with dispatching(other):
            for _ in range(3):
                eventually(partial(has_changed, leased, value(leased)))
            assert other.letters == []
        assert slow.holds is not None
        slow.holds.set()
        eventually(lambda: status(ids["sms"]) == "sent")


def test_a_worker_that_stops_records_what_it_is_handing_over() -> None:
    ids = one_on_each_channel()
    slow = Scripted(holds=Event())
    with dispatching(slow) as dispatcher:
        eventually(lambda: slow.letters)
        stopping = Thread(target=dispatcher.stop)
        stopping.start()
        eventually(dispatcher.stopping.is_set)
        assert slow.holds is not None
        slow.holds.set()
        stopping.join()
        assert status(ids["sms"]) == "sent"


def test_what_is_being_handed_over_counts_in_the_weeks_share() -> None:
    ids = one_on_each_channel(purpose="promotional")
    hangs, quick = Scripted(holds=Event()), Scripted(channel=Channel.EMAIL)
    with dispatching(hangs):
        eventually(lambda: hangs.letters)
        with dispatching(quick):
            eventually(lambda: status(ids["email"]) == "deferred")
        assert quick.letters == []


def test_an_error_ends_no_thread(caplog: pytest.LogCaptureFixture) -> None:
    ids = one_on_each_channel()
    asked = Event()

    def fails_once(letter: Letter) -> Outcome:
        if not asked.is_set():
            asked.set()
            raise ZeroDivisionError
        return accepts(letter)

    with dispatching(Scripted(answer=fails_once)):
        eventually(lambda: status(ids["sms"]) == "unknown")
        with transaction(who="test") as session:
            patient = make_patient(session, "Bola Ade")
            other = make_message(session, patient.id)
        eventually(lambda: status(other.id) == "sent")
    assert "broke while it sent" in caplog.text

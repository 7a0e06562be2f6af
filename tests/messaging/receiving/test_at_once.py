"""Several processes hear of the same messages at the same moment, and one database breaks off."""

import json
from collections.abc import Callable, Sequence

import pytest
from sqlalchemy.orm import Session

from crm_core.base import webhooks
from crm_core.base.db import SessionFactory, transaction
from crm_core.messaging.receiving import telling, termii
from crm_core.messaging.receiving.receipts import apply_receipts
from crm_core.messaging.receiving.replies import take_replies
from crm_core.messaging.receiving.schemas import Receipt, Reply, Told
from crm_core.messaging.schemas import Channel, MessageStatus
from crm_core.people.schemas import machine
from tests.make_messages import make_sent
from tests.make_patients import make_patient
from tests.observe import sql
from tests.together import together

HOOK = machine("webhook:termii")


@pytest.fixture
def sent(own_database: str) -> list[int]:
    """Twenty messages that a provider accepted as m0 to m19."""
    with SessionFactory.begin() as session:
        patient = make_patient(session)
        return [make_sent(session, patient.id, f"m{number}").id for number in range(20)]


def receipts_of(status: str, numbers: Sequence[int]) -> list[Receipt]:
    return [
        Receipt(provider="termii", provider_id=f"m{number}", status=MessageStatus(status))
        for number in numbers
    ]


def applying(receipts: Sequence[Receipt]) -> Callable[[], int]:
    def apply() -> int:
        with transaction(who="webhook:termii") as session:
            return apply_receipts(session, receipts)

    return apply


def count(question: str) -> object:
    with SessionFactory() as session:
        return sql(session, question).scalar()


def test_receipts_in_any_order_at_once_end_in_the_furthest_state(sent: list[int]) -> None:
    there, back = range(20), range(19, -1, -1)
    jobs = [
        applying(receipts_of(status, order))
        for status in ("sent", "delivered", "read", "failed")
        for order in (there, back)
    ]
    outcomes = together(jobs)
    assert [one for one in outcomes if not isinstance(one, int)] == []
    assert count("SELECT count(*) FROM crm_communication_logs WHERE status = 'read'") == 20


def test_the_same_event_heard_by_several_is_applied_by_one(sent: list[int]) -> None:
    body = b'{"type":"inbound","message_id":"in-1","sender":"2348099999999","message":"Hello"}'
    with transaction(who="webhook:termii") as session:
        webhooks.keep(session, "termii", body)
    outcomes = together([lambda: telling.apply_waiting("termii")] * 6)
    assert sorted(map(str, outcomes)) == ["0", "0", "0", "0", "0", "1"]
    assert count("SELECT count(*) FROM crm_inbound_messages") == 1


def test_stop_said_at_once_on_several_ways_is_written_down_and_breaks_nothing(
    own_database: str,
) -> None:
    with SessionFactory.begin() as session:
        patient = make_patient(session)

    def saying(number: int) -> Callable[[], int]:
        def say() -> int:
            reply = Reply(
                provider="termii",
                provider_id=f"in-{number % 2}",
                channel=Channel.SMS,
                sender=patient.phone,
                text="STOP",
            )
            with transaction(who="webhook:termii") as session:
                return take_replies(session, [reply], actor=HOOK)

        return say

    outcomes = together([saying(number) for number in range(6)])
    assert sorted(map(str, outcomes)) == ["0", "0", "0", "0", "1", "1"]
    assert count("SELECT count(DISTINCT purpose) FROM crm_contact_choices WHERE opted_out") == 3
    assert count("SELECT count(*) FROM crm_communication_logs") == 1


def test_what_breaks_off_in_the_middle_is_applied_later(sent: list[int]) -> None:
    body = b'{"type":"outbound","message_id":"m0","status":"Delivered"}'
    with transaction(who="webhook:termii") as session:
        webhooks.keep(session, "termii", body)

    def break_off(session: Session, told: bytes) -> str:
        telling.apply(session, "termii", [told])
        connection = session.connection().connection.driver_connection
        assert connection is not None
        connection.close()
        return "never written down"

    assert webhooks.apply_waiting("termii", break_off) == 0
    assert count(f"SELECT status::text FROM crm_communication_logs WHERE id = {sent[0]}") == "sent"
    assert telling.apply_waiting("termii") == 1
    delivered = f"SELECT status::text FROM crm_communication_logs WHERE id = {sent[0]}"
    assert count(delivered) == "delivered"


def test_one_event_that_breaks_keeps_no_other_from_being_applied(
    sent: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(body: bytes) -> Told:
        if b"m7" in body:
            raise RuntimeError("a bug")
        return termii.read(body)

    monkeypatch.setattr(telling, "READERS", {"termii": read})
    with transaction(who="webhook:termii") as session:
        for number in range(20):
            told = {"type": "outbound", "message_id": f"m{number}", "status": "Delivered"}
            webhooks.keep(session, "termii", json.dumps(told).encode())

    assert telling.apply_waiting("termii") == 19

    assert count("SELECT count(*) FROM crm_communication_logs WHERE status = 'delivered'") == 19
    assert count("SELECT count(*) FROM crm_webhook_events WHERE applied_at IS NULL") == 1

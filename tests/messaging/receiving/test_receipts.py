"""Receipts: twice, late, in any order and about strangers; state only goes forward."""

from datetime import timedelta
from itertools import permutations

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.messaging.consent.models import SuppressedAddress
from crm_core.messaging.models import Communication
from crm_core.messaging.receiving.models import EarlyReceipt
from crm_core.messaging.receiving.receipts import (
    KEPT_DAYS,
    apply_early,
    apply_receipts,
    forget_early,
)
from crm_core.messaging.receiving.schemas import Failing, Receipt
from tests.make_messages import make_message, make_sent
from tests.make_patients import make_patient
from tests.observe import executed


def receipt(status: str, provider_id: str = "77", **more: object) -> Receipt:
    wanted = {"provider": "termii", "provider_id": provider_id, "status": status}
    return Receipt.model_validate(wanted | more)


def failure(failing: Failing = Failing.UNDELIVERED) -> Receipt:
    return receipt("failed", failing=failing, error="Said the network.")


def kept(session: Session, message_id: int) -> Communication:
    session.expire_all()
    return session.get_one(Communication, message_id)


@pytest.fixture
def message_id(session: Session) -> int:
    return make_sent(session, make_patient(session).id, "77").id


def test_a_message_is_delivered_and_then_read(session: Session, message_id: int) -> None:
    then = utc_now() - timedelta(minutes=5)
    assert apply_receipts(session, [receipt("delivered", at=then)]) == 1
    assert apply_receipts(session, [receipt("read")]) == 1

    message = kept(session, message_id)
    assert (message.status, message.delivered_at) == ("read", then)
    assert message.read_at is not None
    assert message.read_at > then


@pytest.mark.parametrize("order", list(permutations(["sent", "delivered", "read"])))
def test_in_any_order_the_furthest_state_holds(
    session: Session, message_id: int, order: tuple[str, ...]
) -> None:
    for status in order:
        apply_receipts(session, [receipt(status)])
    message = kept(session, message_id)
    assert message.status == "read"
    assert message.delivered_at is not None


def test_a_receipt_twice_changes_nothing_the_second_time(session: Session, message_id: int) -> None:
    first, second = utc_now() - timedelta(hours=2), utc_now() - timedelta(hours=1)
    apply_receipts(session, [receipt("delivered", at=first)])
    assert apply_receipts(session, [receipt("delivered", at=second)]) == 0
    assert kept(session, message_id).delivered_at == first


def test_delivered_overrides_failed_and_not_the_other_way(
    session: Session, message_id: int
) -> None:
    apply_receipts(session, [failure()])
    assert (kept(session, message_id).status, kept(session, message_id).reason) == (
        "failed",
        "undelivered",
    )
    apply_receipts(session, [receipt("delivered")])
    assert (kept(session, message_id).status, kept(session, message_id).reason) == (
        "delivered",
        None,
    )
    assert apply_receipts(session, [failure()]) == 0


def test_a_time_that_lies_ahead_is_not_believed(session: Session, message_id: int) -> None:
    apply_receipts(session, [receipt("delivered", at=utc_now() + timedelta(days=400))])
    delivered = kept(session, message_id).delivered_at
    assert delivered is not None
    assert delivered <= utc_now()


def test_an_address_that_is_no_good_is_closed_until_it_proves_otherwise(
    session: Session, message_id: int
) -> None:
    apply_receipts(session, [failure(Failing.BAD_ADDRESS)])
    closed = session.scalars(select(SuppressedAddress)).one()
    assert (closed.message_id, closed.reason, closed.lifted_at) == (
        message_id,
        "Said the network.",
        None,
    )

    apply_receipts(session, [receipt("delivered")])

    session.expire_all()
    assert session.scalars(select(SuppressedAddress.lifted_at)).one() is not None


def test_do_not_disturb_closes_no_address(session: Session, message_id: int) -> None:
    apply_receipts(session, [failure(Failing.DND)])
    assert not session.scalars(select(SuppressedAddress)).all()


def test_a_receipt_that_comes_first_waits_for_its_message(session: Session) -> None:
    assert apply_receipts(session, [receipt("delivered", "99"), receipt("read", "99")]) == 0
    assert apply_early(session) == 0
    message = make_sent(session, make_patient(session).id, "99")

    assert apply_early(session) == 2

    assert kept(session, message.id).status == "read"
    assert session.scalar(select(func.count()).select_from(EarlyReceipt)) == 0


def test_another_provider_s_number_is_another_message(session: Session, message_id: int) -> None:
    apply_receipts(session, [receipt("read", provider="africastalking")])
    assert kept(session, message_id).status == "sent"


def test_receipts_of_strangers_are_forgotten(session: Session) -> None:
    apply_receipts(session, [receipt("delivered", "of another system")])
    long_ago = utc_now() - timedelta(days=KEPT_DAYS, minutes=1)
    session.execute(update(EarlyReceipt).values(created_at=long_ago))
    forget_early(session)
    assert not session.scalars(select(EarlyReceipt)).all()


@pytest.mark.parametrize(
    ("status", "address", "settled"),
    [
        ("unknown", "the same", "delivered"),
        ("unknown", "+2348099999999", "unknown"),
        ("pending", "the same", "pending"),
    ],
)
def test_our_own_number_settles_only_what_is_unknown(
    session: Session, status: str, address: str, settled: str
) -> None:
    patient = make_patient(session, communication_preferences={"whatsapp": True})
    message = make_message(session, patient.id, channel="whatsapp")
    session.execute(
        update(Communication).where(Communication.id == message.id).values(status=status)
    )
    own = kept(session, message.id).address
    told = receipt(
        "delivered",
        "wamid.1",
        provider="whatsapp",
        message_id=message.id,
        address=own if address == "the same" else address,
    )

    apply_receipts(session, [told])

    found = kept(session, message.id)
    assert found.status == settled
    assert found.provider_id == ("wamid.1" if settled == "delivered" else None)


def test_many_receipts_take_as_many_statements_as_one(session: Session) -> None:
    patient = make_patient(session)
    for number in range(30):
        make_sent(session, patient.id, f"n{number}")
    with executed(session) as one:
        apply_receipts(session, [receipt("delivered", "n0")])
    with executed(session) as many:
        apply_receipts(session, [receipt("delivered", f"n{n}") for n in range(1, 30)])
    assert len(many) == len(one)

"""Webhooks that go out: signed, sent until they are taken, never lost, replayable."""

from collections.abc import Iterator

import pytest
from pydantic import ValidationError
from sqlalchemy.orm import Session

from crm_core.base.db import transaction
from crm_core.base.errors import Conflict, Forbidden
from crm_core.integrations.outgoing import sending, service
from crm_core.integrations.outgoing.schemas import (
    DeliveryFilter,
    DeliveryRead,
    SubscriptionCreate,
)
from crm_core.people.schemas import Role
from tests.integrations.receiver import Receiver, receiving
from tests.make import make_actor
from tests.make_business import make_owner, make_payout, pay
from tests.observe import sql

ADMIN = make_actor(Role.ADMIN)


@pytest.fixture
def receiver(session: Session) -> Iterator[Receiver]:
    """A system that is told of payouts that were paid."""
    with receiving() as listening:
        listening.secret = subscribe(session, listening.url)
        yield listening


def subscribe(session: Session, url: str, *kinds: str) -> str:
    """Gives the secret."""
    wanted = {"name": "Ledger", "url": url, "kinds": list(kinds) or ["payout.paid"]}
    return service.subscribe(session, SubscriptionCreate.model_validate(wanted), actor=ADMIN)[1]


def paid(session: Session) -> int:
    """A payout that was paid."""
    payout = pay(session, make_payout(session, make_owner(session).id).id)
    session.commit()
    return payout.id


def deliveries(session: Session) -> list[DeliveryRead]:
    return list(service.list_deliveries(DeliveryFilter()).page(session).rows)


def hurry(session: Session) -> None:
    """As if the pause before the next attempt were over."""
    sql(session, "UPDATE crm_webhook_deliveries SET due_at = now() - interval '1 second'")
    session.commit()


def test_a_payment_is_told_signed(session: Session, receiver: Receiver) -> None:
    payout_id = paid(session)
    assert sending.send_waiting() == 1
    [event] = receiver.taken
    assert (event["type"], event["data"]["id"]) == ("payout.paid", payout_id)
    assert event["data"]["net_amount"].count(".") == 1
    assert [one.state for one in deliveries(session)] == ["delivered"]
    assert receiver.forged == 0


def test_what_rolls_back_is_told_to_nobody(session: Session, receiver: Receiver) -> None:
    payout = make_payout(session, make_owner(session).id)
    session.commit()
    pay(session, payout.id)
    session.rollback()
    assert sending.send_waiting() == 0
    assert receiver.taken == []


def test_one_that_fails_is_sent_again_under_the_same_id(
    session: Session, receiver: Receiver
) -> None:
    receiver.answers = [500, 302]
    paid(session)
    for _ in range(3):
        sending.send_waiting()
        hurry(session)
    [delivery] = deliveries(session)
    assert (delivery.state, delivery.attempts, delivery.answered) == ("delivered", 3, 204)
    assert len(set(receiver.ids)) == 1


def test_it_waits_before_it_is_sent_again(session: Session, receiver: Receiver) -> None:
    receiver.answers = [500]
    paid(session)
    sending.send_waiting()
    assert sending.send_waiting() == 0
    [delivery] = deliveries(session)
    assert (delivery.state, delivery.error) == ("waiting", "Answered 500")


def test_after_the_last_attempt_it_is_given_up_and_a_person_replays_it(
    session: Session, receiver: Receiver
) -> None:
    receiver.answers = [503] * (len(sending.PAUSES) + 1)
    paid(session)
    for _ in range(len(sending.PAUSES) + 1):
        sending.send_waiting()
        hurry(session)
    [given_up] = deliveries(session)
    assert given_up.state == "given_up"
    with transaction(who=ADMIN.key) as again:
        service.replay(again, given_up.id, actor=ADMIN)
    sending.send_waiting()
    assert [one.state for one in deliveries(session)] == ["delivered"]


def test_nobody_there_is_no_answer(session: Session) -> None:
    with receiving() as gone:
        subscribe(session, gone.url)
    paid(session)
    sending.send_waiting()
    [delivery] = deliveries(session)
    assert (delivery.answered, delivery.state) == (None, "waiting")
    assert delivery.error is not None


def test_who_dies_between_sending_and_recording_sends_again(
    session: Session, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid(session)
    with monkeypatch.context() as dying:
        dying.setattr(sending, "_recorded", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            sending.send_waiting()
    assert sending.send_waiting() == 0
    hurry(session)
    sending.send_waiting()
    [delivery] = deliveries(session)
    assert (delivery.state, delivery.attempts) == ("delivered", 2)
    assert receiver.ids[0] == receiver.ids[1]


def test_an_ended_subscription_hears_nothing_more(session: Session, receiver: Receiver) -> None:
    paid(session)
    [waiting] = deliveries(session)
    service.unsubscribe(session, waiting.subscription_id, actor=ADMIN)
    session.commit()
    paid(session)
    assert sending.send_waiting() == 0
    [delivery] = deliveries(session)
    assert delivery.state == "given_up"
    with pytest.raises(Conflict, match="ended"):
        service.replay(session, delivery.id, actor=ADMIN)


@pytest.mark.parametrize("url", ["https://example..ng/hook", "https://example.ng:port/x"])
def test_an_address_that_nobody_can_be_at_repeats_nothing_for_others(
    session: Session, receiver: Receiver, url: str
) -> None:
    """Such an address is refused by now; one may be kept from before."""
    subscribe(session, "https://example.ng/hook")
    sql(
        session,
        "UPDATE crm_webhook_subscriptions SET url = :url WHERE url LIKE 'https://example.ng%'",
        url=url,
    )
    paid(session)
    for _ in range(2):
        sending.send_waiting()
        hurry(session)
    assert len(receiver.ids) == 1
    assert sorted(one.state for one in deliveries(session)) == ["delivered", "waiting"]


def test_an_answer_without_an_end_is_not_waited_for(session: Session, receiver: Receiver) -> None:
    receiver.endless = True
    paid(session)
    sending.send_waiting()
    assert [one.state for one in deliveries(session)] == ["delivered"]


def test_an_answer_that_comes_drop_by_drop_is_given_up(
    session: Session, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "LONGEST_WAIT", 0.3)
    receiver.dripping = True
    paid(session)

    sending.send_waiting()

    [delivery] = deliveries(session)
    assert (delivery.state, delivery.answered) == ("waiting", None)
    assert delivery.error == "No answer within 0.3 seconds"
    assert len(receiver.taken) == 1


def test_only_an_administrator_subscribes(session: Session) -> None:
    data = SubscriptionCreate.model_validate(
        {"name": "Spy", "url": "https://example.ng", "kinds": ["payout.paid"]}
    )
    with pytest.raises(Forbidden):
        service.subscribe(session, data, actor=make_actor(Role.FINANCE, Role.ANALYST))


@pytest.mark.parametrize(
    "url",
    [
        "http://example.ng/x",
        "ftp://example.ng",
        "example.ng",
        "https://",
        "https://a:b@c.ng",
        "https://example..ng/hook",
        "https://example.ng:port/x",
        f"https://{'a' * 64}.ng",
    ],
)
def test_events_are_not_sent_in_the_clear(url: str) -> None:
    with pytest.raises(ValidationError):
        SubscriptionCreate.model_validate({"name": "x", "url": url, "kinds": ["payout.paid"]})


def test_the_secret_is_nowhere_in_the_clear(session: Session, receiver: Receiver) -> None:
    kept = sql(session, "SELECT secret_encrypted FROM crm_webhook_subscriptions").scalar_one()
    history = sql(
        session,
        "SELECT after::text FROM crm_history WHERE table_name = 'crm_webhook_subscriptions'",
    ).scalar_one()
    assert receiver.secret.encode() not in bytes(kept)
    assert receiver.secret not in history

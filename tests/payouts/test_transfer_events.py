"""What Paystack tells us unasked: in any order, as often as it likes; and what it asks."""

import json
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy.orm import Session

from crm_core.payouts.schemas import PayoutRead, PayoutStatus
from crm_core.payouts.transfers import hearing, sending
from crm_core.payouts.transfers.accounts import make_recipients
from crm_core.payouts.transfers.configured import required_gateway
from tests.payouts.acts import steps_of
from tests.payouts.paystack import LocalPaystack
from tests.payouts.transferring import (
    approved,
    assert_books_hold,
    later,
    now,
    order,
    ordered,
    said,
    sent,
    transfer,
)


def tell(session: Session, body: bytes) -> str:
    """The event is applied, as the door or the worker does it."""
    outcome = hearing.apply_event(session, body)
    session.commit()
    return outcome


def test_success_pays_with_the_provider_s_code(paystack: LocalPaystack, session: Session) -> None:
    payout = sent()
    paystack.conclude(payout.payment_reference, "success")

    outcome = tell(session, paystack.event(payout.payment_reference))

    assert outcome == f"{payout.payout_code} is paid."
    assert (now(payout).status, now(payout).bank_reference) == ("paid", "TRF_00000001")
    assert_books_hold()


@pytest.mark.parametrize("status", ["failed", "reversed"])
def test_the_end_without_money_fails(
    paystack: LocalPaystack, session: Session, status: str
) -> None:
    payout = sent()
    paystack.conclude(payout.payment_reference, status, failures="Account closed")

    tell(session, paystack.event(payout.payment_reference))

    found = now(payout)
    assert (found.status, found.status_reason) == (
        PayoutStatus.FAILED,
        f"Paystack says {status}: Account closed",
    )


def test_an_event_that_comes_before_the_answer_to_the_order_counts(
    paystack: LocalPaystack, session: Session
) -> None:
    payout = ordered()
    paystack.first_status = "pending"
    told: list[str] = []

    def tell_first(taken: dict[str, Any]) -> None:
        event = {"event": "transfer.success", "data": {**taken, "status": "success"}}
        told.append(json.dumps(event))

    paystack.change = tell_first
    payout = sent_with(payout, session, told)

    assert (payout.status, transfer(payout).state) == (PayoutStatus.PAID, "concluded")
    assert steps_of(session, payout.id)[-1] == ("processing", "paid")


def sent_with(payout: PayoutRead, session: Session, told: list[str]) -> PayoutRead:
    """Between the provider's taking the order and our writing its answer down comes an event."""
    gateway = required_gateway()
    make_recipients(gateway, later(0))
    (one,) = sending.claim(gateway, later(0))
    answer = gateway.send(one.order)
    tell(session, told[0].encode())
    sending._record(one, answer)
    return now(payout)


@pytest.mark.parametrize(
    "order_of", list(permutations(["pending", "success", "reversed"])), ids=str
)
def test_the_last_word_is_the_same_in_whatever_order_they_come(
    paystack: LocalPaystack, session: Session, order_of: tuple[str, ...]
) -> None:
    payout = sent()
    for status in order_of * 2:
        tell(session, paystack.event(payout.payment_reference, f"transfer.{status}", status=status))

    # Reversed before success was ever heard of is a payment that never arrived.
    first = "success" if order_of.index("success") < order_of.index("reversed") else "reversed"
    assert now(payout).status == {"success": "reversed", "reversed": "failed"}[first]
    assert_books_hold()


def test_failure_after_success_changes_nothing_and_says_so(
    paystack: LocalPaystack, session: Session
) -> None:
    payout = sent()
    tell(session, paystack.event(payout.payment_reference, "transfer.success", status="success"))

    outcome = tell(
        session, paystack.event(payout.payment_reference, "transfer.failed", status="failed")
    )

    assert outcome == "Frozen: the provider says failed of a transfer that had succeeded."
    assert now(payout).status is PayoutStatus.PAID
    assert_books_hold()


@pytest.mark.parametrize(
    "wrong", [{"amount": 9999999}, {"currency": "GHS"}, {"recipient": {"recipient_code": "RCP_x"}}]
)
def test_a_mismatch_freezes(
    paystack: LocalPaystack, session: Session, wrong: dict[str, Any]
) -> None:
    payout = sent()
    event = paystack.event(payout.payment_reference, "transfer.success", status="success", **wrong)

    outcome = tell(session, event)

    assert outcome.startswith("Frozen:")
    assert now(payout).status is PayoutStatus.UNKNOWN
    assert transfer(payout).frozen_reason
    assert_books_hold()


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (b"{", "This is no JSON document."),
        (b"[]", "This is no JSON document."),
        (b'{"event": "charge.success", "data": {}}', "“charge.success” is not about the end"),
        (b"{}", "“” is not about the end of a transfer."),
        (b'{"event": "transfer.success"}', "Paystack's answer cannot be read."),
        (b'{"event": "transfer.success", "data": {"reference": 1}}', "Paystack's answer cannot"),
        (
            b'{"event": "transfer.success", "data": {"reference": "x", "status": "success"}}',
            "No transfer of ours has this reference.",
        ),
        (
            b'{"event": "transfer.success", "data": {"reference": "x", "status": "failed"}}',
            "The event says success, its transfer failed: left to a verification.",
        ),
    ],
)
def test_what_cannot_be_used_is_noted_and_changes_nothing(
    session: Session, body: bytes, outcome: str
) -> None:
    assert tell(session, body).startswith(outcome)


# What it asks before a transfer goes


def question(paystack: LocalPaystack, payout: PayoutRead, **more: Any) -> bytes:
    """What Paystack asks about a transfer that it was sent."""
    asked = {**paystack.transfers[payout.payment_reference], **more}
    asked.pop("status", None)
    return json.dumps(asked).encode()


def test_a_transfer_of_ours_may_go(paystack: LocalPaystack, session: Session) -> None:
    payout = sent()

    assert hearing.judge_question(session, question(paystack, payout)) is None

    session.commit()
    assert said(payout)[-1] == "Paystack asked whether it may go: yes, it is approved."


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"amount": 10000001}, "another amount"),
        ({"amount": None}, "another amount"),
        ({"amount": "10000000"}, "another amount"),
        ({"currency": "USD"}, "another amount"),
        ({"recipient": {"recipient_code": "RCP_other"}}, "another recipient"),
        ({"recipient": None}, "another recipient"),
        ({"recipient": 99}, "another recipient"),
        ({"reference": "crm-of-somebody-else"}, "No transfer of ours"),
        ({"reference": None}, "no question"),
    ],
    ids=str,
)
def test_a_transfer_that_is_not_exactly_ours_may_not(
    paystack: LocalPaystack, session: Session, wrong: dict[str, Any], why: str
) -> None:
    payout = sent()
    refusal = hearing.judge_question(session, question(paystack, payout, **wrong))
    assert refusal is not None
    assert why in refusal


def test_a_payout_that_is_over_frozen_or_not_sent_may_not(
    paystack: LocalPaystack, session: Session
) -> None:
    payout = sent()
    asked = question(paystack, payout)
    tell(session, paystack.event(payout.payment_reference, "transfer.success", status="success"))
    assert "is paid" in (hearing.judge_question(session, asked) or "")

    frozen = sent()
    event = paystack.event(frozen.payment_reference, "transfer.success", status="success", amount=1)
    tell(session, event)
    assert "is frozen" in (hearing.judge_question(session, question(paystack, frozen)) or "")

    waiting = approved()
    order(waiting.id)
    paystack.transfers[waiting.payment_reference] = {
        "reference": waiting.payment_reference,
        "amount": 10000000,
        "recipient": {"recipient_code": "RCP_00000001"},
    }
    refusal = hearing.judge_question(session, question(paystack, waiting))
    assert refusal == f"{waiting.payout_code} was not sent by us."

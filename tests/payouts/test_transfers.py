"""Paying by transfer: claimed, sent, recorded; whatever the provider does, once and truly."""

import json
from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.db import transaction
from crm_core.base.errors import Conflict, Forbidden
from crm_core.payouts import service
from crm_core.payouts.schemas import Because, Payment, PayoutStatus, Settlement
from crm_core.payouts.transfers import planning, reconciling
from crm_core.payouts.transfers.accounts import make_recipients
from crm_core.payouts.transfers.configured import required_gateway
from crm_core.payouts.transfers.schemas import Release
from crm_core.payouts.transfers.sending import Claimed, claim
from tests.make_business import APPROVER, FINANCE
from tests.observe import executed, refused_by
from tests.payouts import paystack as bad_days
from tests.payouts.acts import approve, commit_lines, line, new, payout_in, steps_of
from tests.payouts.paystack import Fault, LocalPaystack
from tests.payouts.transferring import (
    approved,
    assert_books_hold,
    later,
    now,
    order,
    ordered,
    reconcile,
    said,
    send,
    sent,
    transfer,
)

pytestmark = pytest.mark.usefixtures("session")

SILENCES = {
    "it hangs up after accepting": bad_days.HANGS_UP_AFTER_ACCEPTING,
    "it breaks after accepting": bad_days.BROKEN_AFTER_ACCEPTING,
    "its answer is cut": bad_days.GARBLED_AFTER_ACCEPTING,
    "it hangs up before accepting": bad_days.HANGS_UP,
    "a gateway answers in its place": bad_days.BROKEN,
    "it answers about another": Fault(
        200, '{"status": true, "data": {"reference": "another-reference", "status": "success"}}'
    ),
    "it answers with a list": Fault(200, '{"status": true, "data": []}'),
    "it answers with a word": Fault(200, '"success"'),
    "it redirects": Fault(302, ""),
}


# What is ordered


def test_an_order_claims_the_payout_and_sends_nothing_itself(paystack: LocalPaystack) -> None:
    payout = approved("1234.56")

    receipt = order(payout.id)

    assert (receipt.changed, now(payout).status) == (1, PayoutStatus.PROCESSING)
    assert (transfer(payout).amount_kobo, transfer(payout).reference) == (
        123456,
        payout.payment_reference,
    )
    assert paystack.asked == []
    assert_books_hold()


def test_an_order_wakes_the_worker(paystack: LocalPaystack, session: Session) -> None:
    ordered()
    queued = session.execute(
        text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'send_transfers'")
    )
    assert queued.scalar_one() == 1


@pytest.mark.parametrize("state", ["pending", "processing", "paid", "failed", "unknown"])
def test_only_approved_payouts_go(paystack: LocalPaystack, session: Session, state: str) -> None:
    payout = payout_in(session, state)
    plan = planning.plan_transfer(session, [payout.id], actor=FINANCE)
    assert [(verdict.ok, verdict.code) for verdict in plan.verdicts] == [(False, "state")]
    with pytest.raises(Conflict, match="None of these"):
        planning.commit_transfer(session, plan.fingerprint, [payout.id], actor=FINANCE)


def test_a_cheque_and_a_payout_of_nothing_do_not_go(
    paystack: LocalPaystack, session: Session
) -> None:
    cheque = approve(session, new(session, payment_method="cheque").id)
    nothing = approve(session, new(session, deductions="100000", net_amount="0").id)
    plan = planning.plan_transfer(session, [cheque.id, nothing.id, 999_999], actor=FINANCE)
    assert {verdict.id: verdict.code for verdict in plan.verdicts} == {
        cheque.id: "method",
        nothing.id: "nothing",
        999_999: "not_found",
    }


def test_without_a_key_the_way_is_not_offered(session: Session) -> None:
    payout = approved()
    with pytest.raises(Conflict, match="CRM_PAYSTACK_SECRET_KEY"):
        planning.plan_transfer(session, [payout.id], actor=FINANCE)
    with pytest.raises(Conflict, match="CRM_PAYSTACK_SECRET_KEY"):
        planning.commit_transfer(session, "", [payout.id], actor=FINANCE)
    assert now(payout).status is PayoutStatus.APPROVED


def test_whoever_only_approves_orders_nothing(paystack: LocalPaystack, session: Session) -> None:
    payout = approved()
    with pytest.raises(Forbidden):
        planning.plan_transfer(session, [payout.id], actor=APPROVER)
    with pytest.raises(Forbidden):
        reconciling.verify_payout(payout.id, actor=APPROVER)


def test_ordering_many_costs_as_many_statements_as_ordering_one(
    paystack: LocalPaystack, session: Session
) -> None:
    counts = []
    for number in (1, 12):
        ids = [approved().id for _ in range(number)]
        plan = planning.plan_transfer(session, ids, actor=FINANCE)
        with executed(session) as statements:
            planning.commit_transfer(session, plan.fingerprint, ids, actor=FINANCE)
        counts.append(len(statements))
    assert counts[0] == counts[1]


# How it goes well


def test_a_transfer_goes_out_once_with_kobo_reference_and_recipient(
    paystack: LocalPaystack,
) -> None:
    payout = sent("1234.56")

    ((_, _, body),) = [one for one in paystack.asked if one[1] == "/transfer"]
    assert body == {
        "source": "balance",
        "currency": "NGN",
        "amount": 123456,
        "reference": payout.payment_reference,
        "recipient": "RCP_00000001",
        "reason": f"{payout.payout_code} {payout.period_start:%b %Y}",
    }
    assert (payout.status, transfer(payout).state) == (PayoutStatus.PROCESSING, "sent")
    assert send() == 0


def test_success_at_once_pays(paystack: LocalPaystack) -> None:
    paystack.first_status = "success"

    payout = sent()

    assert (payout.status, payout.bank_reference) == (PayoutStatus.PAID, "TRF_00000001")
    assert transfer(payout).state == "concluded"
    assert_books_hold()


def test_several_go_as_one_batch(paystack: LocalPaystack) -> None:
    payouts = [approved(), approved("50"), approved("70.01")]
    order(*(payout.id for payout in payouts))

    assert send() == 3

    assert [path for _, path, _ in paystack.asked].count("/transfer/bulk") == 1
    assert sorted(one["amount"] for one in paystack.transfers.values()) == [5000, 7001, 10000000]
    assert {now(payout).status for payout in payouts} == {PayoutStatus.PROCESSING}


def test_an_account_is_made_known_once(paystack: LocalPaystack) -> None:
    sent()
    sent()
    assert [path for _, path, _ in paystack.asked].count("/transferrecipient") == 1


# How it goes otherwise


@pytest.mark.parametrize("fault", SILENCES.values(), ids=list(SILENCES))
def test_an_order_that_was_not_answered_is_unknown_and_settled_by_asking(
    paystack: LocalPaystack, fault: Fault
) -> None:
    payout = ordered()
    paystack.fault("/transfer", fault)

    send()
    assert now(payout).status is PayoutStatus.UNKNOWN
    assert_books_hold()

    reconcile(minutes=2)
    assert paystack.orders()[0] == payout.payment_reference
    paystack.conclude(payout.payment_reference, "success")
    reconcile(minutes=200)

    assert now(payout).status is PayoutStatus.PAID
    assert len(paystack.transfers) == 1
    assert set(paystack.orders()) == {payout.payment_reference}
    assert_books_hold()


def test_a_batch_that_was_not_answered_is_unknown_as_a_whole(paystack: LocalPaystack) -> None:
    payouts = [approved(), approved()]
    order(*(payout.id for payout in payouts))
    paystack.fault("/transfer/bulk", bad_days.HANGS_UP_AFTER_ACCEPTING)

    send()

    assert {now(payout).status for payout in payouts} == {PayoutStatus.UNKNOWN}
    for payout in payouts:
        paystack.conclude(payout.payment_reference, "success")
    reconcile(minutes=2)
    assert {now(payout).status for payout in payouts} == {PayoutStatus.PAID}
    assert len(paystack.orders()) == 2


def test_what_a_batch_s_answer_leaves_out_is_unknown(paystack: LocalPaystack) -> None:
    one, other = approved(), approved()
    order(one.id, other.id)
    mentioned = {"reference": one.payment_reference, "status": "received"}
    answer = json.dumps({"status": True, "data": [mentioned, 7]})
    paystack.fault("/transfer/bulk", Fault(200, answer, after=True))

    send()

    assert (now(one).status, now(other).status) == (PayoutStatus.PROCESSING, PayoutStatus.UNKNOWN)


def test_a_batch_that_is_declined_goes_one_by_one(paystack: LocalPaystack) -> None:
    payouts = [approved(), approved()]
    order(*(payout.id for payout in payouts))
    paystack.fault("/transfer/bulk", bad_days.OTP_ON)

    send()

    assert [path for _, path, _ in paystack.asked].count("/transfer") == 2
    assert {transfer(payout).state for payout in payouts} == {"sent"}


@pytest.mark.parametrize(
    "fault",
    [bad_days.BUSY, bad_days.POOR, bad_days.NO_KEY],
    ids=["too many requests", "balance too small", "key not accepted"],
)
def test_an_order_that_was_not_taken_waits_and_goes_out_again(
    paystack: LocalPaystack, fault: Fault
) -> None:
    payout = ordered()
    paystack.fault("/transfer", fault)

    send()
    assert (now(payout).status, transfer(payout).state) == (PayoutStatus.PROCESSING, "queued")
    assert send() == 0
    reconcile(minutes=30)

    assert paystack.orders() == [payout.payment_reference] * 2
    assert len(paystack.transfers) == 1


def test_an_account_that_could_not_be_made_known_is_tried_again(paystack: LocalPaystack) -> None:
    payout = ordered()
    paystack.fault("/transferrecipient", bad_days.BROKEN)
    send()
    assert transfer(payout).state == "queued"
    assert send() == 0

    reconcile(minutes=5)

    assert transfer(payout).state == "sent"


def test_a_declined_order_that_the_provider_does_not_know_failed(paystack: LocalPaystack) -> None:
    payout = ordered()
    paystack.fault("/transfer", Fault(400, '{"status": false, "message": "Recipient is banned"}'))

    send()

    found = now(payout)
    assert (found.status, found.status_reason) == (
        PayoutStatus.FAILED,
        "Paystack: Recipient is banned",
    )
    assert_books_hold()


def test_a_declined_order_that_was_taken_before_is_what_the_provider_says(
    paystack: LocalPaystack,
) -> None:
    payout = ordered()
    paystack.fault("/transfer", bad_days.HANGS_UP_AFTER_ACCEPTING)
    send()
    paystack.fault("/transfer/verify/", bad_days.BROKEN)
    reconcile(minutes=2)
    assert now(payout).status is PayoutStatus.UNKNOWN
    # Somebody believes the provider to have lost it, and the same order goes out again.
    with transaction(who="test") as session:
        session.execute(text("UPDATE crm_transfers SET state = 'queued', due_at = now()"))

    send()

    assert paystack.orders() == [payout.payment_reference] * 2
    assert (now(payout).status, transfer(payout).state) == (PayoutStatus.UNKNOWN, "sent")


def test_an_account_that_is_declined_fails_what_was_to_go_there(paystack: LocalPaystack) -> None:
    payout = ordered()
    declined = Fault(400, '{"status": false, "message": "Account number is invalid"}')
    paystack.fault("/transferrecipient", declined)

    send()

    assert now(payout).status is PayoutStatus.FAILED
    assert paystack.orders() == []


def test_a_recipient_that_is_another_account_is_not_paid(paystack: LocalPaystack) -> None:
    payout = ordered()
    details = {"account_number": "9999999999", "bank_code": "011"}
    wrong = {"status": True, "data": {"recipient_code": "RCP_X", "details": details}}
    paystack.fault("/transferrecipient", Fault(201, json.dumps(wrong)))

    send()

    assert now(payout).status is PayoutStatus.FAILED
    assert paystack.orders() == []


@pytest.mark.parametrize("status", ["failed", "abandoned", "blocked", "rejected", "reversed"])
def test_a_conclusive_failure_fails_and_a_new_approval_gets_a_new_reference(
    paystack: LocalPaystack, session: Session, status: str
) -> None:
    payout = sent()
    paystack.conclude(payout.payment_reference, status)

    reconcile(minutes=2)

    assert now(payout).status is PayoutStatus.FAILED
    again = approve(session, payout.id)
    assert again.payment_reference != payout.payment_reference
    session.commit()
    assert_books_hold()


@pytest.mark.parametrize("status", ["pending", "otp", "received", "a word of next year"])
def test_what_is_not_conclusive_changes_nothing(paystack: LocalPaystack, status: str) -> None:
    payout = sent()
    paystack.conclude(payout.payment_reference, status)

    reconcile(minutes=2)

    assert (now(payout).status, transfer(payout).state) == (PayoutStatus.PROCESSING, "sent")
    assert now(payout).payment_reference == payout.payment_reference


def test_a_paid_transfer_that_came_back_is_reversed(paystack: LocalPaystack) -> None:
    paystack.first_status = "success"
    payout = sent()
    paystack.conclude(payout.payment_reference, "reversed")

    reconciling.verify_payout(payout.id, actor=FINANCE)

    assert now(payout).status is PayoutStatus.REVERSED
    assert_books_hold()


def test_asking_becomes_rarer(paystack: LocalPaystack) -> None:
    sent()
    asked = [reconcile(minutes=minutes).verified for minutes in (0, 2, 2.5, 5, 11, 12, 30, 40)]
    assert asked == [0, 1, 0, 1, 1, 0, 1, 0]


# A mismatch


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": 1},
        {"currency": "USD"},
        {"recipient": {"recipient_code": "RCP_other"}},
        {"recipient": 4711},
        {"recipient": "RCP_other"},
    ],
    ids=["amount", "currency", "recipient", "recipient's number", "recipient's code"],
)
def test_a_mismatch_freezes_the_payout_even_where_it_says_success(
    paystack: LocalPaystack, session: Session, wrong: dict[str, object]
) -> None:
    payout = sent()
    paystack.conclude(payout.payment_reference, "success", **wrong)

    reconcile(minutes=2)

    found = now(payout)
    assert found.status is PayoutStatus.UNKNOWN
    assert (found.status_reason or "").startswith("Frozen: the provider")
    # The right answer afterwards does not thaw it: a person looks first.
    paystack.conclude(
        payout.payment_reference, "success", amount=10000000, currency="NGN", recipient=1
    )
    reconciling.verify_payout(payout.id, actor=FINANCE)
    reconcile(minutes=300)
    assert now(payout).status is PayoutStatus.UNKNOWN
    settlement = Settlement(outcome="paid", bank_reference="NIP1", reason="The bank confirms it")
    service.settle_payout(session, payout.id, settlement, actor=FINANCE)
    session.commit()
    assert now(payout).status is PayoutStatus.PAID
    assert_books_hold()


def test_success_after_failure_stops_a_second_payment(
    paystack: LocalPaystack, session: Session
) -> None:
    payout = sent()
    paystack.conclude(payout.payment_reference, "failed")
    reconcile(minutes=2)
    paystack.conclude(payout.payment_reference, "success")
    reconciling.verify_payout(payout.id, actor=FINANCE)

    with pytest.raises(Conflict, match="frozen"):
        approve(session, payout.id)
    with pytest.raises(Forbidden):
        reconciling.release_payout(session, payout.id, Release(reason="it is fine"), actor=FINANCE)
    reconciling.release_payout(
        session, payout.id, Release(reason="The bank never got it"), actor=APPROVER
    )
    assert approve(session, payout.id).status is PayoutStatus.APPROVED
    session.commit()
    assert_books_hold()


def test_the_database_itself_keeps_a_frozen_payout(
    paystack: LocalPaystack, session: Session
) -> None:
    payout = approved()
    order(payout.id)
    session.execute(
        text("UPDATE crm_payouts SET status = 'unknown' WHERE id = :i"), {"i": payout.id}
    )
    session.execute(
        text("UPDATE crm_payouts SET status = 'failed' WHERE id = :i"), {"i": payout.id}
    )
    session.execute(text("UPDATE crm_transfers SET frozen_reason = 'odd'"))
    session.execute(
        text(
            "INSERT INTO crm_payout_approvals (payout_id, approver, approver_name, digest)"
            " SELECT id, 'staff:1', 'Somebody', digest FROM crm_payouts"
        )
    )
    with refused_by(session, "payout_frozen"):
        session.execute(
            text("UPDATE crm_payouts SET status = 'approved' WHERE id = :i"), {"i": payout.id}
        )


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ("reference = 'crm-another-reference'", "transfer_fixed"),
        ("amount_kobo = 1", "transfer_fixed"),
        ("state = 'queued'", "transfer_forward"),
        ("provider_status = 'failed'", "transfer_forward"),
        ("provider_status = NULL", "transfer_forward"),
    ],
)
def test_the_database_itself_keeps_what_was_concluded(
    paystack: LocalPaystack, session: Session, change: str, rule: str
) -> None:
    paystack.first_status = "success"
    sent()
    with refused_by(session, rule):
        session.execute(text(f"UPDATE crm_transfers SET {change}"))


# Nothing else may meanwhile


def test_what_a_transfer_holds_is_not_paid_failed_or_settled_by_hand(
    paystack: LocalPaystack, session: Session
) -> None:
    payout = sent()
    because, payment = Because(reason="for this reason"), Payment(bank_reference="NIP1")
    with pytest.raises(Conflict, match="under way"):
        service.pay_payout(session, payout.id, payment, actor=FINANCE)
    with pytest.raises(Conflict, match="under way"):
        service.fail_payout(session, payout.id, because, actor=FINANCE)
    with pytest.raises(Conflict, match="under way"):
        service.suspend_payout(session, payout.id, because, actor=FINANCE)
    assert commit_lines(session, line(payout)).changed == 0
    assert now(payout).status is PayoutStatus.PROCESSING


def test_an_unknown_transfer_is_settled_by_hand_only_where_nobody_can_be_asked(
    paystack: LocalPaystack, session: Session, set_environment: Callable[..., None]
) -> None:
    payout = ordered()
    paystack.fault("/transfer", bad_days.HANGS_UP_AFTER_ACCEPTING)
    send()
    failed = Settlement(outcome="failed", reason="the bank says no")
    with pytest.raises(Conflict, match="under way"):
        service.settle_payout(session, payout.id, failed, actor=FINANCE)
    set_environment(CRM_PAYSTACK_SECRET_KEY=None)

    service.settle_payout(session, payout.id, failed, actor=FINANCE)

    session.commit()
    assert now(payout).status is PayoutStatus.FAILED
    assert_books_hold()


def test_a_transfer_that_was_never_sent_can_be_called_back(
    paystack: LocalPaystack, session: Session
) -> None:
    payout = ordered()
    service.fail_payout(session, payout.id, Because(reason="wrong month"), actor=FINANCE)
    session.commit()

    assert send() == 0

    assert (now(payout).status, transfer(payout).state) == (PayoutStatus.FAILED, "withdrawn")
    assert_books_hold()


# Whoever dies


def test_a_process_that_dies_before_sending_leaves_it_unknown_and_it_goes_out_after_all(
    paystack: LocalPaystack, session: Session
) -> None:
    payout = ordered()
    assert claimed()  # …and here the process dies

    assert reconcile(minutes=3).abandoned == 0
    assert reconcile(minutes=6).abandoned == 1

    assert steps_of(session, payout.id)[-1] == ("processing", "unknown")
    assert paystack.orders() == [payout.payment_reference]
    assert_books_hold()
    paystack.conclude(payout.payment_reference, "success")
    reconcile(minutes=20)
    assert now(payout).status is PayoutStatus.PAID


def test_a_process_that_dies_after_sending_sends_nothing_twice(paystack: LocalPaystack) -> None:
    payout = ordered()
    (one,) = claimed()
    required_gateway().send(one.order)  # …and here the process dies
    paystack.conclude(payout.payment_reference, "success")

    reconcile(minutes=6)

    assert now(payout).status is PayoutStatus.PAID
    assert paystack.orders() == [payout.payment_reference]
    assert_books_hold()


def claimed() -> list[Claimed]:
    """Everything up to the claim is done: the account is known, and nothing was sent."""
    gateway = required_gateway()
    make_recipients(gateway, later(0))
    return claim(gateway, later(0))


# Asking now


def test_verifying_tells_what_the_provider_says(paystack: LocalPaystack) -> None:
    payout = sent()
    assert reconciling.verify_payout(payout.id, actor=FINANCE).sentence == "Paystack says pending."
    paystack.conclude(payout.payment_reference, "success")

    found = reconciling.verify_payout(payout.id, actor=FINANCE)

    assert found.payout.status is PayoutStatus.PAID
    assert found.sentence == f"{payout.payout_code} is paid."
    assert said(payout)[-1] == "Paystack says success."


def test_verifying_without_an_answer_changes_nothing(paystack: LocalPaystack) -> None:
    payout = sent()
    paystack.fault("/transfer/verify/", bad_days.HANGS_UP, bad_days.BUSY)

    silent = reconciling.verify_payout(payout.id, actor=FINANCE)
    busy = reconciling.verify_payout(payout.id, actor=FINANCE)

    assert silent.sentence == "Paystack did not answer."
    assert busy.sentence == "Paystack asks us to slow down."
    assert now(payout).status is PayoutStatus.PROCESSING


def test_there_is_nothing_to_ask_about_before_it_was_sent(paystack: LocalPaystack) -> None:
    payout = approved()
    with pytest.raises(Conflict, match="no transfer"):
        reconciling.verify_payout(payout.id, actor=FINANCE)
    order(payout.id)
    with pytest.raises(Conflict, match="not sent"):
        reconciling.verify_payout(payout.id, actor=FINANCE)


def test_a_provider_that_wants_peace_is_left_alone(paystack: LocalPaystack) -> None:
    sent(), sent()
    paystack.fault("/transfer/verify/", bad_days.BUSY)
    assert reconcile(minutes=2).verified == 0

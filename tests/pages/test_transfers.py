"""Paying by transfer on the dashboard: choosing it, the plan, the record, whose account it is."""

from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from crm_core.payouts.schemas import PayoutRead, PayoutStatus
from crm_core.people.schemas import Role
from tests.make_business import make_owner, make_payout
from tests.pages.acting import (
    cells,
    chips,
    choose,
    errors,
    fill,
    htmls,
    labels,
    metric,
    press,
    texts,
)
from tests.payouts.acts import get
from tests.payouts.paystack import HANGS_UP, LocalPaystack
from tests.payouts.transferring import (
    approved,
    now,
    order,
    ordered,
    reconcile,
    sent,
    transfer,
)

Open = Callable[..., AppTest]


@pytest.fixture
def payouts(visit: Open) -> Open:
    """``payouts(Role.FINANCE, tab="pay", way="transfer")``."""
    return partial(visit, "pages/payouts.py")


def actions(page: AppTest) -> list[str]:
    return [option for group in page.pills for option in group.options]


# The tab


def test_without_a_key_the_page_says_so_and_offers_the_file(
    payouts: Open, session: Session
) -> None:
    approved()
    page = payouts(Role.FINANCE, tab="pay", way="transfer")

    assert any("CRM_PAYSTACK_SECRET_KEY" in sentence for sentence in texts(page))
    assert "Look and write the file" in labels(page)
    assert "Look and send" not in labels(page)


def test_the_file_stays_what_opens_first(payouts: Open, paystack: LocalPaystack) -> None:
    approved()
    assert "Look and write the file" in labels(payouts(Role.FINANCE, tab="pay"))


def test_nothing_to_send_says_what_to_do(payouts: Open, paystack: LocalPaystack) -> None:
    page = payouts(Role.FINANCE, tab="pay", way="transfer")
    assert "No transfer yet: choose approved payouts above." in texts(page)
    assert "All that are approved" not in labels(page)


def test_chosen_payouts_are_ordered_after_a_look(
    payouts: Open, session: Session, paystack: LocalPaystack
) -> None:
    chosen, other = approved("300000"), approved()
    page = choose(payouts(Role.FINANCE, tab="pay", way="transfer"), "approved", chosen.id)

    press(page, "Look and send")
    assert metric(page, "Control total") == "₦300,000.00"
    assert now(chosen).status is PayoutStatus.APPROVED
    press(page, "Send 1 payout · ₦300,000.00")

    assert get(session, chosen.id).status is PayoutStatus.PROCESSING
    assert get(session, other.id).status is PayoutStatus.APPROVED
    assert cells(page, "Payout is") == [["Processing"]]
    assert chips(page, "With us") == [["Queued"]]
    assert paystack.orders() == []


def test_what_went_meanwhile_is_refused(payouts: Open, paystack: LocalPaystack) -> None:
    payout = approved()
    page = press(payouts(Role.FINANCE, tab="pay", way="transfer"), "All that are approved")
    order(payout.id)

    press(page, "Send 1 payout · ₦100,000.00")

    assert errors(page) == ["None of these payouts can go by transfer: look at them again."]


# The record


def test_the_record_shows_the_transfer_and_what_was_said(
    payouts: Open, paystack: LocalPaystack
) -> None:
    payout = sent()
    page = payouts(Role.VIEWER, payout=payout.id)

    assert cells(page, "What was said") == ["Paystack says pending."]
    assert any("TRF_00000001" in drawn for drawn in htmls(page))
    assert "Verify now" not in labels(page)


def test_verifying_settles_it_before_one_s_eyes(payouts: Open, paystack: LocalPaystack) -> None:
    payout = sent()
    page = payouts(Role.FINANCE, payout=payout.id)
    paystack.conclude(payout.payment_reference, "success")

    press(page, "Verify now")

    assert now(payout).status is PayoutStatus.PAID
    assert [toast.value for toast in page.toast] == [
        f"{payout.payout_code.replace('-', chr(92) + '-')} is paid\\."
    ]


def test_a_provider_that_is_silent_is_said_to_be_so(payouts: Open, paystack: LocalPaystack) -> None:
    payout = sent()
    page = payouts(Role.FINANCE, payout=payout.id)
    paystack.fault("/transfer/verify/", HANGS_UP)

    press(page, "Verify now")

    assert cells(page, "What was said")[0] == "Paystack did not answer."
    assert now(payout).status is PayoutStatus.PROCESSING


def test_nothing_but_the_provider_settles_what_is_under_way(
    payouts: Open, paystack: LocalPaystack
) -> None:
    payout = sent()
    assert actions(payouts(Role.FINANCE, payout=payout.id)) == []


def test_an_order_that_was_not_sent_can_be_called_back(
    payouts: Open, paystack: LocalPaystack
) -> None:
    payout = ordered()
    page = payouts(Role.FINANCE, payout=payout.id, do="call-back")
    assert actions(page) == ["Call the transfer back"]

    fill(page, "call-back", reason="It was the wrong month")
    press(page, "Call it back")

    assert (now(payout).status, transfer(payout).state) == (PayoutStatus.FAILED, "withdrawn")


def test_a_frozen_one_is_settled_by_hand(payouts: Open, paystack: LocalPaystack) -> None:
    payout = sent()
    paystack.conclude(payout.payment_reference, "success", amount=1)
    reconcile(minutes=2)

    page = payouts(Role.FINANCE, payout=payout.id, do="settle")

    assert any(sentence.startswith("Frozen: the provider says ₦0.01") for sentence in texts(page))
    assert actions(page) == ["Settle"]


def test_an_approver_releases_what_failed_and_then_succeeded(
    payouts: Open, paystack: LocalPaystack
) -> None:
    payout = sent()
    paystack.conclude(payout.payment_reference, "failed")
    reconcile(minutes=2)
    paystack.conclude(payout.payment_reference, "success")
    page = payouts(Role.FINANCE, payout=payout.id)
    press(page, "Verify now")
    assert "An approver looks into it and releases the payout." in texts(page)

    page = payouts(Role.APPROVER, payout=payout.id)
    fill(page, "release", reason="The bank never got it")
    press(page, "Release the payout")

    assert transfer(payout).release_reason == "The bank never got it"


def test_a_paid_payout_leads_to_its_remittance_advice(
    payouts: Open, paystack: LocalPaystack
) -> None:
    paystack.first_status = "success"
    payout = sent()
    drawn = htmls(payouts(Role.VIEWER, payout=payout.id))
    assert any(f'href="/export/remittance-advice/{payout.id}"' in each for each in drawn)


# Whose account it is


@pytest.fixture
def pending(session: Session) -> PayoutRead:
    payout = make_payout(session, make_owner(session).id)
    session.commit()
    return payout


def test_an_approver_asks_the_bank_and_sees_how_alike_the_names_are(
    payouts: Open, paystack: LocalPaystack, pending: PayoutRead
) -> None:
    paystack.holders["0000014579"] = "OBI ADA NGOZI"
    page = payouts(Role.APPROVER, payout=pending.id)

    press(page, "Ask the bank whose account it is")

    assert any(each.startswith("The bank says OBI ADA NGOZI") for each in texts(page))
    assert any("100 % alike" in each for each in htmls(page))


def test_another_holder_is_a_finding_in_the_queue(
    payouts: Open, paystack: LocalPaystack, pending: PayoutRead
) -> None:
    paystack.holders["0000014579"] = "CHUKWU EMEKA"
    press(payouts(Role.APPROVER, payout=pending.id), "Ask the bank whose account it is")

    queue = payouts(Role.APPROVER)

    assert "Other holder" in chips(queue, "Checks")[0]


def test_an_account_that_the_bank_does_not_know_is_said_to_be_so(
    payouts: Open, paystack: LocalPaystack, pending: PayoutRead
) -> None:
    paystack.holders["0000014579"] = ""
    page = press(payouts(Role.APPROVER, payout=pending.id), "Ask the bank whose account it is")
    assert "Paystack: Could not resolve account name" in texts(page)


def test_a_bank_that_is_silent_changes_nothing(
    payouts: Open, paystack: LocalPaystack, pending: PayoutRead
) -> None:
    page = payouts(Role.APPROVER, payout=pending.id)
    paystack.fault("/bank/resolve", HANGS_UP)

    press(page, "Ask the bank whose account it is")

    assert errors(page) == ["Paystack did not answer. Nothing was changed: try again."]


def test_nobody_else_is_offered_to_ask(
    payouts: Open, paystack: LocalPaystack, pending: PayoutRead
) -> None:
    page = payouts(Role.VIEWER, payout=pending.id)
    assert "Ask the bank whose account it is" not in labels(page)

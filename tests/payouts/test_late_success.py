"""Success of a transfer that was given up: nobody pays a second time before a person has looked."""

from typing import Any

import pytest
from sqlalchemy.orm import Session

from crm_core.base.errors import Conflict
from crm_core.payouts import service
from crm_core.payouts.schemas import PayoutRead, PayoutStatus, Settlement
from crm_core.payouts.transfers import hearing, reconciling
from crm_core.payouts.transfers.schemas import Release
from tests.make_business import APPROVER, FINANCE
from tests.payouts.acts import approve, commit_lines, line
from tests.payouts.paystack import LocalPaystack
from tests.payouts.transferring import approved, assert_books_hold, now, sent, transfer

GIVEN_UP = Settlement(outcome="failed", reason="The bank says that it never came")


def tell(session: Session, paystack: LocalPaystack, payout: PayoutRead, **more: Any) -> str:
    """Paystack says success of the payout's first transfer."""
    event = {"status": "success", **more}
    told = hearing.apply_event(
        session, paystack.event(payout.payment_reference, "transfer.success", **event)
    )
    session.commit()
    return told


def given_up(session: Session, paystack: LocalPaystack) -> PayoutRead:
    """A payout that froze by a wrong currency, and that a person settled as failed."""
    payout = sent()
    assert tell(session, paystack, payout, currency="USD").startswith("Frozen")
    service.settle_payout(session, payout.id, GIVEN_UP, actor=FINANCE)
    session.commit()
    assert now(payout).status is PayoutStatus.FAILED
    return payout


def reapproved_and_frozen(session: Session, paystack: LocalPaystack) -> PayoutRead:
    """A payout whose failed transfer turns out a success after it was approved again."""
    payout = sent()
    paystack.conclude(payout.payment_reference, "failed")
    reconciling.verify_payout(payout.id, actor=FINANCE)
    approve(session, payout.id)
    session.commit()
    assert tell(session, paystack, payout).startswith("Frozen")
    return now(payout)


@pytest.mark.parametrize("said", [{}, {"currency": "USD"}], ids=["right", "wrong again"])
def test_success_after_a_person_gave_it_up_stops_a_second_payment(
    session: Session, paystack: LocalPaystack, said: dict[str, Any]
) -> None:
    payout = given_up(session, paystack)
    told = tell(session, paystack, payout, **said)
    assert told == "Frozen: the provider says success of a transfer that had failed."
    with pytest.raises(Conflict, match="frozen"):
        approve(session, payout.id)
    session.rollback()
    release = Release(reason="The bank took it back")
    reconciling.release_payout(session, payout.id, release, actor=APPROVER)
    session.commit()
    assert transfer(payout).released_at is not None
    assert approve(session, payout.id).status is PayoutStatus.APPROVED
    session.commit()
    assert_books_hold()


def test_one_that_froze_while_it_was_approved_breaks_no_rule(
    session: Session, paystack: LocalPaystack
) -> None:
    assert reapproved_and_frozen(session, paystack).status is PayoutStatus.APPROVED
    assert_books_hold()


def test_a_frozen_payout_keeps_no_other_out_of_a_bank_file(
    session: Session, paystack: LocalPaystack
) -> None:
    frozen, healthy = reapproved_and_frozen(session, paystack), approved()
    ids = [frozen.id, healthy.id]
    plan = service.plan_file(session, ids, actor=FINANCE)
    assert {one.id: one.code for one in plan.verdicts} == {frozen.id: "frozen", healthy.id: "send"}
    receipt = service.commit_file(session, plan.fingerprint, ids, actor=FINANCE)
    assert (receipt.changed, [one.id for one in receipt.refused]) == (1, [frozen.id])
    session.commit()
    assert now(healthy).status is PayoutStatus.PROCESSING
    assert now(frozen).status is PayoutStatus.APPROVED


def test_a_frozen_payout_keeps_no_other_line_of_a_statement_back(
    session: Session, paystack: LocalPaystack
) -> None:
    frozen, healthy = reapproved_and_frozen(session, paystack), approved()
    receipt = commit_lines(session, line(frozen), line(healthy, "NIP2"))
    assert [(one.id, one.code) for one in receipt.refused] == [(frozen.id, "frozen")]
    session.commit()
    assert now(healthy).status is PayoutStatus.PAID

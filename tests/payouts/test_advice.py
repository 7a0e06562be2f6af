"""The remittance advice: amounts that add up, and the tax as it was reckoned."""

from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from crm_core.base.errors import Conflict, NotFound
from crm_core.payouts import queries, service
from crm_core.payouts.advice import advice_of, as_page
from crm_core.payouts.schemas import PayoutFilter, PayoutRead
from tests.make_business import (
    FINANCE,
    approve,
    last_month,
    make_contract,
    make_hospital,
    make_owner,
    make_revenue,
)
from tests.payouts.acts import new, pay, payout_in, send


def prepared(session: Session, revenue: str) -> PayoutRead:
    """A payout of ten per cent of the revenue, paid by bank file."""
    owner, hospital = make_owner(session), make_hospital(session, "Lekki Hospital")
    make_contract(session, owner.id, hospital.id)
    make_revenue(session, hospital.id, revenue, last_month())
    plan = service.plan_month(session, last_month(), actor=FINANCE)
    service.commit_month(session, plan.fingerprint, last_month(), actor=FINANCE)
    (payout,) = queries.list_payouts(PayoutFilter(owner_id=owner.id)).page(session).rows
    approve(session, payout.id)
    send(session, payout.id)
    return pay(session, payout.id)


def test_the_tax_is_shown_with_its_rate_its_day_and_its_working(session: Session) -> None:
    payout = prepared(session, "10000000.55")

    advice = advice_of(session, payout.id)
    page = as_page(advice)

    (line,) = advice.lines
    assert line.amount == Decimal("100000.01")
    assert (
        line.working == "₦1,000,000.06 × 10 % = ₦100,000.01; the rate in force from 1 January 2015"
    )
    assert payout.gross_revenue - line.amount == payout.net_amount
    for told in (
        "Lekki Hospital",
        "10 % of revenue",
        line.working,
        "₦900,000.05",
        "******4579",
        payout.payment_reference,
        f"NIP{payout.id}",
        "Bank transfer, by upload file",
    ):
        assert told in page


def test_a_payout_without_deductions_says_so(session: Session) -> None:
    payout = payout_in(session, "paid")
    page = as_page(advice_of(session, payout.id))
    assert "No deductions" in page
    assert "<script" not in page


@pytest.mark.parametrize("state", ["pending", "approved", "processing", "failed", "reversed"])
def test_only_a_paid_payout_has_an_advice(session: Session, state: str) -> None:
    payout = payout_in(session, state)
    with pytest.raises(Conflict, match=state):
        advice_of(session, payout.id)


def test_a_payout_that_is_not_there_has_none(session: Session) -> None:
    with pytest.raises(NotFound):
        advice_of(session, 999_999)


def test_words_of_people_are_not_markup(session: Session) -> None:
    items = [{"kind": "fee", "description": "<img src=x>", "amount": "1"}]
    payout = new(session, deduction_items=items, net_amount="99999")
    approve(session, payout.id)
    pay(session, payout.id)
    page = as_page(advice_of(session, payout.id))
    assert "<img" not in page
    assert "&lt;img src=x&gt;" in page

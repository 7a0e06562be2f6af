"""The figures of the morning: each is the sum of the rows that it opens."""

from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.insights import queries
from crm_core.owners import service as owners
from crm_core.owners.schemas import SurveyCreate
from crm_core.payouts import service as payouts
from crm_core.payouts.queries import list_payouts
from crm_core.payouts.schemas import Because, PayoutFilter
from tests.make_business import (
    APPROVER,
    FINANCE,
    approve,
    last_month,
    make_contract,
    make_hospital,
    make_owner,
    make_payout,
    make_revenue,
    pay,
)

NOTHING = Decimal(0)


def test_an_empty_house_has_figures_of_nothing(session: Session) -> None:
    figures = queries.figures_by_month(session)

    assert len(figures) == 12
    assert {(f.owners, f.satisfaction, f.paid, f.lifetime_value) for f in figures} == {
        (0, None, NOTHING, NOTHING)
    }
    assert queries.months_to_prepare(session) == []


def test_paying_counts_in_this_month_and_in_lifetime_value(session: Session) -> None:
    owner = make_owner(session)
    pay(session, make_payout(session, owner.id, "250000").id)

    before, now = queries.figures_by_month(session, 2)

    assert (before.paid, before.lifetime_value) == (NOTHING, NOTHING)
    assert now.paid == now.lifetime_value == Decimal(250_000)


def test_lifetime_value_of_a_past_month_leaves_out_what_was_paid_since(session: Session) -> None:
    owner = make_owner(session)
    earlier = pay(session, make_payout(session, owner.id, "100000", months_ago=2).id)
    pay(session, make_payout(session, owner.id, "30000").id)
    session.execute(
        text("UPDATE crm_payouts SET paid_at = paid_at - interval '1 month' WHERE id = :id"),
        {"id": earlier.id},
    )

    figures = queries.figures_by_month(session, 3)

    assert [f.lifetime_value for f in figures] == [0, 100_000, 130_000]
    assert [f.paid for f in figures] == [0, 100_000, 30_000]


def test_a_reversed_payout_leaves_the_figures(session: Session) -> None:
    payout = pay(session, make_payout(session, make_owner(session).id).id)
    payouts.reverse_payout(session, payout.id, Because(reason="came back"), actor=FINANCE)

    (now,) = queries.figures_by_month(session, 1)

    assert (now.paid, now.lifetime_value) == (NOTHING, NOTHING)


def test_a_survey_moves_the_satisfaction_of_this_month_only(session: Session) -> None:
    owner = make_owner(session)
    owners.record_survey(session, owner.id, SurveyCreate(score=Decimal("4.5")), actor=FINANCE)

    before, now = queries.figures_by_month(session, 2)

    assert (before.satisfaction, now.satisfaction) == (None, Decimal("4.50"))


def test_what_waits_for_a_person_leaves_out_what_they_made(session: Session) -> None:
    owner = make_owner(session)
    make_payout(session, owner.id, "100000")
    make_payout(session, owner.id, "5000", months_ago=2)

    for_maker = queries.waiting_for(session, FINANCE.person)
    for_approver = queries.waiting_for(session, APPROVER.person)

    assert (for_maker.count, for_maker.net_amount) == (0, NOTHING)
    assert (for_approver.count, for_approver.net_amount) == (2, Decimal(105_000))


def test_what_is_approved_waits_no_longer(session: Session) -> None:
    approve(session, make_payout(session, make_owner(session).id).id)

    assert queries.waiting_for(session, "staff:0").count == 0


def test_a_month_is_to_prepare_until_its_payout_is_made(session: Session) -> None:
    hospital, owner = make_hospital(session), make_owner(session)
    make_contract(session, owner.id, hospital.id)
    make_revenue(session, hospital.id, "5000000", last_month())

    (to_prepare,) = queries.months_to_prepare(session, 1)
    plan = payouts.plan_month(session, last_month(), actor=FINANCE)
    payouts.commit_month(session, plan.fingerprint, last_month(), actor=FINANCE)

    assert (to_prepare.month, to_prepare.ready, to_prepare.without_revenue) == (last_month(), 1, 0)
    assert queries.months_to_prepare(session, 1) == []


def test_a_month_without_revenue_waits_for_the_hospital(session: Session) -> None:
    make_contract(session, make_owner(session).id, make_hospital(session).id)

    (to_prepare,) = queries.months_to_prepare(session, 1)

    assert (to_prepare.ready, to_prepare.without_revenue) == (0, 1)


def test_a_draft_is_nothing_to_prepare(session: Session) -> None:
    make_contract(session, make_owner(session).id, make_hospital(session).id, signed=False)

    assert queries.months_to_prepare(session) == []


def test_a_contract_tells_what_it_paid_and_its_latest_payout(session: Session) -> None:
    hospital, owner = make_hospital(session), make_owner(session)
    contract = make_contract(session, owner.id, hospital.id)
    make_revenue(session, hospital.id, "5000000", last_month())
    plan = payouts.plan_month(session, last_month(), actor=FINANCE)
    payouts.commit_month(session, plan.fingerprint, last_month(), actor=FINANCE)
    (made,) = list_payouts(PayoutFilter(owner_id=owner.id)).page(session).rows

    before = queries.pay_of_contracts(session, owner.id)[contract.id]
    pay(session, made.id)
    after = queries.pay_of_contracts(session, owner.id)[contract.id]

    assert (before.payments, before.paid, before.last_net) == (0, NOTHING, Decimal(450_000))
    assert (after.payments, after.paid, after.last_net) == (1, Decimal(450_000), Decimal(450_000))

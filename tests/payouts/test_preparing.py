"""Preparing the month, as a plan: share of the revenue or guarantee, part months, tax by date."""

from datetime import date, timedelta
from decimal import Decimal
from threading import Barrier

import pytest
from sqlalchemy.orm import Session

from crm_core.base.clock import add_months, lagos_today, month_end, month_start
from crm_core.base.db import SessionFactory
from crm_core.base.errors import Invalid
from crm_core.base.preflight import Plan, Receipt, get_receipt
from crm_core.owners import contracts
from crm_core.owners.schemas import ContractCreate
from crm_core.payouts import queries, service
from crm_core.payouts.invariants import invariants
from crm_core.payouts.schemas import PayoutFilter, PayoutRead, RateCreate
from crm_core.people.schemas import Role
from tests.make import make_actor
from tests.make_business import FINANCE, last_month, make_hospital, make_owner, make_revenue
from tests.observe import executed, sql
from tests.payouts.acts import ACTS, approve
from tests.together import together

MONTH = last_month()
FIRST, LAST = MONTH, month_end(MONTH)
DAYS = (LAST - FIRST).days + 1
AHEAD = lagos_today() + timedelta(400)


def contract(
    session: Session,
    revenue: str | None = "1000000",
    *,
    guarantee: str = "0",
    start: date = date(2020, 1, 1),
    end: date = AHEAD,
) -> int:
    """A signed contract of 10 % in a hospital of its own; gives its id."""
    hospital = make_hospital(session)
    data = ContractCreate(
        owner_id=make_owner(session).id,
        hospital_id=hospital.id,
        revenue_share_percent=Decimal(10),
        minimum_guarantee=Decimal(guarantee),
        start_date=start,
        end_date=end,
    )
    made = contracts.draft_contract(session, data, actor=FINANCE)
    contracts.sign_contract(session, made.id, actor=FINANCE)
    if revenue is not None:
        make_revenue(session, hospital.id, revenue, MONTH)
    return made.id


def plan(session: Session) -> Plan:
    return service.plan_month(session, MONTH, actor=FINANCE)


def prepare(session: Session) -> Receipt:
    return service.commit_month(session, plan(session).fingerprint, MONTH, actor=FINANCE)


def made(session: Session) -> list[PayoutRead]:
    return list(reversed(queries.list_payouts(PayoutFilter()).page(session).rows))


def test_a_contract_pays_its_share_less_tax(session: Session) -> None:
    contract_id = contract(session)
    shown = plan(session)
    assert (
        shown.verdicts[0].reason
        == "₦100,000.00 (10.00 % of the revenue) less 10 % tax: ₦90,000.00."
    )
    assert shown.totals == {
        "count": "1",
        "gross": "100000.00",
        "tax": "10000.00",
        "net": "90000.00",
        "refused": "0",
    }
    done = service.commit_month(session, shown.fingerprint, MONTH, actor=FINANCE)
    [payout] = made(session)
    assert (payout.contract_id, payout.period_start, payout.period_end) == (
        contract_id,
        FIRST,
        LAST,
    )
    assert (payout.gross_revenue, payout.net_amount) == (Decimal(100_000), Decimal(90_000))
    assert (payout.status, payout.created_by) == ("pending", FINANCE.person)
    assert (payout.bank_name, payout.account_number) == ("First Bank", "******4579")
    [tax] = queries.deductions_of(session, [payout.id])
    assert (tax.kind, tax.rate, tax.rate_holds_from) == (
        "withholding_tax",
        Decimal("0.1"),
        date(2015, 1, 1),
    )
    assert get_receipt(session, done.receipt_id).totals == {
        "created": "1",
        "net_amount": "90000.00",
    }


@pytest.mark.parametrize(
    ("guarantee", "gross"),
    [("99999.99", "100000.00"), ("100000.00", "100000.00"), ("100000.01", "100000.01")],
)
def test_the_guarantee_is_paid_where_it_is_more(
    session: Session, guarantee: str, gross: str
) -> None:
    contract(session, guarantee=guarantee)
    by_guarantee = Decimal(guarantee) > 100_000
    assert ("minimum guarantee" in plan(session).verdicts[0].reason) == by_guarantee
    prepare(session)
    assert made(session)[0].gross_revenue == Decimal(gross)


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        (FIRST + timedelta(10), AHEAD, DAYS - 10),
        (date(2020, 1, 1), FIRST + timedelta(9), 10),
        (LAST, AHEAD, 1),
        (FIRST + timedelta(5), FIRST + timedelta(9), 5),
    ],
)
def test_a_part_of_the_month_is_paid_by_days(
    session: Session, start: date, end: date, days: int
) -> None:
    contract(session, "300000", guarantee="20000", start=start, end=end)
    prepare(session)
    [payout] = made(session)
    assert payout.gross_revenue == (Decimal(30_000) * days / DAYS).quantize(Decimal("0.01"))
    assert (payout.period_end - payout.period_start).days + 1 == days


def test_contracts_not_in_force_are_not_there(session: Session) -> None:
    contract(session, end=FIRST - timedelta(1))
    contract(session, start=LAST + timedelta(1))
    ended = contract(session)
    contracts.terminate_contract(session, ended, actor=FINANCE)
    assert plan(session).verdicts == []
    assert prepare(session).changed == 0


def test_the_tax_is_of_the_rate_that_holds_at_the_end_of_the_period(session: Session) -> None:
    admin = make_actor(Role.ADMIN)
    for rate, day in (("0.05", LAST), ("0.2", LAST + timedelta(1))):
        service.set_rate(session, RateCreate(rate=Decimal(rate), holds_from=day), actor=admin)
    contract(session)
    prepare(session)
    [payout] = made(session)
    assert payout.net_amount == Decimal(95_000)
    assert queries.deductions_of(session, [payout.id])[0].rate_holds_from == LAST


def test_a_rate_of_nothing_takes_nothing(session: Session) -> None:
    rate = RateCreate(rate=Decimal(0), holds_from=FIRST)
    service.set_rate(session, rate, actor=make_actor(Role.ADMIN))
    contract(session)
    prepare(session)
    assert queries.deductions_of(session, [made(session)[0].id]) == []
    assert list(invariants(session)) == []


def test_shares_and_taxes_are_rounded_half_up_to_the_kobo(session: Session) -> None:
    contract(session, "0.50")
    contract(session, "0.45")
    contract(session, "1.50")
    prepare(session)
    amounts = [(p.gross_revenue, p.deductions) for p in made(session)]
    expected = [("0.05", "0.01"), ("0.05", "0.01"), ("0.15", "0.02")]
    assert amounts == [(Decimal(gross), Decimal(tax)) for gross, tax in expected]


def test_what_cannot_be_paid_says_why(session: Session) -> None:
    silent, empty, paid = contract(session, None), contract(session, "0"), contract(session)
    prepare(session)
    assert {v.id: v.code for v in plan(session).verdicts} == {
        silent: "no_revenue",
        empty: "nothing",
        paid: "exists",
    }
    assert prepare(session).changed == 0


def test_what_was_cancelled_is_prepared_again(session: Session) -> None:
    contract(session)
    prepare(session)
    ACTS["cancel"](session, made(session)[0].id)
    assert prepare(session).changed == 1


def test_an_owner_without_an_account_is_prepared_and_said(session: Session) -> None:
    contract(session)
    sql(session, "DELETE FROM crm_owner_accounts")
    assert "no bank account yet" in plan(session).verdicts[0].reason
    prepare(session)
    assert made(session)[0].bank_name is None


def test_what_changed_since_the_plan_is_left_out_and_only_that(session: Session) -> None:
    same, changed = contract(session), contract(session)
    shown = plan(session)
    hospital = contracts.get_contract(session, changed).hospital_id
    make_revenue(session, hospital, "5", MONTH)
    new = contract(session)
    done = service.commit_month(session, shown.fingerprint, MONTH, actor=FINANCE)
    assert {v.id: v.code for v in done.refused} == {changed: "changed", new: "changed"}
    assert [p.contract_id for p in made(session)] == [same]


def test_a_contract_that_ended_since_the_plan_is_said(session: Session) -> None:
    same, ended = contract(session), contract(session)
    shown = plan(session)
    contracts.terminate_contract(session, ended, actor=FINANCE)
    done = service.commit_month(session, shown.fingerprint, MONTH, actor=FINANCE)
    assert [p.contract_id for p in made(session)] == [same]
    assert [v.reason[:15] for v in done.refused] == ["1 of those show"]


@pytest.mark.parametrize("when", ["this", "next", "last"])
def test_a_month_is_prepared_after_it_ended(session: Session, when: str) -> None:
    following = add_months(last_month(), 2)
    month = {"this": lagos_today(), "next": following, "last": date.max}[when]
    with pytest.raises(Invalid, match="after it has ended"):
        service.plan_month(session, month, actor=FINANCE)
    with pytest.raises(Invalid):
        service.commit_month(session, "", month, actor=FINANCE)


def test_any_day_of_the_month_will_do(session: Session) -> None:
    contract(session)
    shown = service.plan_month(session, LAST, actor=FINANCE)
    assert shown == plan(session)
    assert month_start(LAST) == FIRST


def test_the_maker_of_the_month_approves_nothing_of_it(session: Session) -> None:
    contract(session)
    both = make_actor(Role.FINANCE, Role.APPROVER)
    shown = service.plan_month(session, MONTH, actor=both)
    service.commit_month(session, shown.fingerprint, MONTH, actor=both)
    with pytest.raises(Exception, match="maker"):
        approve(session, made(session)[0].id, both)


def test_a_plan_is_one_statement_whatever_the_number_of_contracts(session: Session) -> None:
    for _ in range(3):
        contract(session)
    with executed(session) as seen:
        plan(session)
    assert len(seen) == 1


def test_two_people_preparing_at_once_create_each_payout_once(own_database: str) -> None:
    with SessionFactory.begin() as session:
        for _ in range(5):
            contract(session)
    looked = Barrier(3)

    def run() -> Receipt:
        with SessionFactory() as session:
            shown = plan(session)
        looked.wait(timeout=30)
        with SessionFactory.begin() as session:
            return service.commit_month(session, shown.fingerprint, MONTH, actor=FINANCE)

    receipts = together([run] * 3)
    assert sorted(r.changed for r in receipts if isinstance(r, Receipt)) == [0, 0, 5]
    with SessionFactory() as session:
        assert len(made(session)) == 5
        assert list(invariants(session)) == []

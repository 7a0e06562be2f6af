"""Making payouts by hand: amounts that add up, an account, and one live payout a period."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from pydantic import ValidationError
from sqlalchemy.orm import Session

from crm_core.base.clock import lagos_today
from crm_core.base.db import SessionFactory
from crm_core.base.errors import Conflict, Forbidden, Invalid
from crm_core.payouts import queries, service
from crm_core.payouts.schemas import PayoutCreate, PayoutRead, PayoutUpdate, RateCreate
from crm_core.people.schemas import Role
from tests.make import make_actor
from tests.make_business import (
    APPROVER,
    FINANCE,
    last_month,
    make_contract,
    make_hospital,
    make_owner,
    make_payout,
)
from tests.observe import refused_by, sql
from tests.payouts.acts import ACTS, create, new, payout_in
from tests.together import kinds, together

PLAIN: dict[str, object] = {
    "owner_id": 1,
    "period_start": "2026-10-01",
    "period_end": "2026-10-31",
    "gross_revenue": "100",
    "net_amount": "90",
}
ITEM = {"kind": "fee", "description": "Bank fee", "amount": "10"}
LIVE = ("pending", "approved", "processing", "unknown", "paid")
OVER = ("failed", "cancelled", "rejected", "reversed")


def test_deductions_are_what_is_missing_to_the_gross(session: Session) -> None:
    payout = new(session, "100", net_amount="90")
    assert (payout.deductions, payout.status, payout.created_by) == (
        Decimal(10),
        "pending",
        FINANCE.person,
    )
    [item] = queries.deductions_of(session, [payout.id])
    assert (item.kind, item.amount) == ("other", Decimal(10))


def test_deductions_can_be_itemised(session: Session) -> None:
    tax = {"kind": "withholding_tax", "description": "Tax", "amount": "5.50"}
    payout = new(session, "100", net_amount="84.50", deduction_items=[ITEM, tax])
    items = queries.deductions_of(session, [payout.id])
    assert [(i.kind, i.amount) for i in items] == [
        ("fee", Decimal(10)),
        ("withholding_tax", Decimal("5.50")),
    ]


def test_a_correction_of_the_items_corrects_the_net(session: Session) -> None:
    payout = new(session, "100", net_amount="90")
    data = PayoutUpdate.model_validate({"deduction_items": [ITEM, ITEM]})
    after = service.update_payout(session, payout.id, data, actor=FINANCE)
    assert (after.deductions, after.net_amount) == (Decimal(20), Decimal(80))
    assert len(queries.deductions_of(session, [payout.id])) == 2
    none = PayoutUpdate.model_validate({"deduction_items": []})
    assert service.update_payout(session, payout.id, none, actor=FINANCE).net_amount == 100


@pytest.mark.parametrize(
    "wrong",
    [
        {"net_amount": "100.01"},
        {"net_amount": "-1"},
        {"net_amount": "90.001"},
        {"net_amount": "ninety"},
        {"net_amount": "NaN"},
        {"net_amount": "Infinity"},
        {"gross_revenue": "0", "net_amount": "0"},
        {"gross_revenue": "-5"},
        {"gross_revenue": "10000000000000", "net_amount": "10000000000000"},
        {"deductions": "9"},
        {"deductions": "10", "deduction_items": [ITEM, ITEM]},
        {"deduction_items": []},
        {"deduction_items": [ITEM] * 21},
        {"period_end": "2026-09-30"},
        {"period_end": "9999-12-31"},
        {"period_start": "0001-01-01"},
        {"period_start": "soon"},
        {"bank_name": "GTBank"},
        {"bank_name": "Atlantis", "account_number": "0000014579", "account_name": "A"},
        {"bank_name": "GTBank", "account_number": "123", "account_name": "A"},
        {"bank_name": "GTBank", "account_number": "0000014579", "account_name": "A\nB"},
        {"payment_method": "gold"},
        {"owner_id": 0},
        {"owner_id": 2**63},
        {"notes": "a\0b"},
        {"made_up": 1},
    ],
)
def test_bad_input_is_refused_before_it_is_tried(wrong: dict[str, object]) -> None:
    PayoutCreate.model_validate(PLAIN)
    with pytest.raises(ValidationError):
        PayoutCreate.model_validate(PLAIN | wrong)


@pytest.mark.parametrize(
    "wrong", [{"payment_method": None}, {"gross_revenue": "0"}, {"account_name": "A"}, {"x": 1}]
)
def test_a_bad_correction_is_refused_before_it_is_tried(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PayoutUpdate.model_validate(wrong)


def test_the_owners_account_is_taken_unless_another_is_given(session: Session) -> None:
    own = new(session)
    assert (own.bank_name, own.account_number) == ("First Bank", "******4579")
    given: dict[str, object] = {
        "bank_name": "058",
        "account_number": "0123456789",
        "account_name": "B",
    }
    other = create(session, make_owner(session).id, given)
    assert (other.bank_name, other.account_number) == ("GTBank", "******6789")


def test_an_unknown_owner_or_anothers_contract_is_refused_by_the_field(session: Session) -> None:
    owner = make_owner(session)
    contract = make_contract(session, make_owner(session).id, make_hospital(session).id)
    for owner_id, more, path in (
        (999_999, {}, "owner_id"),
        (owner.id, {"contract_id": 999_999}, "contract_id"),
        (owner.id, {"contract_id": contract.id}, "contract_id"),
    ):
        with pytest.raises(Invalid) as refused:
            create(session, owner_id, more)
        assert refused.value.problems[0].path == path


def test_a_payout_of_a_contract_is_of_its_hospital(session: Session) -> None:
    owner, hospital = make_owner(session), make_hospital(session)
    contract = make_contract(session, owner.id, hospital.id)
    payout = create(session, owner.id, {"contract_id": contract.id})
    kept = sql(session, "SELECT hospital_id FROM crm_payouts WHERE id = :id", id=payout.id)
    assert kept.scalar() == hospital.id


def test_only_finance_makes_payouts(session: Session) -> None:
    with pytest.raises(Forbidden):
        create(session, make_owner(session).id, actor=APPROVER)


@pytest.mark.parametrize("state", LIVE)
@pytest.mark.parametrize("overlap", [0, 1])
def test_a_period_has_one_live_payout(session: Session, state: str, overlap: int) -> None:
    payout = payout_in(session, state)
    start = payout.period_end if overlap else payout.period_start
    more = {"period_start": start, "period_end": payout.period_end + timedelta(overlap * 9)}
    with pytest.raises(Conflict, match="live payout"), session.begin_nested():
        create(session, payout.owner_id, more)
    with refused_by(session, "ex_crm_payouts_one_live"):
        sql(
            session,
            "INSERT INTO crm_payouts (owner_id, period_start, period_end, gross_revenue,"
            " deductions, net_amount, created_by) VALUES (:o, :s, :e, 1, 0, 1, 'sql')",
            o=payout.owner_id,
            s=start,
            e=more["period_end"],
        )


@pytest.mark.parametrize("state", OVER)
def test_what_is_over_leaves_its_period_free(session: Session, state: str) -> None:
    payout = payout_in(session, state)
    assert create(session, payout.owner_id).status == "pending"


def test_other_contracts_periods_and_owners_are_free(session: Session) -> None:
    owner = make_owner(session)
    contract = make_contract(session, owner.id, make_hospital(session).id)
    first = create(session, owner.id)
    create(session, owner.id, {"contract_id": contract.id})
    make_payout(session, owner.id, months_ago=2)
    create(session, make_owner(session).id)
    assert first.status == "pending"


def test_of_payouts_made_at_once_for_a_period_one_stays(own_database: str) -> None:
    with SessionFactory.begin() as session:
        owner = make_owner(session)

    def make() -> PayoutRead:
        with SessionFactory.begin() as session:
            return create(session, owner.id)

    outcomes = together([make] * 5)
    assert kinds(outcomes) == ["Conflict"] * 4 + ["PayoutRead"]


def test_a_cancelled_payout_keeps_its_reason(session: Session) -> None:
    payout = new(session)
    ACTS["cancel"](session, payout.id)
    assert queries.get_payout(session, payout.id).status_reason == "for this reason"


def test_a_tax_rate_is_set_once_a_day_by_an_administrator(session: Session) -> None:
    rate = RateCreate(rate=Decimal("0.05"), holds_from=date(2030, 1, 1))
    admin = make_actor(Role.ADMIN)
    service.set_rate(session, rate, actor=admin)
    assert [r.rate for r in queries.list_rates(session)] == [Decimal("0.05"), Decimal("0.10")]
    with pytest.raises(Conflict, match="from that day on"), session.begin_nested():
        service.set_rate(session, rate, actor=admin)
    with pytest.raises(Forbidden):
        service.set_rate(session, rate, actor=FINANCE)


def test_what_only_we_write_is_not_taken_from_anybody(session: Session) -> None:
    payout = new(session, status="approved", created_by="staff:1", approvals_needed=0)
    assert (payout.status, payout.created_by) == ("pending", FINANCE.person)
    assert payout.approvals_needed == 1


def test_a_payout_is_due_a_fortnight_after_its_period(session: Session) -> None:
    payout = new(session)
    assert payout.due_on == payout.period_end + timedelta(14)
    assert payout.period_start == last_month() < lagos_today()

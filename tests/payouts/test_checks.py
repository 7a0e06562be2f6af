"""Beneficiary checks: what an approver sees before the money goes, and what stops an approval."""

from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from crm_core.base.errors import Conflict
from crm_core.owners import service as owners
from crm_core.owners.schemas import AccountChange
from crm_core.payouts import queries, service
from crm_core.payouts.checks import check_beneficiaries
from crm_core.payouts.schemas import Approval
from tests.make_business import APPROVER, FINANCE, make_owner
from tests.make_business import make_payout as for_month
from tests.make_business import pay as approve_and_pay
from tests.observe import executed, sql
from tests.payouts.acts import create, new

WRONG = {"bank_name": "GTBank", "account_number": "0000014579", "account_name": "ADA OBI"}
OWN = {"bank_name": "First Bank", "account_number": "0000000220", "account_name": "ADA OBI"}


def settled(session: Session) -> int:
    """An owner with an account of their own, given long ago."""
    owner = make_owner(session)
    owners.change_account(session, owner.id, AccountChange.model_validate(OWN), actor=FINANCE)
    sql(session, "UPDATE crm_owner_accounts SET changed_at = now() - interval '25 hours'")
    return owner.id


def codes(session: Session, payout_id: int) -> list[str]:
    return [check.code for check in check_beneficiaries(session, [payout_id]).get(payout_id, [])]


def test_a_usual_payout_raises_no_question(session: Session) -> None:
    payout = create(session, settled(session))
    assert codes(session, payout.id) == []


def test_a_wrong_digit_blocks_for_a_commercial_bank(session: Session) -> None:
    payout = create(session, settled(session), WRONG)
    with pytest.raises(Conflict, match="Approve with a reason to override"):
        service.approve_payout(session, payout.id, Approval(), actor=APPROVER)
    plan = service.plan_approval(session, [payout.id], actor=APPROVER)
    assert (plan.verdicts[0].code, plan.totals["count"]) == ("blocked", "0")


def test_a_reason_overrides_the_block_and_is_kept(session: Session) -> None:
    payout = create(session, settled(session), WRONG)
    data = Approval(override_reason="Seen on the bank's letter")
    assert service.approve_payout(session, payout.id, data, actor=APPROVER).status == "approved"
    [approval] = queries.approvals_of(session, payout.id)
    assert approval.override_reason == "Seen on the bank's letter"


def test_many_are_overridden_with_one_reason(session: Session) -> None:
    ids = [create(session, settled(session), WRONG).id for _ in range(2)]
    why = "Sandbox accounts"
    plan = service.plan_approval(session, ids, actor=APPROVER, override_reason=why)
    bare = service.commit_approval(session, plan.fingerprint, ids, actor=APPROVER)
    assert (bare.changed, {v.code for v in bare.refused}) == (0, {"changed"})
    done = service.commit_approval(
        session, plan.fingerprint, ids, actor=APPROVER, override_reason=why
    )
    assert done.changed == 2


def test_the_reason_is_kept_only_where_it_overrode_something(session: Session) -> None:
    blocked, fine = (create(session, settled(session), account) for account in (WRONG, OWN))
    ids, why = [blocked.id, fine.id], "Seen on the bank's letter"
    plan = service.plan_approval(session, ids, actor=APPROVER, override_reason=why)
    service.commit_approval(session, plan.fingerprint, ids, actor=APPROVER, override_reason=why)
    reasons = [queries.approvals_of(session, payout_id)[0].override_reason for payout_id in ids]
    assert reasons == [why, None]


def test_a_wrong_digit_warns_for_a_wallet(session: Session) -> None:
    wallet = WRONG | {"bank_name": "Kuda", "account_number": "2000000007"}
    payout = create(session, settled(session), wallet)
    assert codes(session, payout.id) == ["nuban", "differs"]
    approved = service.approve_payout(session, payout.id, Approval(), actor=APPROVER)
    assert approved.status == "approved"


def test_an_account_of_another_owner_is_seen(session: Session) -> None:
    one, two = settled(session), settled(session)
    payout = create(session, one)
    assert codes(session, payout.id) == ["shared"]
    sql(session, "DELETE FROM crm_owner_accounts WHERE owner_id = :id", id=two)
    assert codes(session, payout.id) == []
    create(session, two, OWN)
    assert codes(session, payout.id) == ["shared"]


@pytest.mark.parametrize(
    ("age", "expected"),
    [("23 hours 59 minutes", ["recent"]), ("24 hours 1 minute", [])],
)
def test_a_new_account_is_seen_for_a_day(session: Session, age: str, expected: list[str]) -> None:
    payout = create(session, settled(session))
    sql(session, f"UPDATE crm_owner_accounts SET changed_at = now() - interval '{age}'")
    assert codes(session, payout.id) == expected


def test_another_account_than_the_owners_is_seen(session: Session) -> None:
    other = OWN | {"account_number": "0000014579"}
    payout = create(session, settled(session), other)
    assert codes(session, payout.id) == ["differs"]


def test_a_payout_without_any_account_is_seen_unless_it_goes_by_cheque(session: Session) -> None:
    owner_id = settled(session)
    sql(session, "DELETE FROM crm_owner_accounts WHERE owner_id = :id", id=owner_id)
    payout = create(session, owner_id)
    assert codes(session, payout.id) == ["no_account"]
    sql(session, "UPDATE crm_payouts SET payment_method = 'cheque'")
    assert codes(session, payout.id) == []


@pytest.mark.parametrize(
    ("gross", "unusual"),
    [("49999.99", True), ("50000", False), ("300000", False), ("300000.01", True)],
)
def test_an_amount_outside_the_owners_usual_range_is_seen(
    session: Session, gross: str, unusual: bool
) -> None:
    owner_id = settled(session)
    for months_ago, paid in ((4, "100000"), (3, "200000"), (2, "150000")):
        approve_and_pay(session, for_month(session, owner_id, paid, months_ago=months_ago).id)
    payout = create(session, owner_id, {"gross_revenue": gross})
    found = check_beneficiaries(session, [payout.id]).get(payout.id, [])
    assert [check.code for check in found] == (["unusual"] if unusual else [])
    if unusual:
        assert "₦100,000.00 to ₦200,000.00" in found[0].sentence


def test_two_paid_payouts_make_no_habit(session: Session) -> None:
    owner_id = settled(session)
    for months_ago in (3, 2):
        approve_and_pay(session, for_month(session, owner_id, "100", months_ago=months_ago).id)
    assert codes(session, create(session, owner_id).id) == []


def test_a_warning_is_told_in_the_verdict_and_a_new_one_is_a_change(session: Session) -> None:
    payout = create(session, settled(session))
    plan = service.plan_approval(session, [payout.id], actor=APPROVER)
    sql(session, "UPDATE crm_owner_accounts SET changed_at = now()")
    done = service.commit_approval(session, plan.fingerprint, [payout.id], actor=APPROVER)
    assert [v.code for v in done.refused] == ["changed"]
    again = service.plan_approval(session, [payout.id], actor=APPROVER)
    assert "changed in the last 24 hours" in again.verdicts[0].reason


def test_checks_of_many_are_one_statement(session: Session) -> None:
    ids = [new(session, str(Decimal(1000 + n))).id for n in range(5)]
    with executed(session) as seen:
        found = check_beneficiaries(session, ids)
    assert (len(found), len(seen)) == (5, 1)

"""How many approvals a payout takes, and what makes them void."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from crm_core.base.errors import Conflict
from crm_core.base.parameters import change_parameter
from crm_core.payouts import queries, service
from crm_core.payouts.schemas import PayoutUpdate
from tests.make_business import APPROVER, FINANCE
from tests.observe import history_of, refused_by, sql
from tests.payouts.acts import (
    SECOND,
    THRESHOLD,
    approve,
    approve_many,
    get,
    live_approvals,
    new,
    payout_in,
    send,
    undo,
)

KOBO = Decimal("0.01")


def correct(session: Session, payout_id: int, **changes: object) -> None:
    data = PayoutUpdate.model_validate(changes)
    service.update_payout(session, payout_id, data, actor=FINANCE)


def test_below_the_threshold_one_approval_is_enough(session: Session) -> None:
    payout = new(session, str(THRESHOLD - KOBO))
    approved = approve(session, payout.id)
    assert (approved.status, approved.approvals, approved.approvals_needed) == ("approved", 1, 1)
    assert (approved.approved_by, approved.approved_at is not None) == (APPROVER.person, True)


@pytest.mark.parametrize("net", [THRESHOLD, THRESHOLD + KOBO])
def test_from_the_threshold_on_two_different_people_approve(session: Session, net: Decimal) -> None:
    payout = new(session, str(net))
    first = approve(session, payout.id)
    assert (first.status, first.approvals, first.approved_by) == ("pending", 1, None)
    with pytest.raises(Conflict, match="second, different approver"):
        approve(session, payout.id)
    second = approve(session, payout.id, SECOND)
    assert (second.status, second.approvals, second.approved_by) == ("approved", 2, SECOND.person)


def test_the_threshold_is_of_the_net_amount(session: Session) -> None:
    payout = new(session, str(THRESHOLD + 1), net_amount=str(THRESHOLD - KOBO))
    assert approve(session, payout.id).status == "approved"


def test_a_plan_says_whether_it_is_the_first_approval(session: Session) -> None:
    large, small = new(session, str(THRESHOLD)), new(session)
    plan = service.plan_approval(session, [large.id, small.id], actor=APPROVER)
    assert {v.id: v.code for v in plan.verdicts} == {large.id: "first", small.id: "approve"}
    assert plan.totals["final"] == "1"
    approve(session, large.id)
    plan = service.plan_approval(session, [large.id], actor=SECOND)
    assert plan.verdicts[0].code == "approve"


def test_the_threshold_in_force_counts_and_not_that_of_the_making(session: Session) -> None:
    payout = new(session, "700000")
    change_parameter(session, "payouts.second_approval_from", Decimal(500_000))
    assert get(session, payout.id).approvals_needed == 2
    plan = service.plan_approval(session, [payout.id], actor=APPROVER)
    assert plan.verdicts[0].code == "first"
    assert approve(session, payout.id).status == "pending"
    change_parameter(session, "payouts.second_approval_from", Decimal(900_000))
    assert approve(session, payout.id, SECOND).status == "approved"


def test_a_threshold_lowered_later_leaves_what_was_approved(session: Session) -> None:
    payout = payout_in(session, "approved")
    change_parameter(session, "payouts.second_approval_from", Decimal(1))
    assert get(session, payout.id).approvals_needed == 1
    send(session, payout.id)
    assert get(session, payout.id).status == "processing"


def test_a_larger_amount_takes_more_approvals_at_once(session: Session) -> None:
    payout = payout_in(session, "approved")
    correct(session, payout.id, gross_revenue=str(THRESHOLD))
    pending = get(session, payout.id)
    assert (pending.status, pending.approvals, pending.approvals_needed) == ("pending", 0, 2)
    plan = service.plan_approval(session, [payout.id], actor=APPROVER)
    assert plan.verdicts[0].code == "first"


@pytest.mark.parametrize(
    "changes",
    [
        {"gross_revenue": "100001"},
        {"deduction_items": [{"kind": "fee", "description": "Fee", "amount": "1"}]},
        {"bank_name": "Access Bank", "account_number": "0000014579", "account_name": "ADA OBI"},
        {"bank_name": "011", "account_number": "0000000220", "account_name": "ADA OBI"},
        {"bank_name": "011", "account_number": "0000014579", "account_name": "ADA OBIX"},
    ],
)
def test_a_correction_voids_the_approval(session: Session, changes: dict[str, object]) -> None:
    payout = payout_in(session, "approved")
    correct(session, payout.id, **changes)
    after = get(session, payout.id)
    assert (after.status, after.approvals, after.approved_by) == ("pending", 0, None)
    [void] = queries.approvals_of(session, payout.id)
    assert void.void_reason == "what was approved has changed"
    assert approve(session, payout.id).status == "approved"


def test_the_same_account_given_again_voids_nothing(session: Session) -> None:
    payout = payout_in(session, "approved")
    correct(
        session,
        payout.id,
        bank_name="First Bank",
        account_number="0000014579",
        account_name="ADA OBI",
    )
    assert get(session, payout.id).status == "approved"


def test_a_note_voids_nothing(session: Session) -> None:
    payout = payout_in(session, "approved")
    correct(session, payout.id, notes="called the owner", payment_method="cheque")
    after = get(session, payout.id)
    assert (after.status, after.notes, after.payment_method) == (
        "approved",
        "called the owner",
        "cheque",
    )


SENT = [
    "period_start = period_start - 1",
    "period_end = period_end + 1",
    "gross_revenue = gross_revenue + 1, net_amount = net_amount + 1",
    "deductions = 1, net_amount = net_amount - 1",
    "bank_code = '058'",
    "bank_name = 'GTBank'",
    "account_hash = 'other'",
    "account_encrypted = 'other'",
    "account_name = 'Somebody Else'",
]


@pytest.mark.parametrize("change", SENT)
def test_plain_sql_that_changes_what_was_approved_voids_the_approval(
    session: Session, change: str
) -> None:
    payout = payout_in(session, "approved")
    sql(session, f"UPDATE crm_payouts SET {change} WHERE id = :id", id=payout.id)
    after = get(session, payout.id)
    assert (after.status, live_approvals(session, payout.id)) == ("pending", [])
    assert after.approved_by is None


@pytest.mark.parametrize("change", SENT)
def test_plain_sql_cannot_send_something_else_than_was_approved(
    session: Session, change: str
) -> None:
    payout = payout_in(session, "approved")
    statement = f"UPDATE crm_payouts SET {change}, status = 'processing' WHERE id = :id"
    sql(session, statement, id=payout.id)
    assert get(session, payout.id).status == "pending"


@pytest.mark.parametrize("state", ["processing", "unknown", "paid", "cancelled", "rejected"])
def test_what_was_sent_or_ended_cannot_be_changed(session: Session, state: str) -> None:
    payout = payout_in(session, state)
    with pytest.raises(Conflict, match="cannot be changed any more"):
        correct(session, payout.id, gross_revenue="1")
    for change in SENT:
        with refused_by(session, "payout_locked"):
            sql(session, f"UPDATE crm_payouts SET {change} WHERE id = :id", id=payout.id)


def test_the_reference_stays_while_the_payment_may_have_gone(session: Session) -> None:
    for state in ("pending", "approved", "processing", "unknown", "failed", "paid"):
        payout = payout_in(session, state)
        with refused_by(session, "payout_reference"):
            sql(
                session,
                "UPDATE crm_payouts SET payment_reference = 'mine' WHERE id = :id",
                id=payout.id,
            )


def test_a_first_approval_is_void_too_when_the_payout_changes(session: Session) -> None:
    payout = new(session, str(THRESHOLD))
    approve(session, payout.id)
    correct(session, payout.id, gross_revenue=str(THRESHOLD + 1))
    assert live_approvals(session, payout.id) == []
    assert approve(session, payout.id, SECOND).status == "pending"


def test_each_approval_is_one_line_of_history(session: Session) -> None:
    payout = new(session)
    approve_many(session, [payout.id])
    approve_many(session, [payout.id], SECOND)
    changes = [line["after"] for line in history_of(session, "crm_payouts", payout.id)]
    assert [after.get("status") for after in changes] == ["pending", "approved"]
    [approval] = queries.approvals_of(session, payout.id)
    assert len(history_of(session, "crm_payout_approvals", approval.id)) == 1


def test_an_undone_approval_counts_no_more_but_is_kept(session: Session) -> None:
    payout = payout_in(session, "approved")
    undo(session, payout.id, actor=SECOND)
    [void] = queries.approvals_of(session, payout.id)
    assert void.void_reason == "the approval was undone"
    assert approve(session, payout.id).status == "approved"


def test_a_correction_of_what_somebody_changed_is_refused(session: Session) -> None:
    payout = new(session)
    correct(session, payout.id, notes="one", version=payout.version)
    with pytest.raises(Conflict, match="since you opened it"):
        correct(session, payout.id, notes="two", version=payout.version)


def test_deductions_cannot_exceed_the_gross(session: Session) -> None:
    payout = new(session)
    item = {"kind": "advance", "description": "Advance", "amount": "100000.01"}
    with pytest.raises(Exception, match="more than the gross"):
        correct(session, payout.id, deduction_items=[item])
    assert queries.deductions_of(session, [payout.id]) == []


def test_a_later_day_voids_nothing(session: Session) -> None:
    payout = payout_in(session, "approved")
    sql(session, "UPDATE crm_payouts SET updated_at = :at", at=payout.updated_at + timedelta(1))
    assert get(session, payout.id).status == "approved"

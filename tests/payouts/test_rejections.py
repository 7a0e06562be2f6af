"""Rejecting: many as a plan, one by the same code; only what was shown, and only pending ones."""

import pytest
from sqlalchemy.orm import Session

from crm_core.base.errors import Conflict, Forbidden
from crm_core.base.preflight import get_receipt
from crm_core.payouts import service
from crm_core.payouts.invariants import invariants
from crm_core.payouts.schemas import Because, PayoutStatus
from tests.make_business import APPROVER, FINANCE
from tests.observe import executed, read_only
from tests.payouts.acts import SECOND, approve, get, new, payout_in

WHY = Because(reason="The month is not over")


def test_many_are_rejected_for_one_reason_with_a_receipt(session: Session) -> None:
    ids = [new(session).id, new(session, "50").id]
    plan = service.plan_rejection(session, ids, actor=APPROVER)

    done = service.commit_rejection(session, plan.fingerprint, ids, WHY, actor=APPROVER)

    assert plan.totals == {"count": "2", "net_amount": "100050.00", "refused": "0"}
    found = [get(session, payout_id) for payout_id in ids]
    assert {(p.status, p.status_reason) for p in found} == {(PayoutStatus.REJECTED, WHY.reason)}
    receipt = get_receipt(session, done.receipt_id)
    assert (receipt.kind, receipt.totals["net_amount"]) == ("payout_rejection", "100050.00")
    assert list(invariants(session)) == []


def test_looking_changes_nothing(session: Session) -> None:
    payout = new(session)
    with read_only(session):
        service.plan_rejection(session, [payout.id], actor=APPROVER)


@pytest.mark.parametrize("state", ["approved", "processing", "paid", "failed", "rejected"])
def test_only_pending_ones_are_rejected(session: Session, state: str) -> None:
    payout, pending = payout_in(session, state), new(session)
    ids = [payout.id, pending.id, 999_999]
    plan = service.plan_rejection(session, ids, actor=APPROVER)

    done = service.commit_rejection(session, plan.fingerprint, ids, WHY, actor=APPROVER)

    assert {verdict.id: verdict.code for verdict in plan.verdicts} == {
        payout.id: "state",
        pending.id: "reject",
        999_999: "not_found",
    }
    assert done.changed == 1
    assert get(session, payout.id).status == state


def test_what_changed_meanwhile_is_left_alone(session: Session) -> None:
    payout = new(session, "10000000")
    plan = service.plan_rejection(session, [payout.id], actor=APPROVER)
    approve(session, payout.id, SECOND)

    done = service.commit_rejection(session, plan.fingerprint, [payout.id], WHY, actor=APPROVER)

    assert (done.changed, [verdict.code for verdict in done.refused]) == (0, ["changed"])
    assert get(session, payout.id).status is PayoutStatus.PENDING


def test_a_plan_of_others_is_refused(session: Session) -> None:
    one, other = new(session), new(session)
    plan = service.plan_rejection(session, [one.id], actor=APPROVER)
    with pytest.raises(Conflict):
        service.commit_rejection(session, plan.fingerprint, [one.id, other.id], WHY, actor=APPROVER)


def test_whoever_does_not_approve_does_not_reject(session: Session) -> None:
    payout = new(session)
    with pytest.raises(Forbidden):
        service.plan_rejection(session, [payout.id], actor=FINANCE)
    with pytest.raises(Forbidden):
        service.commit_rejection(session, "", [payout.id], WHY, actor=FINANCE)


def test_many_cost_as_many_statements_as_one(session: Session) -> None:
    counts = []
    for number in (1, 12):
        ids = [new(session).id for _ in range(number)]
        plan = service.plan_rejection(session, ids, actor=APPROVER)
        with executed(session) as statements:
            service.commit_rejection(session, plan.fingerprint, ids, WHY, actor=APPROVER)
        counts.append(len(statements))
    assert counts[0] == counts[1]

"""Preflight and proof: a plan writes nothing, a commit does what was shown and nothing else."""

import pytest
from sqlalchemy.orm import Session

from crm_core.base.errors import Conflict, Forbidden, Invalid
from crm_core.base.preflight import get_receipt
from crm_core.payouts import service
from crm_core.payouts.schemas import PayoutUpdate
from tests.make_business import APPROVER, FINANCE, last_month
from tests.observe import executed, read_only, sql
from tests.payouts.acts import (
    SECOND,
    THRESHOLD,
    approve,
    approve_many,
    get,
    line,
    live_approvals,
    new,
    payout_in,
    send,
    undo,
)


def correct(session: Session, payout_id: int, gross: str) -> None:
    data = PayoutUpdate.model_validate({"gross_revenue": gross})
    service.update_payout(session, payout_id, data, actor=FINANCE)


def test_no_plan_writes_anything(session: Session) -> None:
    pending, approved = payout_in(session, "pending"), payout_in(session, "approved")
    with read_only(session):
        service.plan_approval(session, [pending.id], actor=APPROVER)
        service.plan_undo(session, [approved.id], actor=APPROVER)
        service.plan_file(session, [approved.id], actor=FINANCE)
        service.plan_payment(session, [line(approved)], actor=FINANCE)
        service.plan_month(session, last_month(), actor=FINANCE)


def test_a_commit_does_what_the_plan_said_and_leaves_a_receipt(session: Session) -> None:
    small, large, paid = new(session), new(session, str(THRESHOLD)), payout_in(session, "paid")
    ids = [paid.id, large.id, small.id]
    plan = service.plan_approval(session, ids, actor=APPROVER)
    assert plan.totals == {
        "count": "2",
        "net_amount": "10100000.00",
        "final": "1",
        "refused": "1",
    }
    done = service.commit_approval(session, plan.fingerprint, ids, actor=APPROVER)
    assert (done.changed, [v.code for v in done.refused]) == (2, ["state"])
    receipt = get_receipt(session, done.receipt_id)
    assert (receipt.kind, receipt.who) == ("payout_approval", APPROVER.key)
    assert receipt.totals == {"approved": "1", "net_amount": "10100000.00"}
    after = {change.id: (change.before, change.after) for change in receipt.changed}
    assert after == {
        small.id: ("pending", "approved"),
        large.id: ("pending", "pending (1 of 2 approvals)"),
    }
    assert (get(session, small.id).status, get(session, large.id).status) == ("approved", "pending")


def test_what_changed_since_is_refused_and_only_that(session: Session) -> None:
    ids = [new(session).id for _ in range(5)]
    plan = service.plan_approval(session, ids, actor=APPROVER)
    correct(session, ids[1], "100001")
    approve(session, ids[2], SECOND)
    sql(session, "UPDATE crm_payouts SET notes = 'a word' WHERE id = :id", id=ids[3])
    done = service.commit_approval(session, plan.fingerprint, ids, actor=APPROVER)
    assert {v.id: v.code for v in done.refused} == dict.fromkeys(ids[1:4], "changed")
    assert all("changed since you looked" in v.reason for v in done.refused)
    assert [get(session, i).status for i in (ids[0], ids[4])] == ["approved", "approved"]
    assert live_approvals(session, ids[1]) == []


def test_what_became_possible_since_is_not_done_silently(session: Session) -> None:
    payout = payout_in(session, "approved")
    plan = service.plan_approval(session, [payout.id], actor=SECOND)
    undo(session, payout.id)
    done = service.commit_approval(session, plan.fingerprint, [payout.id], actor=SECOND)
    assert [v.code for v in done.refused] == ["changed"]
    assert get(session, payout.id).status == "pending"


def test_a_second_approval_since_is_a_change(session: Session) -> None:
    payout = new(session, str(THRESHOLD))
    plan = service.plan_approval(session, [payout.id], actor=APPROVER)
    approve(session, payout.id, SECOND)
    done = service.commit_approval(session, plan.fingerprint, [payout.id], actor=APPROVER)
    assert [v.code for v in done.refused] == ["changed"]


def test_a_commit_sent_again_changes_nothing(session: Session) -> None:
    ids = [new(session).id]
    plan = service.plan_approval(session, ids, actor=APPROVER)
    first = service.commit_approval(session, plan.fingerprint, ids, actor=APPROVER)
    second = service.commit_approval(session, plan.fingerprint, ids, actor=APPROVER)
    assert (first.changed, second.changed) == (1, 0)


def test_a_fingerprint_of_other_records_is_refused(session: Session) -> None:
    one, two = new(session), new(session)
    plan = service.plan_approval(session, [one.id], actor=APPROVER)
    with pytest.raises(Conflict, match="not of these records"):
        service.commit_approval(session, plan.fingerprint, [one.id, two.id], actor=APPROVER)
    done = service.commit_approval(session, plan.fingerprint, [two.id], actor=APPROVER)
    assert [v.code for v in done.refused] == ["changed"]
    for made_up in ("x", "%%%", "ä"):
        with pytest.raises(Conflict):
            service.commit_approval(session, made_up, [one.id], actor=APPROVER)


def test_unknown_ids_are_verdicts_and_repeated_ones_count_once(session: Session) -> None:
    payout = new(session)
    ids = [payout.id, 999_999, payout.id]
    plan = service.plan_approval(session, ids, actor=APPROVER)
    assert {v.id: v.code for v in plan.verdicts} == {payout.id: "approve", 999_999: "not_found"}
    assert approve_many(session, ids).changed == 1


@pytest.mark.parametrize("ids", [[], list(range(1, 5002))])
def test_none_or_too_many_are_refused(session: Session, ids: list[int]) -> None:
    for plan in (service.plan_approval, service.plan_undo):
        with pytest.raises(Invalid):
            plan(session, ids, actor=APPROVER)
    with pytest.raises(Invalid):
        service.plan_file(session, ids, actor=FINANCE)


def test_each_plan_needs_its_permission(session: Session) -> None:
    payout = new(session)
    with pytest.raises(Forbidden):
        service.plan_approval(session, [payout.id], actor=FINANCE)
    with pytest.raises(Forbidden):
        service.plan_file(session, [payout.id], actor=APPROVER)
    with pytest.raises(Forbidden):
        service.plan_payment(session, [line(payout)], actor=APPROVER)
    with pytest.raises(Forbidden):
        service.plan_month(session, last_month(), actor=APPROVER)


def test_an_approval_is_undone_before_it_is_sent(session: Session) -> None:
    ids = [new(session).id for _ in range(2)]
    approved = approve_many(session, ids)
    plan = service.plan_undo(session, ids, actor=APPROVER)
    done = service.commit_undo(
        session, plan.fingerprint, ids, actor=APPROVER, receipt_id=approved.receipt_id
    )
    assert done.changed == 2
    assert [get(session, i).status for i in ids] == ["pending", "pending"]
    assert get_receipt(session, approved.receipt_id).undone_by == APPROVER.key


def test_a_receipt_is_undone_once_and_only_with_its_own_payouts(session: Session) -> None:
    mine, other = new(session), new(session)
    receipt_id = approve_many(session, [mine.id]).receipt_id
    approve(session, other.id)

    def undo_of(payout_id: int) -> None:
        plan = service.plan_undo(session, [payout_id], actor=APPROVER)
        service.commit_undo(
            session, plan.fingerprint, [payout_id], actor=APPROVER, receipt_id=receipt_id
        )

    with pytest.raises(Conflict, match="not of these approvals"), session.begin_nested():
        undo_of(other.id)
    undo_of(mine.id)
    approve(session, mine.id)
    with pytest.raises(Conflict, match="undone already"), session.begin_nested():
        undo_of(mine.id)


def test_after_it_was_sent_an_approval_stays(session: Session) -> None:
    payout = payout_in(session, "approved")
    receipt_id = approve_many(session, [new(session).id]).receipt_id
    plan = service.plan_undo(session, [payout.id], actor=APPROVER)
    send(session, payout.id)
    done = service.commit_undo(
        session, plan.fingerprint, [payout.id], actor=APPROVER, receipt_id=receipt_id
    )
    assert (done.changed, [v.code for v in done.refused]) == (0, ["changed"])
    assert get(session, payout.id).status == "processing"
    assert get_receipt(session, receipt_id).undone_at is None
    assert not service.plan_undo(session, [payout.id], actor=APPROVER).verdicts[0].ok


def test_a_first_of_two_approvals_is_taken_back_by_who_gave_it(session: Session) -> None:
    payout = new(session, str(THRESHOLD))
    approve(session, payout.id)
    assert undo(session, payout.id, actor=SECOND).changed == 0
    assert undo(session, payout.id).changed == 1
    assert live_approvals(session, payout.id) == []


def test_a_plan_of_many_takes_as_many_statements_as_a_plan_of_one(session: Session) -> None:
    ids = [new(session).id for _ in range(6)]
    counts = []
    for chosen in (ids[:1], ids):
        with executed(session) as seen:
            service.plan_approval(session, chosen, actor=APPROVER)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 5

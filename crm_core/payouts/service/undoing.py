"""Taking approvals back: lawful until the payment is under way."""

from collections.abc import Sequence

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from crm_core.base.acts import Act
from crm_core.base.errors import Conflict
from crm_core.base.preflight import (
    Plan,
    Receipt,
    Verdict,
    check_ids,
    get_receipt,
    make_plan,
    mark_undone,
)
from crm_core.payouts.models import Payout, PayoutApproval
from crm_core.payouts.queries import PAYOUTS
from crm_core.payouts.schemas import AWAITING_APPROVAL, PayoutRead, PayoutStatus
from crm_core.payouts.service import common
from crm_core.people.schemas import Actor, Permission


def plan_undo(session: Session, ids: Sequence[int], *, actor: Actor) -> Plan:
    """What taking approvals back would do: lawful until the payment is under way."""
    actor.require(Permission.PAYOUTS_APPROVE)
    return _plan(session, check_ids(ids), actor)


def commit_undo(
    session: Session,
    fingerprint: str,
    ids: Sequence[int],
    *,
    actor: Actor,
    receipt_id: int | None = None,
) -> Receipt:
    """Takes approvals back; the payouts are pending again and all their approvals void.

    Args:
        receipt_id: the receipt of the approval, which is marked as undone.
    """
    actor.require(Permission.PAYOUTS_APPROVE)
    wanted = check_ids(ids)
    common.lock_payouts(session, wanted)
    now = _plan(session, wanted, actor)
    act = Act("payout_undo", "Approvals undone", fingerprint, actor)
    accepted, refused = act.accepted_now(now)
    before = PAYOUTS.some(session, accepted)
    if receipt_id is not None and accepted:
        _mark_undone(session, receipt_id, accepted, actor)
    _withdraw(session, accepted, actor)
    changed = [common.change_of(payout, _after(payout)) for payout in before]
    totals = {"undone": str(len(changed))}
    return act.conclude(session, changed=changed, refused=refused, totals=totals)


def _plan(session: Session, ids: Sequence[int], actor: Actor) -> Plan:
    payouts = PAYOUTS.some(session, ids)
    mine = common.approved_by(session, ids, actor.person)
    verdicts = common.missing(ids, payouts)
    for payout in payouts:
        awaits_another = payout.status in AWAITING_APPROVAL and payout.id in mine
        ok = payout.status is PayoutStatus.APPROVED or awaits_another
        verdicts.append(
            Verdict(
                id=payout.id,
                label=common.label_of(payout),
                ok=ok,
                code="undo" if ok else "state",
                reason=f"Will be {_after(payout)} again."
                if ok
                else f"It is {payout.status} by now.",
                state=f"{payout.version}|{payout.approvals}",
            )
        )
    return make_plan(verdicts, {"count": sum(verdict.ok for verdict in verdicts)})


def _after(payout: PayoutRead) -> PayoutStatus:
    """A first of two approvals that is taken back leaves the state as it is."""
    return PayoutStatus.FAILED if payout.status is PayoutStatus.FAILED else PayoutStatus.PENDING


def _mark_undone(session: Session, receipt_id: int, ids: Sequence[int], actor: Actor) -> None:
    receipt = get_receipt(session, receipt_id)
    if receipt.kind != "payout_approval" or not {c.id for c in receipt.changed}.issuperset(ids):
        raise Conflict("This receipt is not of these approvals: open it again.")
    mark_undone(session, receipt_id, who=actor.key)


def _withdraw(session: Session, ids: Sequence[int], actor: Actor) -> None:
    session.execute(
        update(Payout)
        .where(Payout.id.in_(ids), Payout.status == PayoutStatus.APPROVED.value)
        .values(status=PayoutStatus.PENDING.value),
        execution_options=common.VALUES,
    )
    # Where a second approval was still awaited, only this person's own is taken back.
    session.execute(
        update(PayoutApproval)
        .where(
            PayoutApproval.payout_id.in_(ids),
            PayoutApproval.approver == actor.person,
            PayoutApproval.voided_at.is_(None),
        )
        .values(voided_at=func.now(), void_reason="the approval was undone"),
        execution_options=common.VALUES,
    )

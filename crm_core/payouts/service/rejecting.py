"""Turning pending payouts down, one or many, with a reason that their makers read."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import update
from sqlalchemy.orm import Session

from crm_core.base.acts import Act
from crm_core.base.money import naira
from crm_core.base.preflight import Plan, Receipt, Verdict, check_ids, make_plan
from crm_core.payouts.models import Payout
from crm_core.payouts.queries import PAYOUTS, get_payout
from crm_core.payouts.schemas import Because, PayoutRead, PayoutStatus
from crm_core.payouts.service import common
from crm_core.people.schemas import Actor, Permission


def plan_rejection(session: Session, ids: Sequence[int], *, actor: Actor) -> Plan:
    """What rejecting these would do; writes nothing."""
    actor.require(Permission.PAYOUTS_APPROVE)
    return _plan(session, check_ids(ids))


def commit_rejection(
    session: Session, fingerprint: str, ids: Sequence[int], data: Because, *, actor: Actor
) -> Receipt:
    """Rejects what was shown and has not changed since, all for the same reason."""
    actor.require(Permission.PAYOUTS_APPROVE)
    wanted = check_ids(ids)
    common.lock_payouts(session, wanted)
    act = Act("payout_rejection", "Payouts rejected", fingerprint, actor)
    accepted, refused = act.accepted_now(_plan(session, wanted))
    before = PAYOUTS.some(session, accepted)
    _reject(session, accepted, data.reason)
    net = sum((payout.net_amount for payout in before), Decimal(0))
    changed = [common.change_of(payout, "rejected") for payout in before]
    totals = {"rejected": str(len(before)), "net_amount": f"{net:.2f}"}
    return act.conclude(session, changed=changed, refused=refused, totals=totals)


def reject_payout(session: Session, payout_id: int, data: Because, *, actor: Actor) -> PayoutRead:
    """Rejects one: the same code as rejecting many."""
    actor.require(Permission.PAYOUTS_APPROVE)
    payout = common.lock_payout(session, payout_id)
    common.refuse(_verdict(payout))
    _reject(session, [payout_id], data.reason)
    return get_payout(session, payout_id)


def _plan(session: Session, ids: Sequence[int]) -> Plan:
    payouts = PAYOUTS.some(session, ids)
    verdicts = [*common.missing(ids, payouts), *map(_verdict, payouts)]
    accepted = {verdict.id for verdict in verdicts if verdict.ok}
    net = sum((p.net_amount for p in payouts if p.id in accepted), Decimal(0))
    refused = len(verdicts) - len(accepted)
    return make_plan(
        verdicts, {"count": len(accepted), "net_amount": f"{net:.2f}", "refused": refused}
    )


def _verdict(payout: PayoutRead) -> Verdict:
    ok = payout.status.can_become(PayoutStatus.REJECTED)
    why = f"{payout.payout_code} is {payout.status}: it cannot become {PayoutStatus.REJECTED}."
    return Verdict(
        id=payout.id,
        label=f"{common.label_of(payout)} · {naira(payout.net_amount)}",
        ok=ok,
        code="reject" if ok else "state",
        reason="Will be rejected; its maker reads why." if ok else why,
        state=f"{payout.version}|{payout.approvals}",
    )


def _reject(session: Session, ids: Sequence[int], reason: str) -> None:
    session.execute(
        update(Payout)
        .where(Payout.id.in_(ids))
        .values(status=PayoutStatus.REJECTED.value, status_reason=reason),
        execution_options=common.VALUES,
    )

"""Approving: with the checks in sight, one or many, never by the maker."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import ColumnElement, case, func, insert, literal, select, update
from sqlalchemy.orm import Session

from crm_core.base.acts import Act
from crm_core.base.clock import utc_now
from crm_core.base.money import naira
from crm_core.base.preflight import Plan, Receipt, Verdict, check_ids, make_plan
from crm_core.payouts.checks import check_beneficiaries, find_hindrances
from crm_core.payouts.models import Payout, PayoutApproval
from crm_core.payouts.queries import PAYOUTS, get_payout
from crm_core.payouts.schemas import (
    AWAITING_APPROVAL,
    Approval,
    BeneficiaryCheck,
    CheckLevel,
    PayoutRead,
    PayoutStatus,
)
from crm_core.payouts.service import common
from crm_core.people.schemas import Actor, Permission


def plan_approval(
    session: Session, ids: Sequence[int], *, actor: Actor, override_reason: str | None = None
) -> Plan:
    """What approving these would do; writes nothing."""
    actor.require(Permission.PAYOUTS_APPROVE)
    return _plan(session, check_ids(ids), actor, override_reason)


def commit_approval(
    session: Session,
    fingerprint: str,
    ids: Sequence[int],
    *,
    actor: Actor,
    override_reason: str | None = None,
) -> Receipt:
    """Approves what was shown and has not changed since; the rest is refused with its reason."""
    actor.require(Permission.PAYOUTS_APPROVE)
    wanted = check_ids(ids)
    common.lock_payouts(session, wanted)
    now = _plan(session, wanted, actor, override_reason)
    act = Act("payout_approval", "Payouts approved", fingerprint, actor)
    accepted, refused = act.accepted_now(now)
    before = PAYOUTS.some(session, accepted)
    approved = _approve(session, accepted, actor, override_reason)
    changed = [common.change_of(p, _outcome(p, p.id in approved)) for p in before]
    net = sum((p.net_amount for p in before), Decimal(0))
    totals = {"approved": str(len(approved)), "net_amount": f"{net:.2f}"}
    return act.conclude(session, changed=changed, refused=refused, totals=totals)


def approve_payout(session: Session, payout_id: int, data: Approval, *, actor: Actor) -> PayoutRead:
    """Approves one payout: the same code as approving many."""
    actor.require(Permission.PAYOUTS_APPROVE)
    common.lock_payouts(session, [payout_id])
    plan = _plan(session, [payout_id], actor, data.override_reason)
    common.refuse(plan.verdicts[0])
    _approve(session, [payout_id], actor, data.override_reason)
    return get_payout(session, payout_id)


def _plan(session: Session, ids: Sequence[int], actor: Actor, override_reason: str | None) -> Plan:
    payouts = PAYOUTS.some(session, ids)
    findings = check_beneficiaries(session, ids)
    hindrances = _hindrances(session, ids, actor)
    verdicts = common.missing(ids, payouts)
    for payout in payouts:
        found, hindrance = findings.get(payout.id, []), hindrances.get(payout.id)
        code, reason = _judge(payout, found, actor, hindrance, override_reason)
        verdicts.append(_verdict(payout, code, reason, found))
    accepted = {verdict.id for verdict in verdicts if verdict.ok}
    chosen = [payout for payout in payouts if payout.id in accepted]
    return make_plan(
        verdicts,
        {
            "count": len(chosen),
            "net_amount": f"{sum((p.net_amount for p in chosen), Decimal(0)):.2f}",
            "final": sum(_is_final(payout) for payout in chosen),
            "refused": len(verdicts) - len(chosen),
        },
    )


def _hindrances(session: Session, ids: Sequence[int], actor: Actor) -> dict[int, tuple[str, str]]:
    """What other records say against an approval: code and sentence, by payout."""
    mine = "You approved this one: it takes a second, different approver."
    others = find_hindrances(session, ids)
    return others | dict.fromkeys(common.approved_by(session, ids, actor.person), ("already", mine))


def _judge(
    payout: PayoutRead,
    findings: Sequence[BeneficiaryCheck],
    actor: Actor,
    hindrance: tuple[str, str] | None,
    override_reason: str | None,
) -> tuple[str, str]:
    """The verdict's code and sentence; ``approve`` and ``first`` are the ones that go on."""
    blocks = [check.sentence for check in findings if check.level is CheckLevel.BLOCK]
    if payout.status not in AWAITING_APPROVAL:
        return "state", f"{payout.payout_code} is {payout.status}: only a pending one is approved."
    if payout.created_by == actor.person:
        return "maker", "The maker of a payout cannot approve it: ask another approver."
    if hindrance is not None:
        return hindrance
    if blocks and not override_reason:
        return "blocked", " ".join([*blocks, "Approve with a reason to override."])
    warnings = " ".join(check.sentence for check in findings)
    if _is_final(payout):
        return "approve", f"Will be approved. {warnings}".strip()
    needed = payout.approvals_needed
    return "first", f"Takes {needed} approvals: this is the first. {warnings}".strip()


def _verdict(
    payout: PayoutRead, code: str, reason: str, findings: Sequence[BeneficiaryCheck]
) -> Verdict:
    # Version and approvals tell every change of the payout; findings also depend on others.
    state = (payout.version, payout.approvals, *(check.code for check in findings))
    return Verdict(
        id=payout.id,
        label=f"{common.label_of(payout)} · {naira(payout.net_amount)}",
        ok=code in ("approve", "first"),
        code=code,
        reason=reason,
        state="|".join(map(str, state)),
    )


def _is_final(payout: PayoutRead) -> bool:
    return payout.approvals + 1 >= payout.approvals_needed


def _outcome(payout: PayoutRead, approved: bool) -> str:
    if approved:
        return "approved"
    return f"{payout.status} ({payout.approvals + 1} of {payout.approvals_needed} approvals)"


def _approve(
    session: Session, ids: Sequence[int], actor: Actor, override_reason: str | None
) -> set[int]:
    """Adds this approver's approvals and approves those that now have enough; gives their ids."""
    # The reason stands only where there was something to override.
    reason = literal(override_reason, type_=PayoutApproval.override_reason.type)
    approvals = select(
        Payout.id,
        literal(actor.person),
        literal(actor.name),
        Payout.digest,
        case((Payout.id.in_(_blocked(session, ids)), reason)) if override_reason else reason,
    ).where(Payout.id.in_(ids))
    columns = ["payout_id", "approver", "approver_name", "digest", "override_reason"]
    live = (
        select(func.count())
        .where(PayoutApproval.payout_id == Payout.id, PayoutApproval.voided_at.is_(None))
        .scalar_subquery()
    )
    enough = live >= func.crm_payout_approvals_needed(Payout.net_amount)
    with common.refusing():
        session.execute(insert(PayoutApproval).from_select(columns, approvals))
        approved = session.scalars(
            update(Payout)
            .where(Payout.id.in_(ids), enough)
            .values(
                status=PayoutStatus.APPROVED.value,
                status_reason=None,
                approved_by=actor.person,
                approved_at=utc_now(),
                # After a conclusive failure the next attempt gets a reference of its own.
                payment_reference=_fresh_reference(),
                bank_reference=None,
                file_id=None,
            )
            .returning(Payout.id),
            execution_options=common.VALUES,
        )
        return set(approved)


def _blocked(session: Session, ids: Sequence[int]) -> list[int]:
    return [
        payout_id
        for payout_id, findings in check_beneficiaries(session, ids).items()
        if any(check.level is CheckLevel.BLOCK for check in findings)
    ]


def _fresh_reference() -> ColumnElement[str]:
    return case(
        (Payout.status == PayoutStatus.FAILED.value, func.crm_payment_reference()),
        else_=Payout.payment_reference,
    )

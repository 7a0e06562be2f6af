"""What the bank did: paid, failed, no answer, came back; by hand, or from its statement."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from sqlalchemy import insert, literal, select, update
from sqlalchemy.orm import Session

from crm_core.base.acts import Act
from crm_core.base.errors import Conflict, Invalid
from crm_core.base.money import naira
from crm_core.base.preflight import MOST, Plan, Receipt, Verdict, make_plan
from crm_core.payouts.models import Payout, PayoutAttempt
from crm_core.payouts.queries import PAYOUTS, get_payout
from crm_core.payouts.schemas import (
    Because,
    Payment,
    PaymentLine,
    PayoutRead,
    PayoutStatus,
    Settlement,
)
from crm_core.payouts.service import common, concluding
from crm_core.payouts.transfers import guarding
from crm_core.people.schemas import Actor, Permission

_PAYABLE = (PayoutStatus.APPROVED, PayoutStatus.PROCESSING)


def plan_payment(session: Session, lines: Sequence[PaymentLine], *, actor: Actor) -> Plan:
    """What marking these payments would do; a line is matched by its payment reference.

    Lines that match no payout get the negative of their position (from 1) as id.
    """
    actor.require(Permission.PAYOUTS_PAY)
    matched = _matched(session, lines)
    return _plan(lines, matched, _stopped(session, matched))


def commit_payment(
    session: Session, fingerprint: str, lines: Sequence[PaymentLine], *, actor: Actor
) -> Receipt:
    """Marks what was shown as paid, each payout once."""
    actor.require(Permission.PAYOUTS_PAY)
    common.lock_payouts(session, _ids(_matched(session, lines)))
    matched = _matched(session, lines)
    now = _plan(lines, matched, _stopped(session, matched))
    act = Act("payout_payment", "Payments marked", fingerprint, actor)
    accepted, refused = act.accepted_now(now)
    references = {
        matched[line.payment_reference].id: line.bank_reference
        # Backwards, so that the first of two lines counts: the second was refused.
        for line in reversed(lines)
        if line.payment_reference in matched
    }
    payouts = PAYOUTS.some(session, accepted)
    _pay(session, {payout_id: references[payout_id] for payout_id in accepted})
    net = sum((payout.net_amount for payout in payouts), Decimal(0))
    return act.conclude(
        session,
        changed=[common.change_of(payout, "paid") for payout in payouts],
        refused=refused,
        totals={"paid": str(len(payouts)), "net_amount": f"{net:.2f}"},
    )


def pay_payout(session: Session, payout_id: int, data: Payment, *, actor: Actor) -> PayoutRead:
    """Marks one payout as paid with the bank's reference."""
    actor.require(Permission.PAYOUTS_PAY)
    payout = common.lock_payout(session, payout_id)
    guarding.refuse_held(session, payout)
    common.refuse(_verdict(payout, None))
    _pay(session, {payout_id: data.bank_reference})
    return get_payout(session, payout_id)


def fail_payout(session: Session, payout_id: int, data: Because, *, actor: Actor) -> PayoutRead:
    """The bank refused for good; paying again takes a new approval and a new reference."""
    actor.require(Permission.PAYOUTS_PAY)
    payout = common.lock_payout(session, payout_id)
    if payout.status is PayoutStatus.UNKNOWN:
        raise Conflict(f"{payout.payout_code} is unknown: check with the bank and settle it.")
    guarding.withdraw(session, payout)
    return concluding.leave(session, payout_id, PayoutStatus.FAILED, data.reason)


def suspend_payout(session: Session, payout_id: int, data: Because, *, actor: Actor) -> PayoutRead:
    """The bank did not answer: locked until a check with it finds out what happened."""
    actor.require(Permission.PAYOUTS_PAY)
    guarding.refuse_held(session, common.lock_payout(session, payout_id))
    return concluding.leave(session, payout_id, PayoutStatus.UNKNOWN, data.reason)


def settle_payout(
    session: Session, payout_id: int, data: Settlement, *, actor: Actor
) -> PayoutRead:
    """What a check with the bank found out about a payment that it had not answered."""
    actor.require(Permission.PAYOUTS_PAY)
    payout = common.lock_payout(session, payout_id)
    if payout.status is not PayoutStatus.UNKNOWN:
        raise Conflict(f"{payout.payout_code} is {payout.status}: there is nothing to settle.")
    if data.outcome == "paid" and data.bank_reference is None:
        raise Invalid.field("bank_reference", "Give the bank's reference of the payment.")
    guarding.settle_by_hand(session, payout, data.reason, actor=actor)
    if data.outcome == "failed" or data.bank_reference is None:
        return concluding.leave(session, payout_id, PayoutStatus.FAILED, data.reason)
    concluding.mark_paid(session, {payout_id: data.bank_reference})
    return get_payout(session, payout_id)


def reverse_payout(session: Session, payout_id: int, data: Because, *, actor: Actor) -> PayoutRead:
    """The money came back; it leaves the owner's lifetime value again."""
    actor.require(Permission.PAYOUTS_PAY)
    payout = common.lock_payout(session, payout_id)
    common.refuse_transition(payout, PayoutStatus.REVERSED)
    session.execute(
        update(Payout)
        .where(Payout.id == payout_id)
        .values(status=PayoutStatus.REVERSED.value, status_reason=data.reason)
    )
    return get_payout(session, payout_id)


def _matched(session: Session, lines: Sequence[PaymentLine]) -> Mapping[str, PayoutRead]:
    if not lines:
        raise Invalid.field("lines", "Give at least one payment.")
    if len(lines) > MOST:
        raise Invalid.field("lines", f"Give at most {MOST:,} payments at once.")
    references = [line.payment_reference for line in lines]
    ids = session.scalars(select(Payout.id).where(Payout.payment_reference.in_(references))).all()
    return {payout.payment_reference: payout for payout in PAYOUTS.some(session, ids)}


def _ids(matched: Mapping[str, PayoutRead]) -> list[int]:
    return [payout.id for payout in matched.values()]


def _stopped(session: Session, matched: Mapping[str, PayoutRead]) -> Mapping[int, tuple[str, str]]:
    """Which of these a transfer keeps from being paid: code and sentence."""
    ids = _ids(matched)
    frozen = guarding.frozen(session, ids).items()
    held = guarding.held(session, ids).items()
    return {
        **{one: ("frozen", f"It is frozen: {reason}") for one, reason in frozen},
        **{one: ("transfer", sentence) for one, sentence in held},
    }


def _plan(
    lines: Sequence[PaymentLine],
    matched: Mapping[str, PayoutRead],
    stopped: Mapping[int, tuple[str, str]],
) -> Plan:
    seen: set[str] = set()
    verdicts: list[Verdict] = []
    for position, line in enumerate(lines, start=1):
        payout = matched.get(line.payment_reference)
        if payout is None:
            verdicts.append(_unmatched(position, line, "no payout has this reference"))
        elif line.payment_reference in seen:
            verdicts.append(_unmatched(position, line, "the reference comes twice in this list"))
        else:
            verdicts.append(_verdict(payout, line, stopped.get(payout.id)))
        seen.add(line.payment_reference)
    accepted = {verdict.id for verdict in verdicts if verdict.ok}
    net = sum((p.net_amount for p in matched.values() if p.id in accepted), Decimal(0))
    refused = len(verdicts) - len(accepted)
    return make_plan(
        verdicts, {"count": len(accepted), "net_amount": f"{net:.2f}", "refused": refused}
    )


def _verdict(
    payout: PayoutRead, line: PaymentLine | None, stopped: tuple[str, str] | None = None
) -> Verdict:
    code, reason = stopped or _judge(payout, line)
    return Verdict(
        id=payout.id,
        label=f"{common.label_of(payout)} · {naira(payout.net_amount)}",
        ok=code == "pay",
        code=code,
        reason=reason,
        # What the bank says was shown too: another reference is another payment.
        state=f"{payout.version}|{line.bank_reference}|{line.amount}" if line else "",
    )


def _judge(payout: PayoutRead, line: PaymentLine | None) -> tuple[str, str]:
    if payout.status not in _PAYABLE:
        return "state", f"{payout.payout_code} is {payout.status}: not payable."
    if line is not None and line.amount is not None and line.amount != payout.net_amount:
        return "amount", f"The bank says {naira(line.amount)}, we say {naira(payout.net_amount)}."
    return "pay", "Will be marked as paid."


def _unmatched(position: int, line: PaymentLine, why: str) -> Verdict:
    return Verdict(
        id=-position,
        label=f"Line {position}: {line.payment_reference[:50]}",
        ok=False,
        code="unmatched",
        reason=f"Left out: {why}.",
    )


def _pay(session: Session, references: Mapping[int, str]) -> None:
    """Approved ones begin an attempt by hand first: every payment has an attempt of its own."""
    ids = list(references)
    approved = Payout.id.in_(ids), Payout.status == PayoutStatus.APPROVED.value
    columns = ["payout_id", "reference", "method"]
    begun = select(Payout.id, Payout.payment_reference, literal("by_hand")).where(*approved)
    with common.refusing():
        session.execute(insert(PayoutAttempt).from_select(columns, begun))
        session.execute(
            update(Payout).where(*approved).values(status=PayoutStatus.PROCESSING.value),
            execution_options=common.VALUES,
        )
    concluding.mark_paid(session, references)

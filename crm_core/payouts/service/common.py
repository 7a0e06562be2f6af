"""What every command on payouts shares: locking in one order, refusing, writing the receipt."""

from collections.abc import Sequence
from contextlib import AbstractContextManager

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.base import acts
from crm_core.base.db import refusing_violations
from crm_core.base.errors import Conflict, Forbidden, NotFound
from crm_core.base.preflight import Change, Verdict
from crm_core.owners.models import Owner
from crm_core.payouts.models import Payout, PayoutApproval
from crm_core.payouts.queries import PAYOUTS
from crm_core.payouts.schemas import PayoutRead, PayoutStatus

VALUES = {"synchronize_session": False}


def lock_payouts(session: Session, payout_ids: Sequence[int]) -> None:
    """Locks the owners, then the payouts, each by id: one order for all, so nobody deadlocks."""
    owners = select(Payout.owner_id).where(Payout.id.in_(payout_ids))
    session.execute(
        select(Owner.id)
        .where(Owner.id.in_(owners))
        .order_by(Owner.id)
        .with_for_update(key_share=True)
    )
    session.execute(
        select(Payout.id).where(Payout.id.in_(payout_ids)).order_by(Payout.id).with_for_update()
    )


def lock_payout(session: Session, payout_id: int) -> PayoutRead:
    """The payout as it is, locked until the transaction ends; ``NotFound`` where there is none."""
    lock_payouts(session, [payout_id])
    return PAYOUTS.one(session, payout_id)


def approved_by(session: Session, payout_ids: Sequence[int], person: str) -> set[int]:
    """Which of these this person has approved, by an approval that still counts."""
    return set(
        session.scalars(
            select(PayoutApproval.payout_id).where(
                PayoutApproval.payout_id.in_(payout_ids),
                PayoutApproval.approver == person,
                PayoutApproval.voided_at.is_(None),
            )
        )
    )


def missing(payout_ids: Sequence[int], found: Sequence[PayoutRead]) -> list[Verdict]:
    """Verdicts about the ids that no payout has."""
    return acts.not_found(payout_ids, (payout.id for payout in found), "payout")


def refuse(verdict: Verdict) -> None:
    """Raises the refusal that a verdict stands for; a single act is a bulk act of one."""
    if verdict.ok:
        return
    kinds = {"not_found": NotFound, "maker": Forbidden}
    raise kinds.get(verdict.code, Conflict)(verdict.reason)


def refuse_transition(payout: PayoutRead, wanted: PayoutStatus) -> None:
    """Raises ``Conflict`` where the rules do not let the payout go there from where it is."""
    if not payout.status.can_become(wanted):
        raise Conflict(f"{payout.payout_code} is {payout.status}: it cannot become {wanted}.")


def change_of(payout: PayoutRead, after: str) -> Change:
    """One line of a receipt."""
    return Change(
        id=payout.id,
        label=f"{payout.payout_code} · {payout.owner_name}",
        before=payout.status,
        after=after,
        amount=f"{payout.net_amount:.2f}",
    )


def label_of(payout: PayoutRead) -> str:
    """How a payout is called in a verdict."""
    return f"{payout.payout_code} · {payout.owner_name}"


def refusing() -> AbstractContextManager[None]:
    """What the database's own rules say, in words."""
    return refusing_violations(
        ex_crm_payouts_one_live="This owner has a live payout for this contract and period.",
        fk_crm_payouts_owner_id="There is no such owner.",
        fk_crm_payouts_contract_id="There is no such contract.",
        payout_transition="This is not possible in the payout's present state.",
        payout_frozen="The payout is frozen until somebody has looked into its transfer.",
        payout_locked="What was sent to the bank cannot be changed.",
        payout_approvals="This payout takes another approver first.",
        payout_maker="The maker of a payout cannot approve it.",
        payout_digest="The payout changed since you looked: look at it again.",
        uq_crm_payout_approvals_live="You approved this payout already.",
        uq_crm_payout_attempts_open="A payment of this payout is under way.",
    )

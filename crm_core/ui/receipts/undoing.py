"""Which receipts can be undone, by whom, and how: a line a kind."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from crm_core.base.preflight import Plan, Receipt, ReceiptRead
from crm_core.loyalty import merging
from crm_core.loyalty.merging.schemas import MergeUndo, MergeUndoCommit
from crm_core.payouts import service as payouts
from crm_core.people.schemas import Actor, Permission
from crm_core.ui.plans import View


@dataclass(frozen=True)
class Undoing:
    """How receipts of one kind are undone.

    Attributes:
        label: of the button that asks for the plan.
        view: how the plan reads.
    """

    label: str
    needs: Permission
    view: View
    plan: Callable[[Session, ReceiptRead, Actor], Plan]
    commit: Callable[[Session, ReceiptRead, Plan, Actor], Receipt]

    def offered(self, receipt: ReceiptRead, actor: Actor) -> bool:
        """Whether this person may ask for it."""
        return receipt.undone_at is None and bool(receipt.changed) and actor.may(self.needs)


def _plan_approval(session: Session, receipt: ReceiptRead, actor: Actor) -> Plan:
    return payouts.plan_undo(session, [change.id for change in receipt.changed], actor=actor)


def _undo_approval(session: Session, receipt: ReceiptRead, plan: Plan, actor: Actor) -> Receipt:
    ids = [verdict.id for verdict in plan.verdicts]
    return payouts.commit_undo(session, plan.fingerprint, ids, actor=actor, receipt_id=receipt.id)


def _plan_merge(session: Session, receipt: ReceiptRead, actor: Actor) -> Plan:
    return merging.plan_merge_undo(session, MergeUndo(receipt_id=receipt.id), actor=actor)


def _undo_merge(session: Session, receipt: ReceiptRead, plan: Plan, actor: Actor) -> Receipt:
    data = MergeUndoCommit(receipt_id=receipt.id, fingerprint=plan.fingerprint)
    return merging.commit_merge_undo(session, data, actor=actor)


UNDOINGS: dict[str, Undoing] = {
    "payout_approval": Undoing(
        label="Undo the approval",
        needs=Permission.PAYOUTS_APPROVE,
        view=View(
            title="Look before the approvals are undone",
            totals={"count": "Will wait for approval again"},
            verb="Undo the approval of {}",
        ),
        plan=_plan_approval,
        commit=_undo_approval,
    ),
    merging.KIND: Undoing(
        label="Undo the merge",
        needs=Permission.PATIENTS_WRITE,
        view=View(
            title="Look before the merge is undone",
            totals={"points_moved": "Points that go back", "stays": "Was merged into"},
            verb="Make {} its own again",
            noun="record",
        ),
        plan=_plan_merge,
        commit=_undo_merge,
    ),
}

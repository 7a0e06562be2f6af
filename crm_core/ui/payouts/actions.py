"""What a person may do with one payout in its present state; each behind a form."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st
from sqlalchemy.orm import Session

from crm_core.payouts import service
from crm_core.payouts.schemas import (
    AWAITING_APPROVAL,
    ApprovalRead,
    Because,
    DeductionRead,
    Payment,
    PayoutRead,
    Settlement,
)
from crm_core.payouts.schemas import PayoutStatus as Status
from crm_core.payouts.transfers.configured import gateway
from crm_core.payouts.transfers.schemas import (
    UNDER_WAY,
    TransferRead,
    TransferState,
    TransferStory,
)
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, asking, plans
from crm_core.ui.forms import Form
from crm_core.ui.page import act, load
from crm_core.ui.payouts import editing, queue

Write = Callable[[Session, int, Because], object]


@dataclass(frozen=True)
class _Record:
    actor: Actor
    payout: PayoutRead
    approvals: Sequence[ApprovalRead]
    deductions: Sequence[DeductionRead]
    transfer: TransferRead | None


@dataclass(frozen=True)
class _Action:
    """A thing to do: what it is called, from which states, with which permission, and its form."""

    label: str
    states: Sequence[Status]
    needs: Permission
    draw: Callable[[_Record], None]


def show(
    actor: Actor,
    payout: PayoutRead,
    approvals: Sequence[ApprovalRead],
    deductions: Sequence[DeductionRead],
    story: TransferStory,
) -> None:
    """The actions that are open to this person, and the form of the one that is chosen."""
    under_way = next((each for each in story.transfers if each.state in UNDER_WAY), None)
    record = _Record(actor, payout, approvals, deductions, under_way)
    if asked := _ACTIONS.get(st.query_params.get("do", "")):
        asking.step(actor, asked.needs, asked=True)
    allowed = {name: action for name, action in _ACTIONS.items() if _is_open(name, action, record)}
    if not allowed:
        return
    with st.container(border=True, key="actions"):
        st.subheader("What to do", anchor=False)
        chosen = address_bar.doing({name: action.label for name, action in allowed.items()})
        if chosen:
            allowed[chosen].draw(record)


def reveal(session: Session, payout_id: int, why: str, actor: Actor) -> str:
    """The whole account number; the reason must be one."""
    reason = Because(reason=why).reason
    return service.reveal_account(session, payout_id, why=reason, actor=actor)


def _is_open(name: str, action: _Action, record: _Record) -> bool:
    if not record.actor.may(action.needs):
        return False
    if name == "undo":
        return record.payout.status is Status.APPROVED or _has_approved(record)
    if name == "approve" and _has_approved(record):
        return False
    if name in _TRANSFER_FORBIDS and record.transfer is not None:
        return name == "settle" and (record.transfer.frozen or gateway() is None)
    if name == "call-back":
        return _never_sent(record.transfer)
    return record.payout.status in action.states


def _never_sent(transfer: TransferRead | None) -> bool:
    return transfer is not None and transfer.state is TransferState.QUEUED and not transfer.sends


def _has_approved(record: _Record) -> bool:
    waits = record.payout.status in AWAITING_APPROVAL
    person = record.actor.person
    return waits and any(a.approver == person and a.voided_at is None for a in record.approvals)


def _approve(record: _Record) -> None:
    if record.payout.created_by == record.actor.person:
        st.text("You made this payout, so somebody else decides: ask another approver.")
    elif st.button("Look and approve", type="primary", key="approve-this"):
        queue.plan(record.actor, [record.payout.id])


def _because(name: str, button: str, done: str, write: str) -> Callable[[_Record], None]:
    """A form with a reason in front of a command that takes one."""

    def draw(record: _Record) -> None:
        form = Form(f"{name}-{record.payout.id}", border=False)
        with form:
            form.reason()
            sent = form.submit(button)
        if sent:
            command: Callable[..., object] = getattr(service, write)
            why = str(form.values["reason"])
            with act(done, why=why, once=form.token) as session:
                data = Because.model_validate(form.values)
                command(session, record.payout.id, data, actor=record.actor)

    return draw


def _pay(record: _Record) -> None:
    form = Form(f"pay-{record.payout.id}", border=False)
    with form:
        form.text("bank_reference", "The bank's reference of the payment")
        sent = form.submit("Mark as paid")
    if sent:
        with act("Marked as paid", once=form.token) as session:
            data = Payment.model_validate(form.given())
            service.pay_payout(session, record.payout.id, data, actor=record.actor)


def _settle(record: _Record) -> None:
    form = Form(f"settle-{record.payout.id}", border=False)
    with form:
        outcomes = {"paid": "It was paid", "failed": "It failed for good"}
        form.choice("outcome", "What the bank says", outcomes)
        form.text("bank_reference", "The bank's reference, where it was paid")
        form.reason("How you found out")
        sent = form.submit("Settle")
    if sent:
        why = str(form.values["reason"])
        with act("Settled", why=why, once=form.token) as session:
            data = Settlement.model_validate(form.given())
            service.settle_payout(session, record.payout.id, data, actor=record.actor)


def _undo(record: _Record) -> None:
    st.text("The payout waits for approval again; the approvals taken back stay in the history.")
    if not st.button("Undo the approval", type="primary", key="undo-approval"):
        return
    ids = [record.payout.id]
    with load() as session:
        plan = service.plan_undo(session, ids, actor=record.actor)
    with plans.committing("undo", "The receipt says what was undone") as done:
        done.keep(service.commit_undo(done.session, plan.fingerprint, ids, actor=record.actor))


def _edit(record: _Record) -> None:
    editing.edit(record.actor, record.payout, record.deductions)


# The provider's word settles a transfer that is under way, and nothing else does.
_TRANSFER_FORBIDS = {"pay", "fail", "suspend", "settle"}
_ACTIONS = {
    "approve": _Action("Approve", AWAITING_APPROVAL, Permission.PAYOUTS_APPROVE, _approve),
    "reject": _Action(
        "Reject",
        [Status.PENDING],
        Permission.PAYOUTS_APPROVE,
        _because("reject", "Reject", "Rejected: its maker reads why", "reject_payout"),
    ),
    "undo": _Action("Undo the approval", [], Permission.PAYOUTS_APPROVE, _undo),
    "pay": _Action(
        "Mark as paid", [Status.APPROVED, Status.PROCESSING], Permission.PAYOUTS_PAY, _pay
    ),
    "fail": _Action(
        "The bank refused it",
        [Status.PROCESSING],
        Permission.PAYOUTS_PAY,
        _because("fail", "It failed for good", "Failed: it may be approved again", "fail_payout"),
    ),
    "call-back": _Action(
        "Call the transfer back",
        [Status.PROCESSING],
        Permission.PAYOUTS_PAY,
        _because(
            "call-back", "Call it back", "Called back: it may be approved again", "fail_payout"
        ),
    ),
    "suspend": _Action(
        "The bank did not answer",
        [Status.PROCESSING],
        Permission.PAYOUTS_PAY,
        _because(
            "suspend", "Lock until the bank answers", "Locked until it is settled", "suspend_payout"
        ),
    ),
    "settle": _Action("Settle", [Status.UNKNOWN], Permission.PAYOUTS_PAY, _settle),
    "reverse": _Action(
        "The money came back",
        [Status.PAID],
        Permission.PAYOUTS_PAY,
        _because("reverse", "Reverse the payment", "Reversed", "reverse_payout"),
    ),
    "edit": _Action(
        "Edit",
        [Status.PENDING, Status.APPROVED, Status.FAILED],
        Permission.PAYOUTS_MAKE,
        _edit,
    ),
    "cancel": _Action(
        "Cancel",
        [Status.PENDING, Status.APPROVED],
        Permission.PAYOUTS_MAKE,
        _because("cancel", "Cancel the payout", "Cancelled", "cancel_payout"),
    ),
}

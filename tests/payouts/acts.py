"""What the tests of payouts do over and over: people, payouts in a state, plans and commits."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.clock import add_months, lagos_today, month_end, month_start
from crm_core.base.preflight import Receipt
from crm_core.payouts import queries, service
from crm_core.payouts.schemas import (
    Approval,
    Because,
    Payment,
    PaymentLine,
    PayoutCreate,
    PayoutRead,
    PayoutStatus,
    Settlement,
)
from crm_core.people.schemas import Actor, Role
from tests.make import make_actor
from tests.make_business import APPROVER, FINANCE, make_owner

SECOND = make_actor(Role.APPROVER)
BOTH = make_actor(Role.FINANCE, Role.APPROVER)
BECAUSE = Because(reason="for this reason")
THRESHOLD = Decimal("10000000.00")


def new(
    session: Session, gross: str = "100000", *, actor: Actor = FINANCE, **more: object
) -> PayoutRead:
    """A pending payout of a new owner, for last month."""
    return create(session, make_owner(session).id, {"gross_revenue": gross} | more, actor=actor)


def create(
    session: Session,
    owner_id: int,
    more: Mapping[str, object] | None = None,
    *,
    actor: Actor = FINANCE,
) -> PayoutRead:
    """A payout for last month, of 100,000 unless said otherwise."""
    month = add_months(month_start(lagos_today()), -1)
    asked: dict[str, object] = {
        "owner_id": owner_id,
        "period_start": month,
        "period_end": month_end(month),
        "gross_revenue": "100000",
    }
    asked |= more or {}
    asked.setdefault("net_amount", asked["gross_revenue"])
    return service.create_payout(session, PayoutCreate.model_validate(asked), actor=actor)


def get(session: Session, payout_id: int) -> PayoutRead:
    """The payout as it is."""
    return queries.get_payout(session, payout_id)


def approve(session: Session, payout_id: int, actor: Actor = APPROVER) -> PayoutRead:
    """One approval."""
    return service.approve_payout(session, payout_id, Approval(), actor=actor)


def approve_many(session: Session, ids: Sequence[int], actor: Actor = APPROVER) -> Receipt:
    """A plan and its commit, one after the other."""
    plan = service.plan_approval(session, ids, actor=actor)
    return service.commit_approval(session, plan.fingerprint, ids, actor=actor)


def send(session: Session, *ids: int, by: Actor = FINANCE) -> int:
    """A bank file of these; gives the file's id."""
    plan = service.plan_file(session, ids, actor=by)
    service.commit_file(session, plan.fingerprint, ids, actor=by)
    file_id = get(session, ids[0]).file_id
    assert file_id is not None
    return file_id


def pay(session: Session, payout_id: int) -> PayoutRead:
    """Paid, as the bank says."""
    payment = Payment(bank_reference=f"NIP{payout_id}")
    return service.pay_payout(session, payout_id, payment, actor=FINANCE)


def line(payout: PayoutRead, reference: str = "NIP1", amount: Decimal | None = None) -> PaymentLine:
    """A line of the bank's statement about this payout."""
    return PaymentLine(
        payment_reference=payout.payment_reference, bank_reference=reference, amount=amount
    )


def commit_lines(session: Session, *lines: PaymentLine) -> Receipt:
    """The statement's lines, planned and committed."""
    plan = service.plan_payment(session, lines, actor=FINANCE)
    return service.commit_payment(session, plan.fingerprint, lines, actor=FINANCE)


def undo(session: Session, *ids: int, actor: Actor = APPROVER) -> Receipt:
    """Approvals taken back."""
    plan = service.plan_undo(session, ids, actor=actor)
    return service.commit_undo(session, plan.fingerprint, ids, actor=actor)


class Act(Protocol):
    """One thing that a person does to a payout."""

    def __call__(self, session: Session, payout_id: int, by: Actor | None = None) -> object: ...


def _act(command: Callable[..., object], data: BaseModel, usual: Actor) -> Act:
    def run(session: Session, payout_id: int, by: Actor | None = None) -> object:
        return command(session, payout_id, data, actor=by or usual)

    return run


def _send(session: Session, payout_id: int, by: Actor | None = None) -> object:
    return send(session, payout_id, by=by or FINANCE)


_FAILED = Settlement(outcome="failed", reason="they said no")
_PAID = Settlement(outcome="paid", bank_reference="NIP9", reason="they said yes")

ACTS: dict[str, Act] = {
    "approve": _act(service.approve_payout, Approval(), APPROVER),
    "reject": _act(service.reject_payout, BECAUSE, APPROVER),
    "cancel": _act(service.cancel_payout, BECAUSE, FINANCE),
    "send": _send,
    "pay": _act(service.pay_payout, Payment(bank_reference="NIP1"), FINANCE),
    "fail": _act(service.fail_payout, BECAUSE, FINANCE),
    "suspend": _act(service.suspend_payout, BECAUSE, FINANCE),
    "settle as paid": _act(service.settle_payout, _PAID, FINANCE),
    "settle as failed": _act(service.settle_payout, _FAILED, FINANCE),
    "reverse": _act(service.reverse_payout, BECAUSE, FINANCE),
}

LEADS: dict[str, dict[str, str]] = {
    "approve": {"pending": "approved", "failed": "approved"},
    "reject": {"pending": "rejected"},
    "cancel": {"pending": "cancelled", "approved": "cancelled"},
    "send": {"approved": "processing"},
    "pay": {"approved": "paid", "processing": "paid"},
    "fail": {"processing": "failed"},
    "suspend": {"processing": "unknown"},
    "settle as paid": {"unknown": "paid"},
    "settle as failed": {"unknown": "failed"},
    "reverse": {"paid": "reversed"},
}
"""The rules of the business, written out by hand: act → state before → state after."""

_WAYS: dict[str, tuple[str, ...]] = {
    "pending": (),
    "approved": ("approve",),
    "processing": ("approve", "send"),
    "paid": ("approve", "pay"),
    "failed": ("approve", "send", "fail"),
    "cancelled": ("cancel",),
    "rejected": ("reject",),
    "unknown": ("approve", "send", "suspend"),
    "reversed": ("approve", "pay", "reverse"),
}


def payout_in(session: Session, status: str) -> PayoutRead:
    """A new payout that went the shortest way to this state."""
    payout_id = new(session).id
    for act in _WAYS[status]:
        ACTS[act](session, payout_id)
    payout = get(session, payout_id)
    assert payout.status == PayoutStatus(status)
    return payout


def live_approvals(session: Session, payout_id: int) -> list[str]:
    """Who has approved the payout, by approvals that count."""
    found = queries.approvals_of(session, payout_id)
    return [approval.approver for approval in found if approval.voided_at is None]


def steps_of(session: Session, payout_id: int) -> list[tuple[str, str]]:
    """The payout's transitions as the history tells them."""
    found = session.execute(
        text(
            "SELECT before->>'status', after->>'status' FROM crm_history"
            " WHERE table_name = 'crm_payouts' AND record_id = :id AND action = 'update'"
            " AND after->>'status' IS NOT NULL ORDER BY id"
        ),
        {"id": payout_id},
    )
    return [(before, after) for before, after in found]

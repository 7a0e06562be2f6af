"""Payouts one by one: listing, making, correcting, approving, and what the bank did."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from crm_core.api.deps import CurrentActor, Db, ReadDb, ReaderDep, needs
from crm_core.api.responses import Done, Envelope, JsonText, Rows
from crm_core.api.route import Route
from crm_core.api.why import Why
from crm_core.base.words import RecordId
from crm_core.payouts import queries, service
from crm_core.payouts.checks import check_beneficiaries
from crm_core.payouts.schemas import (
    Approval,
    ApprovalRead,
    AttemptRead,
    Because,
    BeneficiaryCheck,
    DeductionRead,
    Payment,
    PayoutCreate,
    PayoutFilter,
    PayoutRead,
    PayoutStats,
    PayoutUpdate,
    Settlement,
)
from crm_core.people.schemas import Permission

router = APIRouter(
    prefix="/payouts",
    tags=["Payouts"],
    route_class=Route,
    dependencies=[needs(Permission.PAYOUTS_READ)],
)
PayoutId = Annotated[RecordId, Path()]


class PayoutDetails(BaseModel):
    """Everything about a payout that its page shows."""

    payout: PayoutRead
    deductions: list[DeductionRead]
    checks: list[BeneficiaryCheck]
    approvals: list[ApprovalRead]
    attempts: list[AttemptRead]


class Revealed(BaseModel):
    """A whole account number."""

    account_number: str


@router.get("")
async def list_payouts(
    reader: ReaderDep, filters: Annotated[PayoutFilter, Query()]
) -> JsonText[Rows[PayoutRead]]:
    """Payouts, the newest first; an empty filter counts as not given, `statuses` may be several."""
    return JsonText(await queries.list_payouts(filters).fetch(reader))


@router.get("/stats")
def payout_stats(db: ReadDb) -> Envelope[PayoutStats]:
    """Every state in naira, what is past its due date, what was paid this month and last."""
    return Envelope(data=queries.payout_stats(db))


@router.post("", status_code=201)
def create_payout(db: Db, actor: CurrentActor, data: PayoutCreate) -> Done[PayoutRead]:
    """Makes a pending payout; somebody else approves it."""
    payout = service.create_payout(db, data, actor=actor)
    return Done(message="Payout created successfully", data=payout)


@router.get("/{payout_id}")
async def get_payout(reader: ReaderDep, payout_id: PayoutId) -> JsonText[Envelope[PayoutRead]]:
    """One payout."""
    return JsonText(await queries.PAYOUTS.find(payout_id).fetch(reader))


@router.get("/{payout_id}/details")
def payout_details(db: ReadDb, payout_id: PayoutId) -> Envelope[PayoutDetails]:
    """A payout with its deductions, beneficiary checks, approvals and payment attempts."""
    details = PayoutDetails(
        payout=queries.get_payout(db, payout_id),
        deductions=queries.deductions_of(db, [payout_id]),
        checks=check_beneficiaries(db, [payout_id]).get(payout_id, []),
        approvals=queries.approvals_of(db, payout_id),
        attempts=queries.attempts_of(db, payout_id),
    )
    return Envelope(data=details)


@router.put("/{payout_id}")
def update_payout(
    db: Db, actor: CurrentActor, payout_id: PayoutId, data: PayoutUpdate
) -> Done[PayoutRead]:
    """Corrects a payout before it is sent; an approval of what it was is void then."""
    payout = service.update_payout(db, payout_id, data, actor=actor)
    return Done(message="Payout updated successfully", data=payout)


@router.post("/{payout_id}/approve")
def approve_payout(
    db: Db, actor: CurrentActor, payout_id: PayoutId, data: Approval | None = None
) -> Done[PayoutRead]:
    """Approves a payout that somebody else made; large ones take two different approvers."""
    payout = service.approve_payout(db, payout_id, data or Approval(), actor=actor)
    return Done(message="Payout approved successfully", data=payout)


@router.post("/{payout_id}/reject")
def reject_payout(
    db: Db, actor: CurrentActor, payout_id: PayoutId, data: Because
) -> Done[PayoutRead]:
    """Turns a pending payout down."""
    payout = service.reject_payout(db, payout_id, data, actor=actor)
    return Done(message="Payout rejected", data=payout)


@router.post("/{payout_id}/cancel")
def cancel_payout(
    db: Db, actor: CurrentActor, payout_id: PayoutId, data: Because
) -> Done[PayoutRead]:
    """Withdraws a payout that is not being paid yet."""
    payout = service.cancel_payout(db, payout_id, data, actor=actor)
    return Done(message="Payout cancelled", data=payout)


@router.post("/{payout_id}/pay")
def pay_payout(db: Db, actor: CurrentActor, payout_id: PayoutId, data: Payment) -> Done[PayoutRead]:
    """Marks an approved payout as paid with the bank's reference."""
    payout = service.pay_payout(db, payout_id, data, actor=actor)
    return Done(message="Payout marked as paid", data=payout)


@router.post("/{payout_id}/fail")
def fail_payout(
    db: Db, actor: CurrentActor, payout_id: PayoutId, data: Because
) -> Done[PayoutRead]:
    """The bank refused for good; paying again takes a new approval."""
    payout = service.fail_payout(db, payout_id, data, actor=actor)
    return Done(message="Payout marked as failed", data=payout)


@router.post("/{payout_id}/suspend")
def suspend_payout(
    db: Db, actor: CurrentActor, payout_id: PayoutId, data: Because
) -> Done[PayoutRead]:
    """The bank did not answer: locked until a check with it settles the payout."""
    payout = service.suspend_payout(db, payout_id, data, actor=actor)
    return Done(message="Payout marked as unknown", data=payout)


@router.post("/{payout_id}/settle")
def settle_payout(
    db: Db, actor: CurrentActor, payout_id: PayoutId, data: Settlement
) -> Done[PayoutRead]:
    """What a check with the bank found out about a payment that it had not answered."""
    payout = service.settle_payout(db, payout_id, data, actor=actor)
    return Done(message="Payout settled", data=payout)


@router.post("/{payout_id}/reverse")
def reverse_payout(
    db: Db, actor: CurrentActor, payout_id: PayoutId, data: Because
) -> Done[PayoutRead]:
    """The money came back."""
    payout = service.reverse_payout(db, payout_id, data, actor=actor)
    return Done(message="Payout reversed", data=payout)


@router.post("/{payout_id}/reveal")
def reveal_account(
    db: Db, actor: CurrentActor, payout_id: PayoutId, data: Why
) -> Envelope[Revealed]:
    """The whole account number, for those who may; every reveal is in the history."""
    number = service.reveal_account(db, payout_id, why=data.reason, actor=actor)
    return Envelope(data=Revealed(account_number=number))

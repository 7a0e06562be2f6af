"""Payouts many at once: a plan of what would happen, then a commit of what was looked at."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.responses import Response

from crm_core.api.deps import CurrentActor, Db, ReadDb, needs
from crm_core.api.examples import STATEMENT
from crm_core.api.responses import Done, Envelope
from crm_core.api.route import Route
from crm_core.base.clock import DayOrMonth
from crm_core.base.preflight import Plan, Receipt
from crm_core.base.words import RecordId
from crm_core.payouts import bank_files, service
from crm_core.payouts.schemas import (
    ApprovalCommit,
    ApprovalSelection,
    Because,
    Commit,
    FileRead,
    PaymentLine,
    RejectionCommit,
    Selection,
)
from crm_core.payouts.statements import parse_statement
from crm_core.people.schemas import Permission

router = APIRouter(
    prefix="/payouts",
    tags=["Payouts in bulk"],
    route_class=Route,
    dependencies=[needs(Permission.PAYOUTS_READ)],
)
Fingerprint = Annotated[str, StringConstraints(max_length=50_000)]


class UndoCommit(Commit):
    """Approvals to take back, perhaps all of one receipt."""

    receipt_id: RecordId | None = None


class MonthPlan(BaseModel):
    """A month that has ended, by any of its days."""

    model_config = ConfigDict(extra="forbid")

    month: DayOrMonth


class MonthCommit(MonthPlan):
    """The month, with the fingerprint of the plan that was looked at."""

    fingerprint: Fingerprint


class PaymentPlan(BaseModel):
    """Payments that the bank made."""

    model_config = ConfigDict(extra="forbid")

    lines: list[PaymentLine] = Field(min_length=1, max_length=5000)


class PaymentCommit(PaymentPlan):
    """The same payments, with the fingerprint of the plan that was looked at."""

    fingerprint: Fingerprint


class StatementPlan(BaseModel):
    """A statement's payments of ours: commit them with `commit-payment`."""

    lines: list[PaymentLine]
    refused: list[str]
    plan: Plan | None


@router.post("/plan-approval")
def plan_approval(db: ReadDb, actor: CurrentActor, data: ApprovalSelection) -> Envelope[Plan]:
    """What approving these would do, one verdict a payout; changes nothing."""
    reason = data.override_reason
    plan = service.plan_approval(db, data.ids, actor=actor, override_reason=reason)
    return Envelope(data=plan)


@router.post("/commit-approval")
def commit_approval(db: Db, actor: CurrentActor, data: ApprovalCommit) -> Done[Receipt]:
    """Approves what the plan showed and has not changed since."""
    receipt = service.commit_approval(
        db, data.fingerprint, data.ids, actor=actor, override_reason=data.override_reason
    )
    return Done(message=f"{_payouts(receipt.changed)} approved", data=receipt)


@router.post("/plan-rejection")
def plan_rejection(db: ReadDb, actor: CurrentActor, data: Selection) -> Envelope[Plan]:
    """What rejecting these would do; only pending payouts are rejected."""
    return Envelope(data=service.plan_rejection(db, data.ids, actor=actor))


@router.post("/commit-rejection")
def commit_rejection(db: Db, actor: CurrentActor, data: RejectionCommit) -> Done[Receipt]:
    """Rejects what the plan showed and has not changed since, all for the same reason."""
    because = Because(reason=data.reason)
    receipt = service.commit_rejection(db, data.fingerprint, data.ids, because, actor=actor)
    return Done(message=f"{_payouts(receipt.changed)} rejected", data=receipt)


@router.post("/plan-undo")
def plan_undo(db: ReadDb, actor: CurrentActor, data: Selection) -> Envelope[Plan]:
    """What taking approvals back would do; lawful until the payment is under way."""
    return Envelope(data=service.plan_undo(db, data.ids, actor=actor))


@router.post("/commit-undo")
def commit_undo(db: Db, actor: CurrentActor, data: UndoCommit) -> Done[Receipt]:
    """Takes approvals back."""
    receipt = service.commit_undo(
        db, data.fingerprint, data.ids, actor=actor, receipt_id=data.receipt_id
    )
    return Done(message=f"Approval of {_payouts(receipt.changed)} undone", data=receipt)


@router.post("/plan-month")
def plan_month(db: ReadDb, actor: CurrentActor, data: MonthPlan) -> Envelope[Plan]:
    """Every owner's payout of a month from revenue and contract; an id is a contract's."""
    return Envelope(data=service.plan_month(db, data.month, actor=actor))


@router.post("/commit-month")
def commit_month(db: Db, actor: CurrentActor, data: MonthCommit) -> Done[Receipt]:
    """Makes the payouts that the plan showed."""
    receipt = service.commit_month(db, data.fingerprint, data.month, actor=actor)
    return Done(message=f"{_payouts(receipt.changed)} created", data=receipt)


@router.post("/plan-file")
def plan_file(db: ReadDb, actor: CurrentActor, data: Selection) -> Envelope[Plan]:
    """Which of these go into a bank upload file, with its control total."""
    return Envelope(data=service.plan_file(db, data.ids, actor=actor))


@router.post("/commit-file")
def commit_file(db: Db, actor: CurrentActor, data: Commit) -> Done[Receipt]:
    """Writes the file; its payouts are processing from now on."""
    receipt = service.commit_file(db, data.fingerprint, data.ids, actor=actor)
    return Done(message=f"Bank file of {_payouts(receipt.changed)} written", data=receipt)


@router.get("/files")
def list_files(db: ReadDb) -> Envelope[list[FileRead]]:
    """The latest fifty bank files, the newest first."""
    return Envelope(data=bank_files.list_files(db))


@router.get(
    "/files/{file_id}",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def download_file(db: Db, actor: CurrentActor, file_id: Annotated[RecordId, Path()]) -> Response:
    """The file itself, as it was written; every download is in the history."""
    file = service.bank_file_content(db, file_id, actor=actor)
    name = f'attachment; filename="{file.name}"'
    return Response(file.content, media_type="text/csv", headers={"Content-Disposition": name})


@router.post("/plan-payment")
def plan_payment(db: ReadDb, actor: CurrentActor, data: PaymentPlan) -> Envelope[Plan]:
    """What marking these payments would do; lines that match no payout have negative ids."""
    return Envelope(data=service.plan_payment(db, data.lines, actor=actor))


@router.post("/commit-payment")
def commit_payment(db: Db, actor: CurrentActor, data: PaymentCommit) -> Done[Receipt]:
    """Marks what the plan showed as paid."""
    receipt = service.commit_payment(db, data.fingerprint, data.lines, actor=actor)
    return Done(message=f"{_payouts(receipt.changed)} marked as paid", data=receipt)


async def _body(request: Request) -> bytes:
    return await request.body()


@router.post(
    "/plan-statement",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"text/csv": {"schema": {"type": "string"}, "example": STATEMENT}},
        }
    },
)
def plan_statement(
    db: ReadDb, actor: CurrentActor, content: Annotated[bytes, Depends(_body)]
) -> Envelope[StatementPlan]:
    """Reads a bank's statement (CSV as the body) and plans the payments found in it."""
    actor.require(Permission.PAYOUTS_PAY)
    found = parse_statement(content)
    plan = service.plan_payment(db, found.lines, actor=actor) if found.lines else None
    return Envelope(data=StatementPlan(lines=found.lines, refused=found.refused, plan=plan))


def _payouts(number: int) -> str:
    return "1 payout" if number == 1 else f"{number:,} payouts"

"""What people and the bank say about payouts: approvals, reasons, payments, choices."""

from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
)

from crm_core.base.echo import Echo
from crm_core.base.money import Naira
from crm_core.base.words import Line, Reason, RecordId
from crm_core.payouts.schemas.reading import PayoutRead


class Approval(Echo):
    """What an approver says: an override of a failing account check takes a reason.

    A payout's row may be sent along; nothing of it is looked at.
    """

    only_read: ClassVar[frozenset[str]] = frozenset(PayoutRead.model_fields)

    override_reason: Reason | None = None


class Because(BaseModel):
    """Why a payout is rejected, cancelled, failed or reversed."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class Payment(BaseModel):
    """The bank's reference for money that has gone."""

    model_config = ConfigDict(extra="forbid")

    bank_reference: Annotated[Line, Field(max_length=100)]


class PaymentLine(BaseModel):
    """One payment that the bank made: by hand, or a line of its statement."""

    model_config = ConfigDict(extra="forbid")

    payment_reference: Annotated[Line, Field(max_length=50)]
    bank_reference: Annotated[Line, Field(max_length=100)]
    amount: Naira | None = None


class Selection(BaseModel):
    """Records chosen for a bulk act."""

    model_config = ConfigDict(extra="forbid")

    ids: list[RecordId] = Field(min_length=1, max_length=5000)


class ApprovalSelection(Selection):
    """Payouts to approve; a reason overrides a failing account check."""

    override_reason: Reason | None = None


class Commit(Selection):
    """The same records, with the fingerprint of the plan that was looked at."""

    fingerprint: Annotated[str, StringConstraints(max_length=50_000)]


class ApprovalCommit(Commit):
    """An approval of what was looked at."""

    override_reason: Reason | None = None


class RejectionCommit(Commit):
    """A rejection of what was looked at, with the reason that the makers read."""

    reason: Reason


class RateCreate(BaseModel):
    """A rate from a day on; rates of the past stay as they were."""

    model_config = ConfigDict(extra="forbid")

    rate: Annotated[Decimal, Field(ge=0, lt=1, decimal_places=4)]
    holds_from: date


class Settlement(BaseModel):
    """What a check with the bank found out about an unanswered payment."""

    model_config = ConfigDict(extra="forbid")

    outcome: Literal["paid", "failed"]
    bank_reference: Annotated[Line, Field(max_length=100)] | None = None
    reason: Reason

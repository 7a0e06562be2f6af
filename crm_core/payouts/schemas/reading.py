"""What is read of payouts: rows, filters, checks, totals."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from crm_core.base.clock import DayOrMonth, Instant
from crm_core.base.money import Naira, NairaTotal
from crm_core.base.paging import PageRequest
from crm_core.base.words import Flag, Line, RecordId, Search
from crm_core.payouts.schemas.states import CheckLevel, DeductionKind, PaymentMethod, PayoutStatus


class DeductionRead(BaseModel):
    """A deduction; ``rate`` (a fraction) and its date are given for withholding tax."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    payout_id: int
    kind: DeductionKind
    description: str
    amount: Naira
    rate: Decimal | None
    rate_holds_from: date | None


class PayoutRead(BaseModel):
    """A payout; ``account_number`` is masked to its last four digits."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    payout_code: str
    owner_id: int
    owner_code: str
    owner_name: str
    contract_id: int | None
    period_start: date
    period_end: date
    due_on: date
    gross_revenue: Naira
    deductions: Naira
    net_amount: Naira
    status: PayoutStatus
    status_reason: str | None
    payment_method: PaymentMethod
    payment_reference: str
    bank_reference: str | None
    bank_code: str | None
    bank_name: str | None
    account_number: str | None
    account_name: str | None
    nuban_ok: bool | None
    approvals: int
    approvals_needed: int
    approved_by: str | None
    approved_at: Instant | None
    paid_at: Instant | None
    file_id: int | None
    notes: str | None
    created_by: str
    version: int
    created_at: Instant
    updated_at: Instant


class PayoutSort(StrEnum):
    """How payouts may be sorted."""

    NEWEST = "newest"
    DUE = "due"
    LARGEST = "largest"


class PayoutFilter(PageRequest):
    """Payouts by state, owner, month of the period, lateness, batch and words."""

    status: PayoutStatus | None = Field(None, description="Where the payout stands")
    statuses: tuple[PayoutStatus, ...] | None = Field(None, description="Any of these states")
    owner_id: RecordId | None = Field(None, description="Payouts to this owner")
    hospital_id: RecordId | None = Field(None, description="Payouts for this hospital")
    month: DayOrMonth | None = Field(
        None, description="The month that the period ends in, or any of its days"
    )
    overdue: Flag | None = Field(None, description="`true` for those past their due date only")
    not_made_by: str | None = Field(
        None, max_length=100, description="Leaves out what this person made (`staff:7`)"
    )
    state: Line | None = Field(None, description="Of the hospitals in this state")
    file_id: RecordId | None = Field(None, description="Payouts in this bank file")
    paid_month: DayOrMonth | None = Field(
        None, description="The month it was paid in, or any of its days"
    )
    search: Search | None = Field(
        None, description="Words of the owner's name or email, a payout's code, a reference"
    )
    sort: PayoutSort = Field(PayoutSort.NEWEST, description="The first due, or the largest, first")

    @property
    def search_code(self) -> str | None:
        """The beginning of a payout's code."""
        return self.search if self.search and self.search.lower().startswith("pay-") else None

    @property
    def search_reference(self) -> str | None:
        """A reference of ours or of the bank's, or an owner's code: all of them have digits."""
        has_digit = any(letter.isdigit() for letter in self.search or "")
        return self.search if has_digit and not self.search_code else None

    @property
    def search_words(self) -> str | None:
        """Words of the owner's name or email."""
        return None if self.search_code or self.search_reference else self.search


class BeneficiaryCheck(BaseModel):
    """Something about the beneficiary that an approver should see first."""

    model_config = ConfigDict(frozen=True)

    code: str
    level: CheckLevel
    sentence: str


class ApprovalRead(BaseModel):
    """One approval, also a voided one."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    payout_id: int
    approver: str
    approver_name: str
    override_reason: str | None
    created_at: Instant
    voided_at: Instant | None
    void_reason: str | None


class AttemptRead(BaseModel):
    """One try to pay; ``open`` until the bank has answered."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    payout_id: int
    reference: str
    method: str
    file_id: int | None
    outcome: Literal["open", "paid", "failed", "unknown"]
    bank_reference: str | None
    reason: str | None
    started_at: Instant
    concluded_at: Instant | None


class StatusTotal(BaseModel):
    """How many payouts and how much net are in a state."""

    model_config = ConfigDict(frozen=True)

    status: PayoutStatus
    count: int
    net_amount: NairaTotal


class PayoutStats(BaseModel):
    """The pipeline: every state, and what is past its due date."""

    model_config = ConfigDict(frozen=True)

    statuses: list[StatusTotal]
    overdue_count: int
    overdue_net: NairaTotal
    paid_this_month: NairaTotal
    paid_last_month: NairaTotal


class MonthTotal(BaseModel):
    """What was due and paid for the periods that end in a month."""

    model_config = ConfigDict(frozen=True)

    month: date
    status: PayoutStatus
    count: int
    net_amount: NairaTotal


class PayoutMonth(BaseModel):
    """Net of what was made for a month, was overdue at its end, and was paid in it."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    month: date
    made: NairaTotal
    overdue: NairaTotal
    paid: NairaTotal


class FileRead(BaseModel):
    """A bank upload file: what the bank must find in it."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    file_code: str
    payout_count: int
    control_total: NairaTotal
    digest: str
    created_by: str
    created_at: Instant
    paid: int
    open: int


class RateRead(BaseModel):
    """A withholding tax rate (a fraction) and the first day it holds."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    rate: Decimal
    holds_from: date

"""The words of the payouts domain, and the one table of their transitions."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from crm_core.base.clock import Instant
from crm_core.base.echo import Echo
from crm_core.base.money import Naira, NairaTotal
from crm_core.base.paging import PageRequest
from crm_core.base.words import Line, Prose, Reason, RecordId, Search
from crm_core.owners.banks import find_bank


class PayoutStatus(StrEnum):
    """Where a payout stands. ``unknown``: the bank did not answer, only a check leaves it."""

    PENDING = "pending"
    APPROVED = "approved"
    PROCESSING = "processing"
    PAID = "paid"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    REVERSED = "reversed"

    def can_become(self, other: "PayoutStatus") -> bool:
        """Whether the rules let a payout go from here to there in one step."""
        return other in TRANSITIONS[self]


_S = PayoutStatus
TRANSITIONS: dict[PayoutStatus, frozenset[PayoutStatus]] = {
    _S.PENDING: frozenset({_S.APPROVED, _S.REJECTED, _S.CANCELLED}),
    # Back to pending: an approval undone, or void because what it bound to was changed.
    _S.APPROVED: frozenset({_S.PROCESSING, _S.CANCELLED, _S.PENDING}),
    _S.PROCESSING: frozenset({_S.PAID, _S.FAILED, _S.UNKNOWN}),
    _S.UNKNOWN: frozenset({_S.PAID, _S.FAILED}),
    _S.FAILED: frozenset({_S.APPROVED}),
    _S.PAID: frozenset({_S.REVERSED}),
    _S.REJECTED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.REVERSED: frozenset(),
}

AWAITING_APPROVAL = (PayoutStatus.PENDING, PayoutStatus.FAILED)


class PaymentMethod(StrEnum):
    """How the money goes."""

    BANK_TRANSFER = "bank_transfer"
    CHEQUE = "cheque"
    MOBILE_MONEY = "mobile_money"


class DeductionKind(StrEnum):
    """What is taken off the gross."""

    WITHHOLDING_TAX = "withholding_tax"
    ADVANCE = "advance"
    FEE = "fee"
    OTHER = "other"


class DeductionCreate(BaseModel):
    """One item taken off the gross."""

    model_config = ConfigDict(extra="forbid")

    kind: DeductionKind
    description: Line
    amount: Naira


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


PeriodDay = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 12, 31))]
"""A day that a payout may be for: what lies beyond is a slip of the keyboard."""

AccountNumber = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[0-9]{10}$")]


def _known_bank(value: str | None) -> str | None:
    return None if value is None else find_bank(value).name


_ONLY_READ = frozenset(
    {
        "id",
        "payout_code",
        "owner_code",
        "owner_name",
        "due_on",
        "status",
        "status_reason",
        "payment_reference",
        "bank_reference",
        "bank_code",
        "nuban_ok",
        "approvals",
        "approvals_needed",
        "approved_by",
        "approved_at",
        "paid_at",
        "file_id",
        "created_by",
        "version",
        "created_at",
        "updated_at",
    }
)


class PayoutCreate(Echo):
    """A payout made by hand; bank details default to the owner's account and name.

    It is always pending, with a reference of its own: what else a row shows is ignored.
    """

    only_read: ClassVar[frozenset[str]] = _ONLY_READ

    owner_id: RecordId
    period_start: PeriodDay
    period_end: PeriodDay
    gross_revenue: Annotated[Naira, Field(gt=0)]
    deductions: Naira | None = None
    deduction_items: list[DeductionCreate] | None = Field(None, max_length=20)
    net_amount: Naira
    contract_id: RecordId | None = None
    bank_name: Line | None = None
    account_number: AccountNumber | None = None
    account_name: Line | None = None
    payment_method: PaymentMethod = PaymentMethod.BANK_TRANSFER
    notes: Prose | None = None

    @field_validator("period_end")
    @classmethod
    def ends_after_start(cls, value: date, info: ValidationInfo) -> date:
        """A period ends on or after its first day."""
        if "period_start" in info.data and value < info.data["period_start"]:
            raise ValueError("give an end on or after the start of the period")
        return value

    @field_validator("deduction_items")
    @classmethod
    def items_add_up(
        cls, value: list[DeductionCreate] | None, info: ValidationInfo
    ) -> list[DeductionCreate] | None:
        """Itemised deductions are the deductions."""
        total = info.data.get("deductions")
        if value is not None and total is not None and sum(i.amount for i in value) != total:
            raise ValueError("the items do not add up to the deductions")
        return value

    @field_validator("net_amount")
    @classmethod
    def net_is_gross_less_deductions(cls, value: Decimal, info: ValidationInfo) -> Decimal:
        """net = gross − deductions; without deductions given, they are the difference."""
        gross, taken = info.data.get("gross_revenue"), info.data.get("deductions")
        items = info.data.get("deduction_items")
        if gross is None:
            return value
        if taken is None and items is not None:
            taken = sum((item.amount for item in items), Decimal(0))
        if value > gross or (taken is not None and value != gross - taken):
            raise ValueError("the net amount must be the gross less the deductions")
        return value

    @field_validator("bank_name")
    @classmethod
    def known_bank(cls, value: str | None) -> str | None:
        """The bank's usual name, from any name or code of it."""
        return _known_bank(value)

    @model_validator(mode="after")
    def whole_account(self) -> "PayoutCreate":
        """Bank and number come together or not at all."""
        whole = self.bank_name and self.account_number
        if not whole and (self.bank_name or self.account_number or self.account_name):
            raise ValueError("give bank_name and account_number together")
        return self


class PayoutUpdate(BaseModel):
    """A correction before paying; changing period, amounts or account voids an approval."""

    model_config = ConfigDict(extra="forbid")

    gross_revenue: Annotated[Naira, Field(gt=0)] | None = None
    deduction_items: list[DeductionCreate] | None = Field(None, max_length=20)
    bank_name: Line | None = None
    account_number: AccountNumber | None = None
    account_name: Line | None = None
    payment_method: PaymentMethod | None = None
    notes: Prose | None = None
    version: int | None = Field(None, ge=1)

    @field_validator("bank_name")
    @classmethod
    def known_bank(cls, value: str | None) -> str | None:
        """The bank's usual name, from any name or code of it."""
        return _known_bank(value)

    @field_validator("payment_method", mode="before")
    @classmethod
    def method_stays(cls, value: object) -> object:
        """Every payout goes some way: this cannot be emptied."""
        if value is None:
            raise ValueError("this cannot be empty")
        return value

    @model_validator(mode="after")
    def whole_account(self) -> "PayoutUpdate":
        """Bank, number and name are changed together."""
        given = (self.bank_name, self.account_number, self.account_name)
        if any(given) and not all(given):
            raise ValueError("give bank_name, account_number and account_name together")
        return self


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


def _flag(value: object) -> object:
    """A query says ``true``, which a literal alone does not take for True."""
    if value not in (True, "true", "1"):
        raise ValueError("give true, or leave this out")
    return True


Flag = Annotated[Literal[True], BeforeValidator(_flag)]


class PayoutFilter(PageRequest):
    """Payouts by state, owner, month of the period, lateness, batch and words."""

    status: PayoutStatus | None = Field(None, description="Where the payout stands")
    statuses: tuple[PayoutStatus, ...] | None = Field(None, description="Any of these states")
    owner_id: RecordId | None = Field(None, description="Payouts to this owner")
    hospital_id: RecordId | None = Field(None, description="Payouts for this hospital")
    month: date | None = Field(None, description="Any day of the month that the period ends in")
    overdue: Flag | None = Field(None, description="`true` for those past their due date only")
    not_made_by: str | None = Field(
        None, max_length=100, description="Leaves out what this person made (`staff:7`)"
    )
    file_id: RecordId | None = Field(None, description="Payouts in this bank file")
    paid_month: date | None = Field(None, description="Any day of the month it was paid in")
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


class CheckLevel(StrEnum):
    """Whether a finding stops an approval or is only shown."""

    BLOCK = "block"
    WARN = "warn"


class BeneficiaryCheck(BaseModel):
    """Something about the beneficiary that an approver should see first."""

    model_config = ConfigDict(frozen=True)

    code: str
    level: CheckLevel
    sentence: str


class Approval(Echo):
    """What an approver says: an override of a failing account check takes a reason.

    A payout's row may be sent along; nothing of it is looked at.
    """

    only_read: ClassVar[frozenset[str]] = frozenset(PayoutRead.model_fields)

    override_reason: Reason | None = None


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

"""What makes and corrects a payout."""

from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from crm_core.base.echo import Echo
from crm_core.base.money import Naira
from crm_core.base.words import Line, Prose, RecordId
from crm_core.owners.banks import find_bank
from crm_core.payouts.schemas.states import DeductionKind, PaymentMethod


class DeductionCreate(BaseModel):
    """One item taken off the gross."""

    model_config = ConfigDict(extra="forbid")

    kind: DeductionKind
    description: Line
    amount: Naira


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

"""The words of the owners domain."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    EmailStr,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)
from pydantic.alias_generators import to_camel

from crm_core.base.clock import Instant, lagos_today
from crm_core.base.echo import Echo
from crm_core.base.money import Naira, NairaTotal, Score
from crm_core.base.paging import PageRequest
from crm_core.base.phone import NigerianPhone
from crm_core.base.words import Line, Name, Prose, RecordId, Search
from crm_core.owners.banks import find_bank


def _not_in_future(day: date) -> date:
    if day > lagos_today():
        raise ValueError("give a day that is not in the future")
    return day


PastDay = Annotated[date, AfterValidator(_not_in_future)]
Nin = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[0-9]{11}$")]
Email = Annotated[EmailStr, StringConstraints(max_length=254)]


class OwnerStatus(StrEnum):
    """Whether we work for the owner."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    SUSPENDED = "suspended"


class PaymentStatus(StrEnum):
    """Whether the owner waits for money; derived from the payouts, never set."""

    CURRENT = "current"
    OVERDUE = "overdue"
    PENDING = "pending"


_ONLY_READ = frozenset(
    {
        "id",
        "owner_code",
        "last_contact_date",
        "satisfaction_score",
        "lifetime_value",
        "payment_status",
        "created_at",
        "updated_at",
        "payout_count",
        "total_payouts",
    }
)


class OwnerCreate(Echo):
    """A new owner. What follows from payouts, surveys and contacts is ignored if it is sent."""

    only_read: ClassVar[frozenset[str]] = _ONLY_READ | {"version"}

    first_name: Name
    last_name: Name
    email: Email
    phone: NigerianPhone
    hospital_id: RecordId | None = None
    nin: Nin | None = None
    notes: Prose | None = None
    status: OwnerStatus = OwnerStatus.ACTIVE
    onboarding_date: PastDay | None = None


class OwnerUpdate(Echo):
    """Any subset of what may be written; ``version`` refuses an edit of what others changed.

    A whole row may be sent back: what is only read, and a masked ``nin``, stay as they are.
    """

    only_read: ClassVar[frozenset[str]] = _ONLY_READ

    first_name: Name | None = None
    last_name: Name | None = None
    email: Email | None = None
    phone: NigerianPhone | None = None
    hospital_id: RecordId | None = None
    nin: Nin | None = None
    notes: Prose | None = None
    status: OwnerStatus | None = None
    onboarding_date: PastDay | None = None
    version: int | None = Field(None, ge=1)

    @field_validator(
        "first_name", "last_name", "email", "phone", "status", "onboarding_date", mode="before"
    )
    @classmethod
    def required_stay(cls, value: object) -> object:
        """What every owner has cannot be emptied."""
        if value is None:
            raise ValueError("this cannot be empty")
        return value


class OwnerRead(BaseModel):
    """An owner; ``nin`` is masked to its last four digits."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    owner_code: str
    first_name: str
    last_name: str
    email: str
    phone: str
    nin: str | None
    hospital_id: int | None
    status: OwnerStatus
    onboarding_date: date
    last_contact_date: date | None
    satisfaction_score: Score | None
    lifetime_value: NairaTotal
    payment_status: PaymentStatus
    notes: str | None
    version: int
    created_at: Instant
    updated_at: Instant
    payout_count: str
    total_payouts: NairaTotal | None

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"


class OwnerSort(StrEnum):
    """How owners may be sorted."""

    NEWEST = "newest"
    NAME = "name"
    VALUE = "value"
    SATISFACTION = "satisfaction"


class OwnerFilter(PageRequest):
    """Owners by state, payment and words of name, email or code."""

    status: OwnerStatus | None = Field(None, description="Whether we work for the owner")
    payment_status: PaymentStatus | None = Field(
        None, description="`overdue`: an approved payout is past its due date"
    )
    hospital_id: RecordId | None = Field(None, description="Owners of this hospital")
    search: Search | None = Field(None, description="Beginnings of words of name, email or code")
    sort: OwnerSort = Field(OwnerSort.NEWEST, description="What comes first")


class OwnerStats(BaseModel):
    """The cards of the owners page; on the wire the names are in camelCase."""

    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True, serialize_by_alias=True
    )

    total_owners: int
    active_owners: int
    inactive_owners: int
    average_satisfaction: Score
    total_lifetime_value: float
    payment_stats: dict[PaymentStatus, int]


class AccountChange(BaseModel):
    """The bank account that an owner is paid to."""

    model_config = ConfigDict(extra="forbid")

    bank_name: Line
    account_number: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[0-9]{10}$")]
    account_name: Line

    @field_validator("bank_name")
    @classmethod
    def known_bank(cls, value: str) -> str:
        """The bank's usual name, from any name or code of it."""
        return find_bank(value).name


class AccountRead(BaseModel):
    """An owner's bank account, masked."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    owner_id: int
    bank_code: str
    bank_name: str
    account_number: str
    account_name: str
    nuban_ok: bool
    changed_at: datetime


class ContractStatus(StrEnum):
    """Draft and terminated are set by a person, the rest follows from the dates."""

    DRAFT = "draft"
    ACTIVE = "active"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    TERMINATED = "terminated"


LAST_CONTRACT_DAY = date(2100, 12, 31)
ContractDay = Annotated[date, Field(ge=date(1960, 1, 1), le=LAST_CONTRACT_DAY)]
"""A day that a contract may begin or end on: what lies beyond is a slip of the keyboard."""


class ContractCreate(BaseModel):
    """A draft of a contract: what the owner gets of the hospital's revenue."""

    model_config = ConfigDict(extra="forbid")

    owner_id: RecordId
    hospital_id: RecordId
    revenue_share_percent: Annotated[Decimal, Field(gt=0, le=100, decimal_places=2)]
    minimum_guarantee: Naira = Decimal("0.00")
    start_date: ContractDay
    end_date: ContractDay
    notes: Prose | None = None

    @field_validator("end_date")
    @classmethod
    def ends_after_start(cls, value: date, info: ValidationInfo) -> date:
        """A contract ends after it has begun."""
        if "start_date" in info.data and value <= info.data["start_date"]:
            raise ValueError("give an end after the start")
        return value


class ContractRead(BaseModel):
    """A contract with the hospital's name."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    contract_code: str
    owner_id: int
    owner_name: str
    hospital_id: int
    hospital_name: str
    revenue_share_percent: Decimal
    minimum_guarantee: Naira
    start_date: date
    end_date: date
    status: ContractStatus
    renewed_from_id: int | None
    notes: str | None
    created_at: Instant


class ContractFilter(PageRequest):
    """Contracts by owner, hospital and state."""

    owner_id: RecordId | None = None
    hospital_id: RecordId | None = None
    status: ContractStatus | None = None


class SurveyCreate(BaseModel):
    """An owner's answer to a satisfaction survey."""

    model_config = ConfigDict(extra="forbid")

    score: Annotated[Decimal, Field(ge=1, le=5, decimal_places=2)]
    nps: Annotated[int, Field(ge=0, le=10)] | None = None
    comment: Prose | None = None
    surveyed_on: PastDay | None = None


class SurveyRead(BaseModel):
    """A recorded survey."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    owner_id: int
    score: Score
    nps: int | None
    comment: str | None
    surveyed_on: date
    recorded_by: str
    created_at: Instant


class ScorePoint(BaseModel):
    """The satisfaction score as it stood on a day."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    as_of: date
    score: Score


class ContactChannel(StrEnum):
    """How we spoke with an owner."""

    CALL = "call"
    VISIT = "visit"
    MEETING = "meeting"
    EMAIL = "email"
    SMS = "sms"
    WHATSAPP = "whatsapp"


class ContactCreate(BaseModel):
    """A conversation with an owner."""

    model_config = ConfigDict(extra="forbid")

    channel: ContactChannel
    summary: Annotated[Prose, Field(min_length=1)]
    contacted_on: PastDay | None = None


class ContactRead(BaseModel):
    """A logged conversation."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    owner_id: int
    channel: ContactChannel
    summary: str
    contacted_on: date
    recorded_by: str
    created_at: Instant

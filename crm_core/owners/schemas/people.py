"""Owners themselves: creating, changing, listing, figures."""

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    EmailStr,
    Field,
    StringConstraints,
    field_validator,
)
from pydantic.alias_generators import to_camel

from crm_core.base.clock import Instant, lagos_today
from crm_core.base.echo import Echo
from crm_core.base.money import NairaTotal, Score
from crm_core.base.paging import PageRequest
from crm_core.base.phone import NigerianPhone
from crm_core.base.words import Line, Name, Prose, RecordId, Search


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
    DISCONTENT = "discontent"


class OwnerFilter(PageRequest):
    """Owners by state, payment and words of name, email or code."""

    status: OwnerStatus | None = Field(None, description="Whether we work for the owner")
    payment_status: PaymentStatus | None = Field(
        None, description="`overdue`: an approved payout is past its due date"
    )
    hospital_id: RecordId | None = Field(None, description="Owners of this hospital")
    state: Line | None = Field(None, description="Owners of the hospitals in this state")
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

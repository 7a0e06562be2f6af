"""What belongs to an owner: account, contracts, surveys, conversations."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from crm_core.base.clock import DayOrMonth, Instant, lagos_today
from crm_core.base.money import Naira, Score
from crm_core.base.paging import PageRequest
from crm_core.base.words import Line, Prose, RecordId
from crm_core.owners.banks import find_bank
from crm_core.owners.schemas.people import PastDay


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


def end_after_start(value: date, info: ValidationInfo) -> date:
    """For the ``end_date`` of what has a ``start_date``."""
    if "start_date" in info.data and value <= info.data["start_date"]:
        raise ValueError("give an end after the start")
    return value


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
        return end_after_start(value, info)


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
    """Contracts by owner, hospital and state, or one by its code."""

    owner_id: RecordId | None = None
    hospital_id: RecordId | None = None
    status: ContractStatus | None = None
    code: Line | None = Field(None, description="One contract's code, such as CON-012")


class StandingFilter(PageRequest):
    """Scores as they stood at the end of a month, of owners by the hospital that they have now."""

    month: DayOrMonth = Field(default_factory=lagos_today, description="Any day of it")
    hospital_id: RecordId | None = None
    state: Line | None = None


class StandingRead(BaseModel):
    """An owner's score as it stood at the end of a month, and since when it had."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    owner_code: str
    name: str
    score: Decimal
    as_of: date


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


class OwnerRatingCreate(BaseModel):
    """Stars that an owner gave elsewhere; ``source`` names what they were given for, once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    score: Annotated[int, Field(ge=1, le=5)]
    source: str
    topic: str | None = None
    rated_on: date | None = None


class ScoreMark(BaseModel):
    """One answer or rating behind a score; ``pull`` is what the score would gain without it."""

    model_config = ConfigDict(frozen=True)

    day: date
    score: Score
    source: str
    topic: str | None
    pull: Decimal


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

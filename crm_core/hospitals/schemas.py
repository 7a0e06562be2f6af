"""The words of the hospitals domain."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from crm_core.base.clock import DayOrMonth, Instant, lagos_today, month_start
from crm_core.base.money import Naira
from crm_core.base.paging import PageRequest
from crm_core.base.words import Name, RecordId, Search


def _first_of_month(day: date) -> date:
    if day > lagos_today():
        raise ValueError("give a month that has begun")
    return month_start(day)


Month = Annotated[DayOrMonth, AfterValidator(_first_of_month)]
"""Any day of a month that has begun; kept as the month's first day."""


class HospitalCreate(BaseModel):
    """A new hospital."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    city: Name
    state: Name


class HospitalRead(BaseModel):
    """A hospital."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    hospital_code: str
    name: str
    city: str
    state: str
    created_at: Instant


class HospitalFilter(PageRequest):
    """Hospitals by words of name, city or state."""

    search: Search | None = None


class RevenueRecord(BaseModel):
    """What a hospital took in one month, before any share."""

    model_config = ConfigDict(extra="forbid")

    hospital_id: RecordId
    month: Month
    gross_revenue: Naira


class RevenueRead(BaseModel):
    """A month's revenue of a hospital."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    hospital_id: int
    month: date
    gross_revenue: Naira
    updated_at: Instant

"""The words of the hospitals domain."""

from datetime import UTC, date, datetime
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from crm_core.base.clock import DayOrMonth, Instant, TimeOfDay, lagos_today, month_start
from crm_core.base.money import Naira
from crm_core.base.paging import PageRequest
from crm_core.base.words import Line, Name, RecordId, Search, code_in


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
    """Hospitals by words of name, city or state, or by code."""

    search: Search | None = Field(None, description="Words of name, city or state, or a code")

    @property
    def search_code(self) -> str | None:
        """The code of one hospital."""
        return code_in(self.search, "HOS")

    @property
    def search_words(self) -> str | None:
        """Words of name, city or state."""
        return None if self.search_code else self.search


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


class DepartmentCreate(BaseModel):
    """A new department of a hospital."""

    model_config = ConfigDict(extra="forbid")

    hospital_id: RecordId
    name: Name


class DepartmentRead(BaseModel):
    """A department; one that is not active takes no new visits."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    hospital_id: int
    name: str
    active: bool


class DoctorCreate(BaseModel):
    """A new doctor of a hospital."""

    model_config = ConfigDict(extra="forbid")

    hospital_id: RecordId
    department_id: RecordId | None = None
    name: Name = Field(description="As patients read it: “Dr Amina Bello”")
    specialty: Annotated[Line, Field(max_length=100)] | None = None


class DoctorUpdate(BaseModel):
    """Any subset; a doctor never changes hospital, whose visits would then be elsewhere."""

    model_config = ConfigDict(extra="forbid")

    department_id: RecordId | None = None
    name: Name | None = None
    specialty: Annotated[Line, Field(max_length=100)] | None = None
    active: bool | None = None

    @model_validator(mode="after")
    def keep_what_everybody_has(self) -> Self:
        """A name, and whether the doctor is here, cannot be emptied."""
        for field in {"name", "active"} & self.model_fields_set:
            if getattr(self, field) is None:
                raise ValueError(f"{field} cannot be empty")
        return self


class DoctorRead(BaseModel):
    """A doctor with hospital and department."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    doctor_code: str
    hospital_id: int
    hospital_name: str
    department_id: int | None
    department_name: str | None
    name: str
    specialty: str
    active: bool
    created_at: Instant


def _flag(value: object) -> object:
    """A query says ``true`` or ``false`` as text."""
    return {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower(), value)


class DoctorFilter(PageRequest):
    """Doctors by place and words of the name, or by code; ``active`` leaves out who left."""

    hospital_id: RecordId | None = None
    department_id: RecordId | None = None
    active: Annotated[bool, BeforeValidator(_flag)] | None = None
    search: Search | None = Field(None, description="Words of the name, or a code")

    @property
    def search_code(self) -> str | None:
        """The code of one doctor."""
        return code_in(self.search, "DOC")

    @property
    def search_words(self) -> str | None:
        """Words of the name."""
        return None if self.search_code else self.search


class Shift(BaseModel):
    """One shift of a week in Lagos; it ends the next day where it closes at or before it opens."""

    model_config = ConfigDict(frozen=True, from_attributes=True, extra="forbid")

    weekday: Annotated[int, Field(ge=1, le=7, description="1 is Monday, 7 is Sunday")]
    opens: TimeOfDay
    closes: TimeOfDay

    @model_validator(mode="after")
    def last_some_time(self) -> Self:
        """A shift of a whole day would be written as two."""
        if self.opens == self.closes:
            raise ValueError("a shift ends at another time than it begins")
        return self


class WeekChange(BaseModel):
    """The whole week anew; no shifts at all: booked at any time."""

    model_config = ConfigDict(extra="forbid")

    shifts: list[Shift] = Field(max_length=50)


Moment = Annotated[
    AwareDatetime,
    Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2100, 12, 31, tzinfo=UTC)),
]
"""An instant that leave may begin or end at: what lies beyond is a slip of the keyboard."""


class LeaveCreate(BaseModel):
    """A doctor is away from one instant to another."""

    model_config = ConfigDict(extra="forbid")

    starts_at: Moment
    ends_at: Moment
    reason: Line

    @model_validator(mode="after")
    def end_after_the_beginning(self) -> Self:
        """An empty leave is a slip."""
        if self.ends_at <= self.starts_at:
            raise ValueError("leave ends after it begins")
        return self


class LeaveRead(BaseModel):
    """A leave."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    doctor_id: int
    starts_at: Instant
    ends_at: Instant
    reason: str
    created_by: str
    created_at: Instant

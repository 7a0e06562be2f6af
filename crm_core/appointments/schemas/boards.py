"""What the day board, the week, free times and the figures are made of."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from crm_core.appointments.schemas.making import Minutes
from crm_core.appointments.schemas.reading import AppointmentRead, Day
from crm_core.appointments.schemas.states import AppointmentType
from crm_core.base.clock import Instant
from crm_core.base.words import Line, RecordId


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


class Slot(_Frozen):
    """A free time of a doctor."""

    doctor_id: int
    doctor_name: str
    starts_at: Instant
    ends_at: Instant


class SlotFilter(BaseModel):
    """Free times at a hospital on a day, or up to two weeks from it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hospital_id: RecordId
    date: Day
    days: int = Field(1, ge=1, le=14, description="So many days from the date on")
    department_id: RecordId | None = None
    doctor_id: RecordId | None = None
    type: AppointmentType = Field(
        AppointmentType.CONSULTATION, description="Says how long the visit takes by itself"
    )
    duration_minutes: Minutes | None = None
    limit: int = Field(500, ge=1, le=2000)


class Span(_Frozen):
    """A stretch of time."""

    starts_at: Instant
    ends_at: Instant


class DoctorDay(_Frozen):
    """A doctor's column of the day board: the hours worked (leave taken out), and the visits.

    ``doctor_id`` is None for the visits that have no doctor. ``always``: no hours are known, so
    that the doctor is booked at any time.
    """

    doctor_id: int | None
    doctor_name: str
    department_name: str | None
    always: bool
    open: list[Span]
    appointments: list[AppointmentRead]


class DayBoard(_Frozen):
    """A day of a hospital, a column a doctor.

    Attributes:
        doctors_in_all: of the day; a page of them may be shown.
    """

    hospital_id: int
    day: date
    doctors: list[DoctorDay]
    doctors_in_all: int


class WeekCell(_Frozen):
    """A doctor's day: how many visits by how far they are, and how full it is.

    ``open_minutes`` is None where no hours are known.
    """

    doctor_id: int | None
    doctor_name: str
    day: date
    ahead: int
    here: int
    completed: int
    missed: int
    cancelled: int
    booked_minutes: int
    open_minutes: int | None


class StatsBy(StrEnum):
    """What figures are told by."""

    HOSPITAL = "hospital"
    DOCTOR = "doctor"
    WEEKDAY = "weekday"
    DAY = "day"


class StatsFilter(BaseModel):
    """Figures of some days, both included, as long as a year; without days the last thirty."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: StatsBy = StatsBy.HOSPITAL
    hospital_id: RecordId | None = None
    state: Line | None = Field(None, description="At the hospitals in this state")
    doctor_id: RecordId | None = None
    date_from: Day | None = None
    date_to: Day | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class AppointmentFigures(_Frozen):
    """Visits of one hospital, doctor, weekday (1 is Monday) or day, named by ``key``.

    The rate of missed visits is of those that were either kept or missed; utilisation is booked
    time of what doctors were open for; the lead is the mean from booking to the visit. None where
    there is nothing to divide by.
    """

    key: str
    name: str
    total: int
    completed: int
    missed: int
    cancelled: int
    ahead: int
    no_show_rate: Decimal | None
    lead_days: Decimal | None
    booked_minutes: int
    open_minutes: int
    utilisation: Decimal | None


class AppointmentStats(_Frozen):
    """The figures in all and by what was asked."""

    date_from: date
    date_to: date
    total: AppointmentFigures
    rows: list[AppointmentFigures]

"""What is read of visits: rows, filters, notices, answers."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from crm_core.appointments.schemas.states import (
    AnswerOutcome,
    AppointmentStatus,
    AppointmentType,
    Meaning,
    NoticeKind,
    NoticeOutcome,
)
from crm_core.base.clock import ClockTime, Instant
from crm_core.base.paging import PageRequest
from crm_core.base.words import Line, RecordId, Search


class AppointmentRead(BaseModel):
    """A visit. Date and time are those of Lagos; ``starts_at`` is the same as an instant.

    ``asked``: the patient was asked to confirm and did not answer yet. ``overlap_accepted``: two
    records of one person were merged that were booked for the same time.
    """

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    appointment_code: str
    patient_id: int
    patient_code: str
    first_name: str
    last_name: str
    patient_phone: str
    hospital_id: int
    hospital_name: str
    department_id: int | None
    department_name: str | None
    doctor_id: int | None
    doctor_name: str | None
    appointment_date: date
    appointment_time: ClockTime
    starts_at: Instant
    ends_at: Instant
    duration_minutes: int
    type: AppointmentType
    status: AppointmentStatus
    previous_status: AppointmentStatus | None
    status_changed_at: Instant
    reason: str | None
    notes: str | None
    walk_in: bool
    override_reason: str | None
    overlap_accepted: bool
    asked: bool
    reminder_sent: bool
    reminder_sent_at: Instant | None
    booked_at: Instant
    confirmed_at: Instant | None
    checked_in_at: Instant | None
    started_at: Instant | None
    completed_at: Instant | None
    cancelled_at: Instant | None
    cancellation_reason: str | None
    created_by: str
    version: int
    created_at: Instant
    updated_at: Instant

    @property
    def patient_name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"


class AppointmentSort(StrEnum):
    """How visits may be sorted."""

    TIME = "time"
    LATEST = "latest"


def _flag(value: object) -> object:
    """A query says ``true``, which a literal alone does not take for True."""
    if value not in (True, "true", "1"):
        raise ValueError("give true, or leave this out")
    return True


Flag = Annotated[Literal[True], BeforeValidator(_flag)]
FIRST_DAY = date(2000, 1, 1)
"""No visit was before it."""
Day = Annotated[date, Field(ge=FIRST_DAY, le=date(2100, 12, 31))]
"""A day that visits may lie on: what lies beyond is a slip of the keyboard."""


class AppointmentFilter(PageRequest):
    """Visits by state, kind, person, place and day in Lagos (both days included)."""

    status: AppointmentStatus | None = Field(None, description="Where the visit stands")
    statuses: tuple[AppointmentStatus, ...] | None = Field(None, description="Any of these states")
    type: AppointmentType | None = None
    patient_id: RecordId | None = Field(None, description="Of this patient, merged records too")
    hospital_id: RecordId | None = None
    state: Line | None = Field(None, description="At the hospitals in this state")
    department_id: RecordId | None = None
    doctor_id: RecordId | None = None
    without_doctor: Flag | None = Field(
        None, description="`true` for those that no doctor was chosen for"
    )
    date_from: Day | None = Field(None, description="The first day, in Lagos")
    date_to: Day | None = Field(None, description="The last day, in Lagos")
    weekday: int | None = Field(
        None, ge=1, le=7, description="On this day of the week in Lagos; 1 is Monday"
    )
    unanswered: Flag | None = Field(
        None, description="`true` for those ahead that the patient has not confirmed yet"
    )
    search: Search | None = Field(None, description="Words of the patient's name, or a code")
    sort: AppointmentSort = Field(AppointmentSort.TIME, description="The first or the latest first")

    @property
    def search_code(self) -> str | None:
        """The beginning of a visit's code."""
        return self.search if self.search and self.search.lower().startswith("apt-") else None

    @property
    def search_words(self) -> str | None:
        """Words of the patient's name or code."""
        return None if self.search_code else self.search


class NoticeRead(BaseModel):
    """What a patient was told about a visit, when, and what they answered to it."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    appointment_id: int
    kind: NoticeKind
    starts_at: Instant
    outcome: NoticeOutcome
    skip_reason: str | None
    message_id: int | None
    answer: Meaning | None
    answered_by: str | None
    answered_at: Instant | None
    created_at: Instant


class AnswerRead(BaseModel):
    """What somebody answered; ``candidates`` are the visits that it may have meant.

    ``offer_candidates`` are the offers; ``settled_as`` is what came of it when a person settled it.
    """

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    sender: str
    said: str
    meaning: Meaning
    outcome: AnswerOutcome
    appointment_id: int | None
    offer_id: int | None
    candidates: list[int]
    offer_candidates: list[int]
    settled_as: AnswerOutcome | None
    settled_by: str | None
    settled_at: Instant | None
    created_at: Instant


class AnswerFilter(PageRequest):
    """Answers by what came of them: ``to_a_person`` for those that wait for one."""

    outcome: AnswerOutcome | None = None

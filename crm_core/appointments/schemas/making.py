"""What makes, moves and changes a visit."""

from datetime import datetime
from typing import Annotated, ClassVar, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from crm_core.appointments.schemas.reading import AppointmentRead, Day
from crm_core.appointments.schemas.states import AppointmentStatus, AppointmentType, Meaning
from crm_core.base.clock import TimeOfDay, from_lagos
from crm_core.base.echo import Echo
from crm_core.base.words import Line, Prose, Reason, RecordId

Minutes = Annotated[int, Field(ge=5, le=720)]
_WRITTEN = frozenset(
    {
        "patient_id",
        "hospital_id",
        "department_id",
        "doctor_id",
        "appointment_date",
        "appointment_time",
        "duration_minutes",
        "type",
        "reason",
        "notes",
        "override_reason",
    }
)
_ONLY_READ = frozenset(AppointmentRead.model_fields) - _WRITTEN


class AppointmentCreate(Echo):
    """A visit to book. Without a length it takes as long as its kind does.

    Outside a doctor's hours or in a doctor's leave it takes a supervisor and ``override_reason``;
    two visits at once are never possible.
    """

    only_read: ClassVar[frozenset[str]] = _ONLY_READ

    patient_id: RecordId
    hospital_id: RecordId
    appointment_date: Day
    appointment_time: TimeOfDay
    type: AppointmentType
    department_id: RecordId | None = None
    doctor_id: RecordId | None = None
    duration_minutes: Minutes | None = None
    reason: Prose | None = None
    notes: Prose | None = None
    override_reason: Reason | None = None

    @property
    def starts_at(self) -> datetime:
        """The instant that date and time name."""
        return from_lagos(self.appointment_date, self.appointment_time)


class AppointmentUpdate(Echo):
    """Any subset of what may be written; ``version`` refuses an edit of what others changed.

    A new date, time, length or doctor moves the visit, as rescheduling does.
    """

    only_read: ClassVar[frozenset[str]] = (_ONLY_READ - {"version"}) | {"patient_id", "hospital_id"}

    appointment_date: Day | None = None
    appointment_time: TimeOfDay | None = None
    type: AppointmentType | None = None
    department_id: RecordId | None = None
    doctor_id: RecordId | None = None
    duration_minutes: Minutes | None = None
    reason: Prose | None = None
    notes: Prose | None = None
    override_reason: Reason | None = None
    version: int | None = Field(None, ge=1)


class Reschedule(BaseModel):
    """Another time; without a doctor or length these stay as they are."""

    model_config = ConfigDict(extra="forbid")

    appointment_date: Day
    appointment_time: TimeOfDay
    doctor_id: RecordId | None = None
    duration_minutes: Minutes | None = None
    override_reason: Reason | None = None

    @property
    def starts_at(self) -> datetime:
        """The instant that date and time name."""
        return from_lagos(self.appointment_date, self.appointment_time)


class WalkIn(BaseModel):
    """Somebody who came without an appointment; with a doctor, the doctor's next free time."""

    model_config = ConfigDict(extra="forbid")

    patient_id: RecordId
    hospital_id: RecordId
    type: AppointmentType = AppointmentType.CONSULTATION
    department_id: RecordId | None = None
    doctor_id: RecordId | None = None
    duration_minutes: Minutes | None = None
    reason: Prose | None = None


class Cancellation(BaseModel):
    """Why a visit is cancelled."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason = "hospital"


class StepBack(BaseModel):
    """Why a supervisor takes a step back."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


MOVES = (
    AppointmentStatus.CONFIRMED,
    AppointmentStatus.ARRIVED,
    AppointmentStatus.IN_PROGRESS,
    AppointmentStatus.COMPLETED,
    AppointmentStatus.CANCELLED,
    AppointmentStatus.NO_SHOW,
)


def _a_move(status: AppointmentStatus) -> AppointmentStatus:
    if status not in MOVES:
        raise ValueError("a visit becomes scheduled by giving it another time")
    return status


class StatusSelection(BaseModel):
    """Visits chosen for a change of state, and the state that they are to have."""

    model_config = ConfigDict(extra="forbid")

    ids: list[RecordId] = Field(min_length=1, max_length=5000)
    status: Annotated[AppointmentStatus, AfterValidator(_a_move)]
    reason: Reason | None = None


class StatusCommit(StatusSelection):
    """The same visits, with the fingerprint of the plan that was looked at."""

    fingerprint: Annotated[str, StringConstraints(max_length=50_000)]


class ReminderDay(BaseModel):
    """A day to remind of; without one it is tomorrow in Lagos."""

    model_config = ConfigDict(extra="forbid")

    date: Day | None = None

    @model_validator(mode="before")
    @classmethod
    def nothing_is_tomorrow(cls, given: object) -> object:
        """An empty body, or an empty date, asks for tomorrow."""
        return {} if given in (None, "", {"date": ""}) else given


class ReminderCommit(ReminderDay):
    """The reminders that were looked at."""

    ids: list[RecordId] = Field(min_length=1, max_length=5000)
    fingerprint: Annotated[str, StringConstraints(max_length=50_000)]


class RemindersSent(BaseModel):
    """What sending reminders did, in the contract's names."""

    model_config = ConfigDict(frozen=True)

    totalAppointments: int  # noqa: N815  (the contract's name)
    remindersSent: int  # noqa: N815  (the contract's name)


class AnswerSettlement(BaseModel):
    """A person's decision about an answer that no rule could settle."""

    model_config = ConfigDict(extra="forbid")

    appointment_id: RecordId | None = Field(None, description="Absent: it meant no visit")
    offer_id: RecordId | None = Field(None, description="The freed time that it meant, if one")
    meaning: Meaning = Meaning.UNCLEAR
    note: Line | None = None

    @model_validator(mode="after")
    def one_of_both(self) -> Self:
        """An answer is to a visit or to an offer."""
        if self.appointment_id is not None and self.offer_id is not None:
            raise ValueError("give a visit or an offer, not both")
        return self

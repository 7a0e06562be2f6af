"""The words of events that come in."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from crm_core.appointments.schemas import AppointmentType
from crm_core.base.clock import Instant
from crm_core.base.money import Naira
from crm_core.base.paging import PageRequest
from crm_core.base.words import RecordId, Search
from crm_core.hospitals.schemas import (
    DepartmentCreate,
    DoctorCreate,
    HospitalCreate,
    HospitalRead,
    RevenueRecord,
)
from crm_core.owners.schemas import (
    ContractDay,
    ContractRead,
    OwnerCreate,
    OwnerRead,
    end_after_start,
)

EventId = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9._:/-]{1,100}$")
]
"""The sender's own id of the event: the same id again changes nothing."""


class Source(StrEnum):
    """Who told us."""

    ONBOARDING = "onboarding"
    BILLING = "billing"
    HOSPITALS = "hospitals"
    DEPARTMENTS = "departments"
    DOCTORS = "doctors"
    VISITS = "visits"


class EventState(StrEnum):
    """What became of an event."""

    DONE = "done"
    REFUSED = "refused"


class OnboardingContract(BaseModel):
    """The terms that were agreed at onboarding."""

    model_config = ConfigDict(extra="forbid")

    start_date: ContractDay
    end_date: ContractDay
    revenue_share_percent: Annotated[Decimal, Field(gt=0, le=100, decimal_places=2)]
    minimum_guarantee: Naira = Decimal("0.00")

    @field_validator("end_date")
    @classmethod
    def ends_after_start(cls, value: date, info: ValidationInfo) -> date:
        """A contract ends after it has begun."""
        return end_after_start(value, info)


class OnboardingEvent(BaseModel):
    """An owner who was onboarded, with hospital and contract."""

    model_config = ConfigDict(extra="forbid")

    event_id: EventId
    owner: OwnerCreate
    hospital: HospitalCreate
    contract: OnboardingContract


class Onboarded(BaseModel):
    """What an onboarding brought into being; the contract is signed and in force."""

    model_config = ConfigDict(frozen=True)

    owner: OwnerRead
    hospital: HospitalRead
    contract: ContractRead


class RevenueEvent(RevenueRecord):
    """What a hospital took in a month, from billing."""

    event_id: EventId


class HospitalEvent(HospitalCreate):
    """A hospital that hospital management opened."""

    event_id: EventId


class DepartmentEvent(DepartmentCreate):
    """A department that hospital management opened."""

    event_id: EventId


class DoctorEvent(DoctorCreate):
    """A doctor whom hospital management took on."""

    event_id: EventId


class VisitEvent(BaseModel):
    """A visit that was completed at a hospital.

    Either one that was booked here, by ``appointment_id``, or one without an appointment, by
    patient and hospital. It brings the patient's points, as completing it here does.
    """

    model_config = ConfigDict(extra="forbid")

    event_id: EventId
    appointment_id: RecordId | None = None
    patient_id: RecordId | None = None
    hospital_id: RecordId | None = None
    type: AppointmentType = AppointmentType.CONSULTATION
    department_id: RecordId | None = None
    doctor_id: RecordId | None = None

    @model_validator(mode="after")
    def names_one_visit(self) -> "VisitEvent":
        """By its id, or by who came where."""
        apart = self.patient_id is not None and self.hospital_id is not None
        if (self.appointment_id is None) != apart:
            raise ValueError("give appointment_id, or patient_id and hospital_id")
        return self


class IntegrationEventRead(BaseModel):
    """An event as the page shows it; ``body`` is what came."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    source: str
    event_id: str
    state: EventState
    refusal: str | None
    body: dict[str, Any]
    answer: dict[str, Any] | None
    who: str
    received_at: Instant


class IntegrationEventFilter(PageRequest):
    """Events by who sent them, what became of them, and the sender's id."""

    source: Source | None = None
    state: EventState | None = None
    event_id: Search | None = None

"""Who waits for a time that becomes free, and what they are offered."""

from datetime import date
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from crm_core.appointments.schemas.making import Minutes
from crm_core.appointments.schemas.reading import Day
from crm_core.appointments.schemas.states import AppointmentType, OfferStatus, WaitlistStatus
from crm_core.base.clock import Instant
from crm_core.base.paging import PageRequest
from crm_core.base.words import Prose, RecordId
from crm_core.loyalty.schemas import Tier


class WaitlistCreate(BaseModel):
    """Somebody who would come earlier, or at all, if a time became free on one of these days."""

    model_config = ConfigDict(extra="forbid")

    patient_id: RecordId
    hospital_id: RecordId
    department_id: RecordId | None = None
    doctor_id: RecordId | None = None
    type: AppointmentType = AppointmentType.CONSULTATION
    duration_minutes: Minutes | None = None
    from_day: Day
    to_day: Day
    notes: Prose | None = None

    @model_validator(mode="after")
    def end_after_the_beginning(self) -> Self:
        """The last day is not before the first."""
        if self.to_day < self.from_day:
            raise ValueError("give a last day that is not before the first")
        return self


class WaitlistRead(BaseModel):
    """Who waits, for what, and how many times they were offered one."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    patient_id: int
    patient_code: str
    patient_name: str
    patient_phone: str
    loyalty_tier: Tier
    hospital_id: int
    hospital_name: str
    department_id: int | None
    doctor_id: int | None
    doctor_name: str | None
    type: AppointmentType
    duration_minutes: int
    from_day: date
    to_day: date
    status: WaitlistStatus
    appointment_id: int | None
    offers: int
    notes: str | None
    created_by: str
    created_at: Instant


class WaitlistFilter(PageRequest):
    """Who waits, by hospital and state; those who wait longest first."""

    hospital_id: RecordId | None = None
    patient_id: RecordId | None = None
    status: WaitlistStatus | None = Field(None, description="`waiting` for those who still wait")


class OfferRead(BaseModel):
    """A freed time that was offered to somebody."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    waitlist_id: int
    patient_id: int
    patient_name: str
    hospital_id: int
    doctor_id: int
    doctor_name: str
    starts_at: Instant
    duration_minutes: int
    status: OfferStatus
    opens_at: Instant
    expires_at: Instant
    skip_reason: str | None
    answered_by: str | None
    answered_at: Instant | None


class OfferFilter(PageRequest):
    """Offers by hospital and state, the latest first."""

    hospital_id: RecordId | None = None
    waitlist_id: RecordId | None = None
    status: OfferStatus | None = None

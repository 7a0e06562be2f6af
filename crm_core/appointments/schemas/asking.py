"""What a link's page says and asks."""

from pydantic import BaseModel, ConfigDict

from crm_core.appointments.schemas.states import AppointmentStatus, AppointmentType, Meaning
from crm_core.base.clock import Instant


class VisitQuestion(BaseModel):
    """A visit that somebody is asked about: whether they will come.

    ``moved``: it has another time by now than the message said.
    """

    model_config = ConfigDict(frozen=True, from_attributes=True)

    notice_id: int
    appointment_id: int
    patient_id: int
    first_name: str
    hospital_name: str
    doctor_name: str | None
    type: AppointmentType
    status: AppointmentStatus
    starts_at: Instant
    moved: bool
    answer: Meaning | None


class OfferQuestion(BaseModel):
    """A freed time that somebody may have; ``open`` as long as nobody took it."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    offer_id: int
    patient_id: int
    first_name: str
    hospital_name: str
    doctor_name: str
    starts_at: Instant
    duration_minutes: int
    open: bool
    taken: bool

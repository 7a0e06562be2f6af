"""Patients as they are read and looked for."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict

from crm_core.base.clock import Instant
from crm_core.base.paging import PageRequest
from crm_core.base.words import Line, RecordId, Search
from crm_core.patients.schemas.fields import (
    BloodGroup,
    CommunicationPreferences,
    Gender,
    Genotype,
    PatientStatus,
)


class PatientRead(BaseModel):
    """A patient; ``nin`` is masked to its last four digits."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    patient_code: str
    first_name: str
    last_name: str
    middle_name: str | None
    email: str | None
    phone: str
    alternate_phone: str | None
    date_of_birth: date
    gender: Gender
    blood_group: BloodGroup | None
    genotype: Genotype | None
    address: str
    city: str
    state: str
    lga: str | None
    nin: str | None
    nhis_number: str | None
    registration_date: date
    last_visit_date: date | None
    visit_count: int
    preferred_hospital_id: int | None
    emergency_contact_name: str | None
    emergency_contact_phone: str | None
    emergency_contact_relationship: str | None
    allergies: list[str]
    chronic_conditions: list[str]
    status: PatientStatus
    communication_preferences: CommunicationPreferences
    consent_source: str
    consent_at: Instant
    referral_code: str
    referred_by_id: int | None
    merged_into_id: int | None
    version: int
    created_at: Instant
    updated_at: Instant

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"


class Resemblance(BaseModel):
    """A patient who may be the same person, and what makes one think so."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    patient_code: str
    name: str
    date_of_birth: date
    phone: str
    same_phone: bool
    same_nin: bool
    same_name_and_birth: bool


class PatientFilter(PageRequest):
    """Patients by state of care, place, hospital, and words of name, phone, email or code."""

    status: PatientStatus | None = None
    state: Line | None = None
    gender: Gender | None = None
    preferred_hospital_id: RecordId | None = None
    registered_from: date | None = None
    registered_to: date | None = None
    search: Search | None = None

    @property
    def sort(self) -> Literal["newest", "registered"]:
        """The newest first either way; chosen by the index that the filter needs."""
        days = self.registered_from or self.registered_to
        return "registered" if days else "newest"

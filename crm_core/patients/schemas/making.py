"""A new patient, a correction, and a change of the state of care."""

from typing import Annotated, ClassVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from crm_core.base.clock import lagos_today
from crm_core.base.echo import Echo
from crm_core.base.phone import NigerianPhone
from crm_core.base.words import Line, Name, Reason, RecordId
from crm_core.patients.places import find_area
from crm_core.patients.schemas.fields import (
    ADULT,
    BirthDate,
    CommunicationPreferences,
    Email,
    Gender,
    Genotype,
    GivenGroup,
    Items,
    Nhis,
    Nin,
    PatientStatus,
    StateName,
    age_on,
)

_ONLY_READ = frozenset(
    {
        "id",
        "patient_code",
        "registration_date",
        "last_visit_date",
        "visit_count",
        "loyalty_points",
        "loyalty_tier",
        "status",
        "consent_at",
        "referred_by_id",
        "merged_into_id",
        "created_at",
        "updated_at",
        "appointments",
        "loyaltyTransactions",
    }
)


class PatientCreate(Echo):
    """A new patient; a child needs somebody to call. What is only read is ignored if it is sent."""

    only_read: ClassVar[frozenset[str]] = _ONLY_READ | {"version"}

    first_name: Name
    last_name: Name
    middle_name: Name | None = None
    phone: NigerianPhone
    alternate_phone: NigerianPhone | None = None
    email: Email | None = None
    date_of_birth: BirthDate
    gender: Gender
    blood_group: GivenGroup | None = None
    genotype: Genotype | None = None
    address: Line
    city: Name
    state: StateName
    lga: Name | None = None
    nin: Nin | None = None
    nhis_number: Nhis | None = None
    preferred_hospital_id: RecordId | None = None
    emergency_contact_name: Name | None = None
    emergency_contact_phone: NigerianPhone | None = None
    emergency_contact_relationship: Name | None = None
    allergies: Items = Field(default_factory=list)
    chronic_conditions: Items = Field(default_factory=list)
    communication_preferences: CommunicationPreferences = CommunicationPreferences()
    consent_source: Line = "registration"
    referral_code: Annotated[Line, StringConstraints(to_upper=True, max_length=20)] | None = None

    @field_validator("lga")
    @classmethod
    def area_of_state(cls, value: str | None, info: ValidationInfo) -> str | None:
        """A local government area is one of the patient's state."""
        state = info.data.get("state")
        return value if value is None or state is None else find_area(state, value)

    @model_validator(mode="after")
    def child_has_contact(self) -> "PatientCreate":
        """Under 18 there must be somebody to call."""
        complete = self.emergency_contact_name and self.emergency_contact_phone
        if age_on(self.date_of_birth, lagos_today()) < ADULT and not complete:
            raise ValueError("a patient under 18 needs an emergency contact with name and phone")
        return self


class PatientUpdate(Echo):
    """Any subset of what may be written; ``version`` refuses an edit of what others changed.

    A whole row may be sent back: what is only read, and a masked ``nin``, stay as they are.
    """

    only_read: ClassVar[frozenset[str]] = _ONLY_READ | {"referral_code"}

    first_name: Name | None = None
    last_name: Name | None = None
    middle_name: Name | None = None
    phone: NigerianPhone | None = None
    alternate_phone: NigerianPhone | None = None
    email: Email | None = None
    date_of_birth: BirthDate | None = None
    gender: Gender | None = None
    blood_group: GivenGroup | None = None
    genotype: Genotype | None = None
    address: Line | None = None
    city: Name | None = None
    state: StateName | None = None
    lga: Name | None = None
    nin: Nin | None = None
    nhis_number: Nhis | None = None
    preferred_hospital_id: RecordId | None = None
    emergency_contact_name: Name | None = None
    emergency_contact_phone: NigerianPhone | None = None
    emergency_contact_relationship: Name | None = None
    allergies: Items | None = None
    chronic_conditions: Items | None = None
    communication_preferences: CommunicationPreferences | None = None
    consent_source: Line | None = None
    version: int | None = Field(None, ge=1)

    @field_validator(
        "first_name",
        "last_name",
        "phone",
        "date_of_birth",
        "gender",
        "address",
        "city",
        "state",
        "allergies",
        "chronic_conditions",
        "communication_preferences",
        mode="before",
    )
    @classmethod
    def required_stay(cls, value: object) -> object:
        """What every patient has cannot be emptied."""
        if value is None:
            raise ValueError("this cannot be empty")
        return value


class StatusChange(BaseModel):
    """A patient leaves care, comes back, or has died."""

    model_config = ConfigDict(extra="forbid")

    status: PatientStatus
    reason: Reason

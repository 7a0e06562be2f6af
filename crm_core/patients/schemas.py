"""The words of the patients domain."""

import re
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    EmailStr,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from crm_core.base.clock import Instant, lagos_today
from crm_core.base.echo import Echo
from crm_core.base.paging import PageRequest
from crm_core.base.phone import NigerianPhone
from crm_core.base.words import Line, Name, Reason, RecordId, Search
from crm_core.patients.places import find_area, find_state

OLDEST = 130  # years; nobody has been older than 122
ADULT = 18


class Gender(StrEnum):
    """As registered."""

    MALE = "male"
    FEMALE = "female"
    OTHER = "other"


class BloodGroup(StrEnum):
    """ABO and rhesus."""

    A_POSITIVE = "A+"
    A_NEGATIVE = "A-"
    B_POSITIVE = "B+"
    B_NEGATIVE = "B-"
    AB_POSITIVE = "AB+"
    AB_NEGATIVE = "AB-"
    O_POSITIVE = "O+"
    O_NEGATIVE = "O-"


class Genotype(StrEnum):
    """Haemoglobin genotype."""

    AA = "AA"
    AS = "AS"
    SS = "SS"
    AC = "AC"
    SC = "SC"
    CC = "CC"


class PatientStatus(StrEnum):
    """Whether the patient is in care; the dead are never written to."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    DECEASED = "deceased"


def _birth(day: date) -> date:
    today = lagos_today()
    if day > today:
        raise ValueError("give a date of birth that is not in the future")
    if day < today - timedelta(days=round(OLDEST * 365.25)):
        raise ValueError(f"check the year: nobody is older than {OLDEST}")
    return day


def _nin(text: str) -> str:
    if not re.fullmatch(r"[0-9]{11}", text):
        raise ValueError("give the NIN's 11 digits")
    return text


def _state(text: str) -> str:
    return find_state(text).name


def _plain_minus(value: object) -> object:
    """The lists of the clinics have a typographic minus."""
    return re.sub("[−–]", "-", value).strip().upper() if isinstance(value, str) else value


GivenGroup = Annotated[BloodGroup, BeforeValidator(_plain_minus)]
BirthDate = Annotated[date, AfterValidator(_birth)]
StateName = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_state)]
Nin = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_nin)]
Nhis = Annotated[
    str, StringConstraints(strip_whitespace=True, to_upper=True, pattern=r"^[A-Za-z0-9/-]{4,20}$")
]
Email = Annotated[EmailStr, StringConstraints(max_length=254, to_lower=True)]
Items = Annotated[list[Name], Field(max_length=50)]


class CommunicationPreferences(BaseModel):
    """The channels that a patient agreed to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sms: bool = True
    email: bool = True
    whatsapp: bool = False
    push: bool = False


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


def age_on(born: date, day: date) -> int:
    """Whole years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))

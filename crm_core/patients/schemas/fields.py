"""What is known of a patient, field by field, and what is taken for one."""

import re
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    EmailStr,
    Field,
    StringConstraints,
)

from crm_core.base.clock import lagos_today
from crm_core.base.words import Name
from crm_core.patients.places import find_state

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


def age_on(born: date, day: date) -> int:
    """Whole years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))

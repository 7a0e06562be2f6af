"""The words of the patients domain."""

from crm_core.patients.schemas.fields import (
    ADULT,
    OLDEST,
    BirthDate,
    BloodGroup,
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
from crm_core.patients.schemas.making import PatientCreate, PatientUpdate, StatusChange
from crm_core.patients.schemas.reading import PatientFilter, PatientRead, Resemblance

__all__ = [
    "ADULT",
    "OLDEST",
    "BirthDate",
    "BloodGroup",
    "CommunicationPreferences",
    "Email",
    "Gender",
    "Genotype",
    "GivenGroup",
    "Items",
    "Nhis",
    "Nin",
    "PatientCreate",
    "PatientFilter",
    "PatientRead",
    "PatientStatus",
    "PatientUpdate",
    "Resemblance",
    "StateName",
    "StatusChange",
    "age_on",
]

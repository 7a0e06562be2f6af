"""Reads of patients."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Text, bindparam, func, literal, or_, select, text
from sqlalchemy.orm import Session

from crm_core.base import crypto
from crm_core.base.errors import NotFound
from crm_core.base.read import Listing, Order, Read
from crm_core.patients.likeness import Likeness
from crm_core.patients.models import Patient
from crm_core.patients.schemas import PatientCreate, PatientFilter, PatientRead, Resemblance

COLUMNS: tuple[Any, ...] = (
    Patient.id,
    Patient.patient_code,
    Patient.first_name,
    Patient.last_name,
    Patient.middle_name,
    Patient.email,
    Patient.phone,
    Patient.alternate_phone,
    Patient.date_of_birth,
    Patient.gender,
    Patient.blood_group,
    Patient.genotype,
    Patient.address,
    Patient.city,
    Patient.state,
    Patient.lga,
    (literal("*******", Text) + Patient.nin_last4).label("nin"),
    Patient.nhis_number,
    Patient.registration_date,
    Patient.last_visit_date,
    Patient.visit_count,
    Patient.preferred_hospital_id,
    Patient.emergency_contact_name,
    Patient.emergency_contact_phone,
    Patient.emergency_contact_relationship,
    Patient.allergies,
    Patient.chronic_conditions,
    Patient.status,
    Patient.communication_preferences,
    Patient.consent_source,
    Patient.consent_at,
    Patient.referral_code,
    Patient.referred_by_id,
    Patient.merged_into_id,
    Patient.version,
    Patient.created_at,
    Patient.updated_at,
)
_SEARCH = bindparam("search", type_=Text)
FILTERS: dict[str, ColumnElement[bool]] = {
    "status": Patient.status == bindparam("status"),
    "state": Patient.state == bindparam("state"),
    "gender": Patient.gender == bindparam("gender"),
    "preferred_hospital_id": Patient.preferred_hospital_id == bindparam("preferred_hospital_id"),
    "registered_from": Patient.registration_date >= bindparam("registered_from"),
    "registered_to": Patient.registration_date <= bindparam("registered_to"),
    # Functions of a constant are folded before planning: the arms that do not apply cost nothing.
    "search": or_(
        Patient.search.op("@@")(func.crm_patient_query(_SEARCH)),
        func.lower(Patient.email).like(func.crm_email_start(_SEARCH)),
        func.reverse(Patient.phone).like(func.crm_phone_end(_SEARCH)),
        func.reverse(Patient.alternate_phone).like(func.crm_phone_end(_SEARCH)),
        Patient.nin_last4 == func.crm_four_digits(_SEARCH),
    ),
}
ORDERS = {
    # Ids are given in the order of registration, and every table of a patient has them.
    "newest": Order((Patient.id,)),
    # Of some days: their index is walked, and not all that came later.
    "registered": Order((Patient.registration_date, Patient.id)),
}

UNFORESEEN = frozenset({"search"})

# A record that was merged is no patient of its own: its person is in the list already.
UNMERGED: ColumnElement[bool] = Patient.merged_into_id.is_(None)

PATIENTS: Listing[PatientRead] = Listing(
    schema=PatientRead,
    statement=select(*COLUMNS).where(UNMERGED),
    filters=FILTERS,
    orders=ORDERS,
    key=Patient.id,
    noun="Patient",
    unforeseen=UNFORESEEN,
)


def list_patients(filters: PatientFilter) -> Read[PatientRead]:
    """Patients, newest first."""
    return PATIENTS.read(filters)


def get_patient(session: Session, patient_id: int) -> PatientRead:
    """One patient, by a merged record's id too; ``NotFound`` where there is none."""
    return PATIENTS.one(session, surviving_id(session, patient_id))


def surviving_id(session: Session, patient_id: int) -> int:
    """The id itself, or that of the record it was merged into; ``NotFound`` where it is none."""
    return surviving_ids(session, [patient_id])[0]


def surviving_ids(session: Session, patient_ids: Sequence[int]) -> list[int]:
    """The same for several, in their order."""
    found = session.execute(_SURVIVING, {"ids": list(patient_ids)})
    stayed: dict[int, int] = {row.id: row.stays_id for row in found}
    if not stayed.keys() >= set(patient_ids):
        raise NotFound("Patient not found")
    return [stayed[patient_id] for patient_id in patient_ids]


def patient_by_code(session: Session, code: str) -> PatientRead:
    """The patient with this code; the code of a merged patient leads to the one that stayed."""
    return get_patient(session, surviving_by_code(session, code))


def surviving_by_code(session: Session, code: str) -> int:
    """The record that a code leads to, also where it is in no list any more."""
    found: int | None = session.execute(_BY_CODE, {"code": code.strip()}).scalar()
    if found is None:
        raise NotFound("Patient not found")
    return found


def id_of_code(session: Session, code: str) -> int | None:
    """Who has this code, or gives it to friends; where merged, the one that stayed.

    None where that one is in no list any more: withdrawn, or erased.
    """
    found = session.execute(_BY_ANY_CODE, {"code": code.strip()}).scalar()
    return None if found is None else int(found)


def resembling(session: Session, data: PatientCreate | Likeness) -> list[Resemblance]:
    """Patients with the same phone, NIN, or name and day of birth; at most ten."""
    values = {
        "phone": data.phone,
        "nin_hash": crypto.keyed_hash(data.nin) if data.nin else None,
        "last_name": data.last_name,
        "first_name": data.first_name,
        "born": data.date_of_birth,
    }
    found = session.execute(_RESEMBLING, values).mappings()
    return [Resemblance.model_validate(dict(row)) for row in found]


def names_of(session: Session, patient_ids: Sequence[int]) -> dict[int, str]:
    """Names for labels."""
    name: Any = Patient.first_name + " " + Patient.last_name
    found = session.execute(
        select(Patient.id, name).where(Patient.id == func.any(list(patient_ids)))
    )
    return {row[0]: row[1] for row in found}


_SURVIVING = text(
    "SELECT id, coalesce(merged_into_id, id) AS stays_id FROM crm_patients WHERE id = ANY(:ids)"
)
_BY_CODE = text(
    "SELECT coalesce(merged_into_id, id) FROM crm_patients WHERE patient_code = upper(:code)"
)
_BY_ANY_CODE = text(
    "SELECT s.id FROM crm_patients p JOIN crm_patients s"
    " ON s.id = coalesce(p.merged_into_id, p.id) AND s.merged_into_id IS NULL"
    " WHERE p.patient_code = upper(:code) OR p.referral_code = upper(:code)"
)
_RESEMBLING = text(
    """
    SELECT p.id, p.patient_code, p.first_name || ' ' || p.last_name AS name, p.date_of_birth,
           p.phone, coalesce(p.phone = :phone, false) AS same_phone,
           coalesce(p.nin_hash = CAST(:nin_hash AS bytea), false) AS same_nin,
           coalesce(lower(p.last_name) = lower(:last_name)
               AND lower(p.first_name) = lower(:first_name)
               AND p.date_of_birth = :born, false) AS same_name_and_birth
    FROM crm_patients p
    WHERE p.merged_into_id IS NULL AND p.id IN (
        SELECT id FROM crm_patients WHERE phone = :phone
        UNION ALL
        SELECT id FROM crm_patients
        WHERE nin_hash = CAST(:nin_hash AS bytea) AND merged_into_id IS NULL
        UNION ALL
        SELECT id FROM crm_patients WHERE lower(last_name) = lower(:last_name)
            AND date_of_birth = :born AND lower(first_name) = lower(:first_name))
    ORDER BY same_nin DESC, same_name_and_birth DESC, p.id
    LIMIT 10
    """
)

"""Commands that change patients. A patient is registered through loyalty, which enrols them."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_core.base import crypto, history
from crm_core.base.clock import lagos_today, utc_now
from crm_core.base.db import refusing_violations
from crm_core.base.errors import Conflict, Invalid, NotFound
from crm_core.patients import queries
from crm_core.patients.models import Patient
from crm_core.patients.places import find_area
from crm_core.patients.schemas import (
    ADULT,
    PatientCreate,
    PatientRead,
    PatientStatus,
    PatientUpdate,
    StatusChange,
    age_on,
)
from crm_core.people.schemas import Actor, Permission


def create_patient(session: Session, data: PatientCreate, *, actor: Actor) -> PatientRead:
    """Adds a patient; a referral code must be somebody else's.

    Not for doors: ``loyalty.service.register_patient`` calls this and enrols the patient.
    """
    actor.require(Permission.PATIENTS_WRITE)
    values = data.model_dump(exclude={"nin", "referral_code"}, mode="python")
    patient = Patient(
        **_plain(values), **_nin_columns(data.nin), referred_by_id=_referrer(session, data)
    )
    session.add(patient)
    with refusing_clashes():
        session.flush()
    return queries.get_patient(session, patient.id)


def update_patient(
    session: Session, patient_id: int, data: PatientUpdate, *, actor: Actor
) -> PatientRead:
    """Changes what was given; with a ``version`` only if nobody changed the patient since."""
    actor.require(Permission.PATIENTS_WRITE)
    patient = lock_patient(session, patient_id)
    if data.version is not None and data.version != patient.version:
        raise Conflict(
            "Somebody changed this patient since you opened the form: look again, then edit."
        )
    values = _plain(data.model_dump(exclude_unset=True, exclude={"version", "nin"}, mode="python"))
    if "nin" in data.model_fields_set:
        values |= _nin_columns(data.nin)
    if "communication_preferences" in values:
        values["consent_at"] = utc_now()
    for name, value in values.items():
        setattr(patient, name, value)
    _check_whole(patient, data)
    with refusing_clashes():
        session.flush()
    return queries.get_patient(session, patient_id)


def change_status(
    session: Session, patient_id: int, data: StatusChange, *, actor: Actor
) -> PatientRead:
    """Active, inactive or deceased; only an administrator brings somebody back from the dead."""
    actor.require(Permission.PATIENTS_WRITE)
    patient = lock_patient(session, patient_id)
    if patient.status == PatientStatus.DECEASED:
        actor.require(Permission.SETTINGS_WRITE)
    patient.status = data.status.value
    history.note(session, "status", "crm_patients", patient_id, data.model_dump(mode="json"))
    session.flush()
    return queries.get_patient(session, patient_id)


def reveal_nin(session: Session, patient_id: int, *, why: str, actor: Actor) -> str:
    """The whole NIN, for a reason that the history keeps."""
    actor.require(Permission.IDENTIFIERS_REVEAL)
    found = session.execute(
        select(Patient.nin_encrypted).where(Patient.id == patient_id)
    ).one_or_none()
    if found is None:
        raise NotFound("Patient not found")
    if found[0] is None:
        raise Conflict("This patient's NIN is not known.")
    history.note(session, "reveal", "crm_patients", patient_id, {"why": why})
    return crypto.decrypt(found[0])


def note_reading(session: Session, patient_id: int) -> None:
    """Reading a patient's record is in the history too."""
    history.note(session, "read", "crm_patients", patient_id, {})


def count_visit(session: Session, patient_id: int, day: date) -> date | None:
    """One visit more, on that day; gives the last visit before it.

    Not for doors: whoever completes visits calls this, and keeps what it gives for taking it back.
    """
    patient = lock_patient(session, patient_id)
    before = patient.last_visit_date
    patient.visit_count += 1
    patient.last_visit_date = day if before is None else max(before, day)
    session.flush()
    return before


def uncount_visit(session: Session, patient_id: int, last_visit: date | None) -> None:
    """A visit was not completed after all; the last one was on ``last_visit``."""
    patient = lock_patient(session, patient_id)
    patient.visit_count = max(0, patient.visit_count - 1)
    patient.last_visit_date = last_visit
    session.flush()


def lock_patients(session: Session, patient_ids: Sequence[int]) -> None:
    """Several patients, by id: one order for all, so that nobody deadlocks."""
    session.execute(
        select(Patient.id)
        .where(Patient.id == func.any(list(patient_ids)))
        .order_by(Patient.id)
        .with_for_update(key_share=True)
    )


def lock_whole(session: Session, patient_ids: Sequence[int]) -> None:
    """The same, against whoever would only point at them, too: a visit, a message, feedback."""
    session.execute(
        select(Patient.id)
        .where(Patient.id == func.any(list(patient_ids)))
        .order_by(Patient.id)
        .with_for_update()
    )


def lock_patient(session: Session, patient_id: int) -> Patient:
    """The patient, locked until the transaction ends; a merged one is no longer changed."""
    patient = session.get(
        Patient, patient_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if patient is None:
        raise NotFound("Patient not found")
    if patient.erased_at is not None:
        raise Conflict(f"{patient.patient_code} was erased on request: nothing is changed of it.")
    if patient.withdrawn_at is not None:
        raise Conflict(f"{patient.patient_code} was withdrawn when its import was undone.")
    if patient.merged_into_id is not None:
        raise Conflict(f"{patient.patient_code} was merged into another patient: change that one.")
    return patient


def _referrer(session: Session, data: PatientCreate) -> int | None:
    """Who referred; not oneself, nor somebody with the same phone or NIN."""
    if data.referral_code is None:
        return None
    found = session.execute(
        select(Patient.id, Patient.phone, Patient.nin_hash, Patient.merged_into_id).where(
            Patient.referral_code == data.referral_code.strip().upper(),
            Patient.withdrawn_at.is_(None),
        )
    ).one_or_none()
    if found is None:
        raise Invalid.field("referral_code", "Nobody has this referral code: check it.")
    same_nin = data.nin is not None and found.nin_hash == crypto.keyed_hash(data.nin)
    if found.phone == data.phone or same_nin:
        raise Invalid.field("referral_code", "Nobody can refer themselves.")
    return int(found.merged_into_id or found.id)


def _check_whole(patient: Patient, data: PatientUpdate) -> None:
    """What one field says about another, after the change."""
    if patient.lga is not None and {"lga", "state"} & data.model_fields_set:
        try:
            patient.lga = find_area(patient.state, patient.lga)
        except ValueError as error:
            raise Invalid.field("lga", str(error)) from error
    reachable = patient.emergency_contact_name and patient.emergency_contact_phone
    if age_on(patient.date_of_birth, lagos_today()) < ADULT and not reachable:
        raise Invalid.field(
            "emergency_contact_name",
            "A patient under 18 needs an emergency contact with name and phone.",
        )


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Enums as their text."""
    return {name: getattr(value, "value", value) for name, value in values.items()}


def _nin_columns(nin: str | None) -> dict[str, Any]:
    if nin is None:
        return {"nin_encrypted": None, "nin_hash": None, "nin_last4": None}
    return {
        "nin_encrypted": crypto.encrypt(nin),
        "nin_hash": crypto.keyed_hash(nin),
        "nin_last4": nin[-4:],
    }


def refusing_clashes() -> AbstractContextManager[None]:
    """Sentences for what the database refuses of a patient."""
    return refusing_violations(
        uq_crm_patients_email="Another patient has this email address.",
        uq_crm_patients_nin_hash="Another patient has this NIN: is it the same person?",
        fk_crm_patients_preferred_hospital_id="There is no such hospital.",
        ck_crm_patients_born_before="A patient is born before being registered.",
    )

"""Two records of one person: what the one that stays learns from the other, and how it is undone.

Not for doors: ``loyalty.service`` calls these and moves the points.
"""

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm_core.patients.models import Patient
from crm_core.patients.schemas import PatientStatus
from crm_core.patients.service import refusing_clashes

_HANDED_OVER = (
    "middle_name",
    "alternate_phone",
    "blood_group",
    "genotype",
    "nhis_number",
    "preferred_hospital_id",
    "emergency_contact_name",
    "emergency_contact_phone",
    "emergency_contact_relationship",
)
_LISTS = ("allergies", "chronic_conditions")


class Consent(BaseModel):
    """What the person agreed to, where and when."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    communication_preferences: dict[str, bool]
    consent_source: str
    consent_at: datetime


class Before(BaseModel):
    """What two records were before they became one, as far as they do not say so themselves.

    Attributes:
        learnt: fields that the one that stays did not know; ``nin`` is one.
        email: of the one that went, as ``status`` is.
        followers: records that had been merged into the one that went.
        referred: whether the one that went had referred the one that stays.
        lists: allergies and conditions of the one that stays.
        visit_count: of both together; None for a merge of before this was kept.
    """

    model_config = ConfigDict(frozen=True)

    learnt: list[str]
    email: str | None
    status: str
    followers: list[int]
    referred: bool
    lists: dict[str, list[str]]
    visit_count: int | None = None
    last_visit_date: date | None
    consent: Consent


def mark_merged(session: Session, gone: Patient, stays: Patient) -> Before:
    """The record that went keeps its code, which leads to the one that stays.

    What the one that stays did not know it learns; nothing it knew is overwritten.
    """
    before = _before(session, gone, stays)
    if before.referred:
        stays.referred_by_id = None  # nobody refers themselves
    gone.merged_into_id = stays.id
    gone.status = PatientStatus.INACTIVE.value
    gone.email = None
    # Email and NIN are unique among those that are not merged: they leave one before the other.
    session.flush()
    session.execute(_FOLLOW, {"gone": gone.id, "stays": stays.id})
    for name in before.learnt:
        _learn(stays, gone, name, before)
    for name in _LISTS:
        both = [*getattr(stays, name), *getattr(gone, name)]
        setattr(stays, name, list(dict.fromkeys(both)))
    _hand_over_visits(gone, stays)
    if gone.consent_at > stays.consent_at:  # what the person said last
        _agree(stays, Consent.model_validate(gone))
    session.flush()
    return before


def mark_apart(session: Session, gone: Patient, stays: Patient, before: Before) -> None:
    """Two records again: each has what it had, and what was changed since stays as it is.

    Raises:
        Conflict: somebody else has the email address by now.
    """
    for name in before.learnt:
        _forget(stays, gone, name, before)
    for name in _LISTS:
        learnt = set(getattr(gone, name)) - set(before.lists[name])
        setattr(stays, name, [each for each in getattr(stays, name) if each not in learnt])
    stays.visit_count -= gone.visit_count
    if stays.last_visit_date == gone.last_visit_date:
        stays.last_visit_date = before.last_visit_date
    if stays.consent_at == gone.consent_at:
        _agree(stays, before.consent)
    session.flush()
    gone.merged_into_id = None
    gone.status, gone.email = before.status, before.email
    if before.referred and stays.referred_by_id is None:
        stays.referred_by_id = gone.id
    with refusing_clashes():
        session.flush()
    session.execute(_LEAD_BACK, {"ids": before.followers, "gone": gone.id, "stays": stays.id})


def _before(session: Session, gone: Patient, stays: Patient) -> Before:
    names = [
        name
        for name in (*_HANDED_OVER, "email")
        if getattr(stays, name) is None and getattr(gone, name) is not None
    ]
    if stays.nin_hash is None and gone.nin_hash is not None:
        names.append("nin")
    followers = select(Patient.id).where(Patient.merged_into_id == gone.id)
    return Before(
        learnt=names,
        email=gone.email,
        status=gone.status,
        followers=list(session.scalars(followers.order_by(Patient.id))),
        referred=stays.referred_by_id == gone.id,
        lists={name: list(getattr(stays, name)) for name in _LISTS},
        visit_count=stays.visit_count + gone.visit_count,
        last_visit_date=stays.last_visit_date,
        consent=Consent.model_validate(stays),
    )


def _learn(stays: Patient, gone: Patient, name: str, before: Before) -> None:
    if name == "nin":
        stays.nin_encrypted, stays.nin_hash = gone.nin_encrypted, gone.nin_hash
        stays.nin_last4 = gone.nin_last4
    else:
        setattr(stays, name, _known(gone, name, before))


def _forget(stays: Patient, gone: Patient, name: str, before: Before) -> None:
    """Unless somebody wrote something else there since."""
    if name == "nin":
        if stays.nin_hash == gone.nin_hash:
            stays.nin_encrypted = stays.nin_hash = stays.nin_last4 = None
    elif getattr(stays, name) == _known(gone, name, before):
        setattr(stays, name, None)


def _known(gone: Patient, name: str, before: Before) -> Any:
    return before.email if name == "email" else getattr(gone, name)


def _hand_over_visits(gone: Patient, stays: Patient) -> None:
    stays.visit_count += gone.visit_count
    seen = [day for day in (stays.last_visit_date, gone.last_visit_date) if day is not None]
    stays.last_visit_date = max(seen, default=None)


def _agree(patient: Patient, consent: Consent) -> None:
    for name, value in consent.model_dump().items():
        setattr(patient, name, value)


# A code leads to the last record in one step, however often its person was merged.
_FOLLOW = text("UPDATE crm_patients SET merged_into_id = :stays WHERE merged_into_id = :gone")
_LEAD_BACK = text(
    "UPDATE crm_patients SET merged_into_id = :gone"
    " WHERE id = ANY(:ids) AND merged_into_id = :stays"
)

"""Who gave a piece, as their records stand now: two records of one patient may have become one.

A piece keeps the record that it was given under; whoever is to be reached is the one that stayed.
"""

from collections.abc import Collection

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from crm_core.feedback.models import Feedback
from crm_core.feedback.schemas import SourceType
from crm_core.patients.models import Patient

_STAYED = func.coalesce(Patient.merged_into_id, Patient.id, type_=Patient.id.type)


def stayed(session: Session, patient_ids: Collection[int]) -> dict[int, int]:
    """Patient id → the record that it was merged into, or itself."""
    ids = list(patient_ids)
    found = session.execute(select(Patient.id, _STAYED).where(Patient.id == func.any(ids)))
    return {row.id: row[1] for row in found}


def person(session: Session, source: SourceType, source_id: int) -> int:
    """The record of a giver that is in use; the id as it is where there is no such person."""
    if source is not SourceType.PATIENT:
        return source_id
    return stayed(session, [source_id]).get(source_id, source_id)


def giver_of(session: Session, case: Feedback) -> int:
    """Whom to reach about a piece."""
    return person(session, SourceType(case.source_type), case.source_id)


def given_by(source: SourceType, source_id: int) -> ColumnElement[bool]:
    """Pieces of this person, under whichever of their records."""
    if source is SourceType.OWNER:
        return Feedback.owner_id == source_id
    if source is SourceType.STAFF:
        return Feedback.staff_id == source_id
    stays = select(_STAYED).where(Patient.id == source_id).scalar_subquery()
    records = select(Patient.id).where((Patient.id == stays) | (Patient.merged_into_id == stays))
    return Feedback.patient_id.in_(records)

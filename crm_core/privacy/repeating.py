"""Erasures of people whom a restored backup has brought back: kept outside, and done again."""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from crm_core.base.db import refusing_violations
from crm_core.base.errors import Conflict
from crm_core.patients.models import Patient
from crm_core.patients.queries import surviving_by_code
from crm_core.people.schemas import Actor, Permission
from crm_core.privacy.erasures import carry_out
from crm_core.privacy.models import Erasure
from crm_core.privacy.schemas import ErasureProof, ErasureState


class Repeated(StrEnum):
    """What doing an erasure again came to."""

    ERASED = "erased again"
    THERE = "is erased"


def proofs(session: Session, *, actor: Actor) -> Iterator[ErasureProof]:
    """What is to be kept of each erasure outside of the database; nobody is named in it."""
    actor.require(Permission.ERASURES_READ)
    found = session.execute(
        select(Erasure, Patient.patient_code, Patient.created_at)
        .join(Patient, Patient.id == Erasure.patient_id)
        .where(Erasure.state == ErasureState.DONE.value)
        .order_by(Erasure.id)
    )
    for erasure, code, registered_at in found:
        told = {name: getattr(erasure, name) for name in _TOLD}
        yield ErasureProof(patient_code=code, registered_at=registered_at, **told)


def erase_again(session: Session, proof: ErasureProof, *, actor: Actor) -> Repeated:
    """Erases whom the proof tells of, as it was asked for and approved then.

    Raises:
        NotFound: the backup is from before the patient was registered.
        Conflict: the code is another person's by now, or something has to end before.
    """
    actor.require(Permission.ERASURES_APPROVE)
    patient_id = surviving_by_code(session, proof.patient_code)
    _refuse_another(session, patient_id, proof.registered_at)
    standing = session.execute(
        select(Erasure.id, Erasure.state)
        .where(Erasure.patient_id == patient_id, Erasure.state != ErasureState.REFUSED.value)
        .with_for_update()
    ).one_or_none()
    if standing is not None and standing.state == ErasureState.DONE:
        return Repeated.THERE
    erasure_id = _write_down(session, patient_id, proof) if standing is None else standing.id
    by = {"decided_by": proof.decided_by, "decided_by_name": proof.decided_by_name}
    with refusing_violations(
        ck_crm_erasures_four_eyes="Whoever approved it has written a new request down: refuse that."
    ):
        carry_out(session, erasure_id, **by)
    return Repeated.ERASED


def _refuse_another(session: Session, patient_id: int, registered_at: datetime) -> None:
    """Codes that were given after the backup are given anew, to other people."""
    since = session.scalars(select(Patient.created_at).where(Patient.id == patient_id)).one()
    if since != registered_at:
        raise Conflict("This code is another person's in this database: nothing was erased.")


def _write_down(session: Session, patient_id: int, proof: ErasureProof) -> int:
    asked = proof.model_dump(
        include={"asked_by", "asked_on", "due_on", "requested_by", "requested_by_name"}
    )
    values = asked | {"patient_id": patient_id, "reason": "Erased before a restore"}
    return session.scalars(insert(Erasure).values(values).returning(Erasure.id)).one()


_TOLD = (
    "asked_by",
    "asked_on",
    "due_on",
    "requested_by",
    "requested_by_name",
    "decided_by",
    "decided_by_name",
    "done_at",
)

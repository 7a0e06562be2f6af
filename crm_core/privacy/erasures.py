"""Requests to be erased: asked for by one, approved by another, and carried out at once."""

from datetime import timedelta

from sqlalchemy import Boolean, bindparam, func, insert, select, text, update
from sqlalchemy.orm import Session

from crm_core.base import parameters
from crm_core.base.clock import lagos_today, utc_now
from crm_core.base.db import refusing_violations
from crm_core.base.errors import Conflict, Forbidden, Invalid, NotFound
from crm_core.base.read import Listing, Order, Read
from crm_core.patients.models import Patient
from crm_core.patients.queries import surviving_by_code
from crm_core.people.schemas import Actor, Permission
from crm_core.privacy import erasing
from crm_core.privacy.blocking import blockers
from crm_core.privacy.models import Erasure
from crm_core.privacy.person import Person, find_person, lock_person
from crm_core.privacy.schemas import (
    ErasureApproval,
    ErasureCreate,
    ErasureFilter,
    ErasurePlan,
    ErasureRead,
    ErasureRefusal,
    ErasureState,
)

_LATE = Erasure.decided_at.is_(None) & (Erasure.due_on < func.crm_lagos_today())

ERASURES: Listing[ErasureRead] = Listing(
    schema=ErasureRead,
    statement=select(
        Erasure.id,
        Erasure.patient_id,
        Patient.patient_code,
        Erasure.asked_by,
        Erasure.reason,
        Erasure.state,
        Erasure.asked_on,
        Erasure.due_on,
        _LATE.label("overdue"),
        Erasure.requested_by_name,
        Erasure.requested_at,
        Erasure.decided_by_name,
        Erasure.decided_at,
        Erasure.refusal,
        Erasure.done_at,
        Erasure.counts,
        Erasure.version,
    ).join(Patient, Patient.id == Erasure.patient_id),
    filters={
        "state": Erasure.state == bindparam("state"),
        "overdue": bindparam("overdue", type_=Boolean) == _LATE,
    },
    orders={"latest": Order((Erasure.id,))},
    key=Erasure.id,
    noun="Erasure",
)


def list_erasures(filters: ErasureFilter, *, actor: Actor) -> Read[ErasureRead]:
    """Requests to be erased, the latest first."""
    actor.require(Permission.ERASURES_READ)
    return ERASURES.read(filters)


def count_waiting(session: Session) -> int:
    """How many requests wait for a decision."""
    waiting = select(func.count()).where(Erasure.state == ErasureState.REQUESTED.value)
    return session.execute(waiting).scalar_one()


def erasure_of(session: Session, patient_id: int) -> ErasureRead | None:
    """What says of an erased patient that, when and by which request they were erased."""
    found = session.scalar(
        select(Erasure.id)
        .join(Patient, Patient.merged_into_id == Erasure.patient_id)
        .where(Patient.id == patient_id, Erasure.state == ErasureState.DONE.value)
    )
    return None if found is None else ERASURES.one(session, found)


def request_erasure(session: Session, data: ErasureCreate, *, actor: Actor) -> ErasureRead:
    """Writes down that a person asked to be erased; the days run from when they asked.

    Raises:
        Conflict: they were erased, or a request of theirs waits.
    """
    actor.require(Permission.PRIVACY_MANAGE)
    today = lagos_today()
    if data.asked_on > today:
        raise Invalid.field("asked_on", "Give a day that has come.")
    days = int(parameters.value_of(session, "privacy.erasure_days"))
    values = {
        "patient_id": surviving_by_code(session, data.patient_code),
        "asked_by": data.asked_by.value,
        "asked_on": data.asked_on,
        "due_on": data.asked_on + timedelta(days=days),
        "reason": data.reason,
        "requested_by": actor.person,
        "requested_by_name": actor.name,
    }
    with refusing_violations(
        uq_crm_erasures_patient_id="This person was erased, or a request of theirs waits already."
    ):
        made = session.scalars(insert(Erasure).values(values).returning(Erasure.id)).one()
    return ERASURES.one(session, made)


def look_at_erasure(session: Session, erasure_id: int, *, actor: Actor) -> ErasurePlan:
    """What would be erased and kept, and what has to end before; changes nothing."""
    actor.require(Permission.ERASURES_READ)
    found = ERASURES.one(session, erasure_id)
    person = find_person(session, found.patient_id)
    waits = found.state is ErasureState.REQUESTED
    return ErasurePlan(
        erasure=found,
        records=len(person.ids),
        blockers=blockers(session, person) if waits else [],
        held=erasing.look(session, person),
    )


def approve_erasure(
    session: Session, erasure_id: int, data: ErasureApproval, *, actor: Actor
) -> ErasureRead:
    """Approves what somebody else asked for, and erases the person in the same transaction.

    Raises:
        Forbidden: the actor made the request.
        Conflict: it was decided meanwhile, or something has to end before.
    """
    actor.require(Permission.ERASURES_APPROVE)
    erasure = _lock(session, erasure_id, data.version)
    if erasure.requested_by == actor.person:
        raise Forbidden("Somebody else than who wrote the request down approves it.")
    return carry_out(session, erasure.id, decided_by=actor.person, decided_by_name=actor.name)


def carry_out(
    session: Session, erasure_id: int, *, decided_by: str, decided_by_name: str
) -> ErasureRead:
    """The approval and the erasure of a locked request; not for doors."""
    person = _locked_person(session, erasure_id)
    # Whatever was given as the reason may name the person: of this transaction nothing is kept.
    session.execute(_WHY, {"why": f"Erasure {erasure_id}"})
    _write(
        session,
        erasure_id,
        state=ErasureState.APPROVED.value,
        decided_by=decided_by,
        decided_by_name=decided_by_name,
        decided_at=utc_now(),
    )
    counts = erasing.erase(session, erasure_id, person)
    done = {"state": ErasureState.DONE.value, "done_at": utc_now(), "reason": "", "counts": counts}
    _write(session, erasure_id, **done)
    return ERASURES.one(session, erasure_id)


def refuse_erasure(
    session: Session, erasure_id: int, data: ErasureRefusal, *, actor: Actor
) -> ErasureRead:
    """Says why the person cannot be erased; they may ask again."""
    actor.require(Permission.ERASURES_APPROVE)
    _lock(session, erasure_id, data.version)
    _write(
        session,
        erasure_id,
        state=ErasureState.REFUSED.value,
        refusal=data.refusal,
        decided_by=actor.person,
        decided_by_name=actor.name,
        decided_at=utc_now(),
    )
    return ERASURES.one(session, erasure_id)


def _lock(session: Session, erasure_id: int, version: int) -> Erasure:
    """The request, which waits as it did when somebody looked."""
    erasure = session.get(Erasure, erasure_id, with_for_update=True, populate_existing=True)
    if erasure is None:
        raise NotFound("Erasure not found")
    if erasure.state != ErasureState.REQUESTED:
        raise Conflict(f"This request is {erasure.state} already.")
    if erasure.version != version:
        raise Conflict("This request was changed since you looked: look again.")
    return erasure


def _locked_person(session: Session, erasure_id: int) -> Person:
    patient_id = session.scalars(select(Erasure.patient_id).where(Erasure.id == erasure_id)).one()
    lock_person(session, find_person(session, patient_id))
    person = find_person(session, patient_id)
    merged = session.scalars(select(Patient.merged_into_id).where(Patient.id == patient_id)).one()
    if merged not in {None, patient_id}:
        raise Conflict("The record was merged into another since: refuse this, and ask for that.")
    in_the_way = blockers(session, person)
    if in_the_way:
        raise Conflict(" ".join(in_the_way))
    return person


def _write(session: Session, erasure_id: int, **values: object) -> None:
    session.execute(update(Erasure).where(Erasure.id == erasure_id).values(**values))
    session.expire_all()


_WHY = text("SELECT set_config('crm.why', :why, true)")

"""The waitlist: joining, leaving, and taking a freed time; the first valid yes wins."""

from typing import Any

from sqlalchemy import Row, insert, text, update
from sqlalchemy.orm import Session

from crm_core.appointments.models import SlotOffer, WaitlistEntry
from crm_core.appointments.schemas import (
    AnswerOutcome,
    AppointmentStatus,
    AppointmentType,
    NoticeKind,
    OfferQuestion,
    OfferStatus,
    WaitlistCreate,
    WaitlistRead,
    WaitlistStatus,
)
from crm_core.appointments.service import booking, claiming, common, notices, offering
from crm_core.appointments.slots import minutes_of
from crm_core.appointments.waiting import get_entry
from crm_core.base.clock import lagos_today, utc_now
from crm_core.base.db import refusing_violations
from crm_core.base.errors import Conflict, Invalid, NotFound
from crm_core.patients import service as patients
from crm_core.patients.queries import surviving_id
from crm_core.patients.schemas import PatientStatus
from crm_core.people.schemas import Actor, Permission


def join_waitlist(session: Session, data: WaitlistCreate, *, actor: Actor) -> WaitlistRead:
    """Somebody would come if a time became free."""
    actor.require(Permission.APPOINTMENTS_WRITE)
    if data.to_day < lagos_today():
        raise Invalid.field("to_day", "Give a last day that is not over.")
    patient = patients.lock_patient(session, surviving_id(session, data.patient_id))
    values = data.model_dump(exclude={"patient_id", "duration_minutes", "type"}) | {
        "patient_id": patient.id,
        "type": data.type.value,
        "duration_minutes": data.duration_minutes or minutes_of(session, data.type),
        "created_by": actor.person,
    }
    with refusing_violations(
        fk_crm_waitlist_hospital_id="There is no such hospital.",
        fk_crm_waitlist_department_id="This hospital has no such department.",
        fk_crm_waitlist_doctor_id="This hospital has no such doctor.",
    ):
        made = session.execute(
            insert(WaitlistEntry).values(**values).returning(WaitlistEntry.id)
        ).scalar_one()
    return get_entry(session, made)


def leave_waitlist(session: Session, waitlist_id: int, *, actor: Actor) -> WaitlistRead:
    """Somebody waits no longer; what they were offered is closed."""
    actor.require(Permission.APPOINTMENTS_WRITE)
    common.lock_waitlists(session, [get_entry(session, waitlist_id).hospital_id])
    left = session.execute(
        update(WaitlistEntry)
        .where(
            WaitlistEntry.id == waitlist_id, WaitlistEntry.status == WaitlistStatus.WAITING.value
        )
        .values(status=WaitlistStatus.LEFT.value)
        .returning(WaitlistEntry.id),
        execution_options=common.VALUES,
    ).first()
    entry = get_entry(session, waitlist_id)
    if left is None:
        raise Conflict(f"{entry.patient_name} does not wait any more.")
    offering.close_offers_of(session, waitlist_id)
    return entry


def offer_question(session: Session, offer_id: int) -> OfferQuestion:
    """What the page of an offer's link says; ``NotFound`` where there is none."""
    found = session.execute(_QUESTION, {"id": offer_id}).mappings().first()
    if found is None:
        raise NotFound("There is no such offer.")
    return OfferQuestion.model_validate(dict(found))


def take_offer(session: Session, offer_id: int, *, by: str, actor: Actor) -> AnswerOutcome:
    """Yes: the first valid one is booked, under the doctor's lock; for the others it is gone.

    Args:
        by: how the answer came: ``link``, ``sms`` …
    """
    wanted = _wanted(offering.read_offer(session, offer_id))
    common.lock_waitlists(session, [wanted.hospital_id])
    common.lock_doctors(session, [wanted.doctor_id])
    patient = patients.lock_patient(session, wanted.patient_id)
    offer = offering.lock_offer(session, offer_id)
    if offer.status == OfferStatus.TAKEN:
        return AnswerOutcome.BOOKED
    alive = patient.status != PatientStatus.DECEASED
    if not (offer.open and alive and claiming.is_had_still(session, wanted)):
        return AnswerOutcome.GONE
    confirmed = {"status": AppointmentStatus.CONFIRMED.value, "confirmed_at": utc_now()}
    made = booking.book(session, wanted, actor=actor, **confirmed)
    _record(session, offer_id, offer.waitlist_id, made, by)
    notices.tell(session, NoticeKind.BOOKED, [made], actor=actor)
    return AnswerOutcome.BOOKED


def decline_offer(session: Session, offer_id: int, *, by: str) -> AnswerOutcome:
    """No: the place on the list stays."""
    session.execute(
        update(SlotOffer)
        .where(SlotOffer.id == offer_id, SlotOffer.status == OfferStatus.OPEN.value)
        .values(status=OfferStatus.DECLINED.value, answered_by=by, answered_at=utc_now()),
        execution_options=common.VALUES,
    )
    return AnswerOutcome.DECLINED


def _wanted(offer: Row[*tuple[Any, ...]]) -> claiming.Wanted:
    return claiming.Wanted(
        patient_id=offer.patient_id,
        hospital_id=offer.hospital_id,
        department_id=offer.department_id,
        doctor_id=offer.doctor_id,
        starts_at=offer.starts_at,
        minutes=offer.duration_minutes,
        type=AppointmentType(offer.type),
    )


def _record(session: Session, offer_id: int, waitlist_id: int, made: int, by: str) -> None:
    session.execute(
        update(SlotOffer)
        .where(SlotOffer.id == offer_id)
        .values(status=OfferStatus.TAKEN.value, answered_by=by, answered_at=utc_now()),
        execution_options=common.VALUES,
    )
    session.execute(
        update(WaitlistEntry)
        .where(WaitlistEntry.id == waitlist_id)
        .values(status=WaitlistStatus.BOOKED.value, appointment_id=made),
        execution_options=common.VALUES,
    )
    offering.close_offers_of(session, waitlist_id)


_QUESTION = text(
    """
    SELECT o.id AS offer_id, w.patient_id, p.first_name, h.name AS hospital_name,
           d.name AS doctor_name, o.starts_at, o.duration_minutes,
           o.status = 'open' AND o.expires_at > now() AS open, o.status = 'taken' AS taken
    FROM crm_slot_offers o JOIN crm_waitlist w ON w.id = o.waitlist_id
    JOIN crm_patients p ON p.id = w.patient_id JOIN crm_hospitals h ON h.id = o.hospital_id
    JOIN crm_doctors d ON d.id = o.doctor_id
    WHERE o.id = :id
    """
)

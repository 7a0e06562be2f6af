"""What every command on visits shares: locks in one order, refusals, verdicts.

The order, so that nobody deadlocks: the waitlists of hospitals, doctors, members, patients,
visits; each kind by its id. Offers are locked in any order, by one who holds their waitlist.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from crm_core.appointments.models import Appointment
from crm_core.appointments.queries import APPOINTMENTS
from crm_core.appointments.schemas import AppointmentRead, AppointmentStatus
from crm_core.base import acts
from crm_core.base.clock import to_lagos
from crm_core.base.db import refusing_violations
from crm_core.base.errors import Conflict, NotFound
from crm_core.base.preflight import Change, Verdict

VALUES = {"synchronize_session": False}


def lock_waitlists(session: Session, hospital_ids: Iterable[int]) -> None:
    """Whoever frees a time, takes one or leaves the waitlist of a hospital is alone with it.

    They open and close offers of several doctors to several patients: two of them would each hold
    one and wait for the other's.
    """
    session.execute(_LOCK_WAITLISTS, {"hospital_ids": sorted(set(hospital_ids))})


def lock_waitlists_of(session: Session, appointment_ids: Sequence[int]) -> None:
    """The same by visits, before they are locked: a visit never changes its hospital."""
    places = select(Appointment.hospital_id).where(Appointment.id == func.any(appointment_ids))
    lock_waitlists(session, session.scalars(places.distinct()).all())


def lock_to_book(
    session: Session, hospital_ids: Iterable[int], doctor_ids: Sequence[int | None]
) -> None:
    """Doctors whose times are taken, and no more than a share of the waitlists.

    Bookings go on beside each other: each closes offers of no doctor but those that it holds.
    """
    if any(doctor_ids):
        session.execute(_SHARE_WAITLISTS, {"hospital_ids": sorted(set(hospital_ids))})
        lock_doctors(session, doctor_ids)


def lock_doctors(session: Session, doctor_ids: Sequence[int | None]) -> None:
    """Whoever books a doctor comes after the other; without it racing bookings deadlock.

    The exclusion constraint makes each wait for the other's row; a lock taken first does not.
    """
    wanted = sorted({one for one in doctor_ids if one is not None})
    session.execute(_LOCK_DOCTORS, {"doctor_ids": wanted})


def lock_appointments(session: Session, ids: Sequence[int]) -> None:
    """Locks visits by id until the transaction ends."""
    session.execute(
        select(Appointment.id)
        .where(Appointment.id == func.any(list(ids)))
        .order_by(Appointment.id)
        .with_for_update(key_share=True)
    )


def lock_appointment(session: Session, appointment_id: int) -> AppointmentRead:
    """The visit as it is, locked until the transaction ends; ``NotFound`` where there is none."""
    lock_appointments(session, [appointment_id])
    return APPOINTMENTS.one(session, appointment_id)


def missing(ids: Sequence[int], found: Sequence[AppointmentRead]) -> list[Verdict]:
    """Verdicts about the ids that no visit has."""
    return acts.not_found(ids, (visit.id for visit in found), "appointment")


def refuse(verdict: Verdict) -> None:
    """Raises the refusal that a verdict stands for; a single act is a bulk act of one."""
    if not verdict.ok:
        raise (NotFound if verdict.code == "not_found" else Conflict)(verdict.reason)


def change_of(visit: AppointmentRead, after: str) -> Change:
    """One line of a receipt."""
    return Change(id=visit.id, label=label_of(visit), before=words_of(visit.status), after=after)


def label_of(visit: AppointmentRead) -> str:
    """How a visit is called in a verdict."""
    day = f"{visit.appointment_date:%-d %B}"
    return (
        f"{visit.appointment_code} · {visit.patient_name} · {day}, {visit.appointment_time:%H:%M}"
    )


def words_of(status: AppointmentStatus) -> str:
    """A state in a sentence."""
    return {"in_progress": "in progress", "no_show": "missed"}.get(status.value, status.value)


def day_of(instant: datetime) -> date:
    """The day in Lagos."""
    return to_lagos(instant).date()


def refusing() -> AbstractContextManager[None]:
    """What the database's own rules say, in words."""
    return refusing_violations(
        ex_crm_appointments_doctor="The doctor has another visit at that time: choose a free one.",
        ex_crm_appointments_patient="The patient has another visit at that time.",
        fk_crm_appointments_hospital_id="There is no such hospital.",
        fk_crm_appointments_department_id="This hospital has no such department.",
        fk_crm_appointments_doctor_id="This hospital has no such doctor.",
        appointment_transition="This is not possible in the visit's present state.",
    )


_LOCK_WAITLISTS = text(
    """
    SELECT pg_advisory_xact_lock(hashint8extended(hospital.id, 4242012))
    FROM (SELECT unnest(CAST(:hospital_ids AS bigint[])) AS id ORDER BY id) AS hospital
    """
)
_SHARE_WAITLISTS = text(
    """
    SELECT pg_advisory_xact_lock_shared(hashint8extended(hospital.id, 4242012))
    FROM (SELECT unnest(CAST(:hospital_ids AS bigint[])) AS id ORDER BY id) AS hospital
    """
)
_LOCK_DOCTORS = text(
    """
    SELECT pg_advisory_xact_lock(hashint8extended(doctor.id, 4242010))
    FROM (SELECT unnest(CAST(:doctor_ids AS bigint[])) AS id ORDER BY id) AS doctor
    """
)

"""What a completed visit brings, in its transaction: points, the count, the question how it was."""

from collections.abc import Sequence

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from crm_core.appointments.models import Appointment
from crm_core.appointments.schemas import AppointmentRead
from crm_core.appointments.service import common
from crm_core.base import jobs
from crm_core.loyalty import service as loyalty
from crm_core.patients import service as patients

ASK = "ask_for_feedback"
"""The job that asks: feedback stands beside this domain, so only the worker knows both."""


def lock_members(session: Session, ids: Sequence[int]) -> None:
    """Locks the members and patients of these visits, before the visits themselves."""
    found = session.scalars(
        select(Appointment.patient_id).where(Appointment.id == func.any(list(ids))).distinct()
    ).all()
    if found:
        loyalty.lock_for_visits(session, found)
        patients.lock_patients(session, found)


def award(session: Session, visits: Sequence[AppointmentRead]) -> None:
    """Points and the count of visits for each, once; and asks each patient how it was."""
    for visit in visits:
        loyalty.award_visit(
            session, visit.patient_id, kind=visit.type.value, visit_id=str(visit.id)
        )
        before = patients.count_visit(session, visit.patient_id, visit.appointment_date)
        session.execute(
            update(Appointment).where(Appointment.id == visit.id).values(visit_before=before),
            execution_options=common.VALUES,
        )
        jobs.queue(
            session,
            ASK,
            visit_id=visit.id,
            patient_id=visit.patient_id,
            hospital_id=visit.hospital_id,
            department_id=visit.department_id,
        )


def take_back(session: Session, visit: AppointmentRead) -> None:
    """The visit was not completed after all: points within the balance, and the count."""
    loyalty.undo_visit(session, visit.patient_id, visit_id=str(visit.id))
    kept = session.scalar(select(Appointment.visit_before).where(Appointment.id == visit.id))
    other = session.scalar(
        select(func.max(Appointment.starts_at)).where(
            Appointment.patient_id == visit.patient_id,
            Appointment.status == "completed",
            Appointment.id != visit.id,
        )
    )
    days = [day for day in (kept, other and common.day_of(other)) if day]
    patients.uncount_visit(session, visit.patient_id, max(days, default=None))

"""Registering a patient, who is a member from then on."""

from sqlalchemy.orm import Session

from crm_core.base.clock import lagos_today
from crm_core.loyalty.models import LoyaltyAccount
from crm_core.loyalty.queries import get_member
from crm_core.loyalty.schemas import MemberRead
from crm_core.loyalty.service import tiers
from crm_core.loyalty.service.earning import welcome
from crm_core.patients import service as patients
from crm_core.patients.schemas import PatientCreate
from crm_core.people.schemas import Actor


def register_patient(session: Session, data: PatientCreate, *, actor: Actor) -> MemberRead:
    """A new patient, enrolled in the programme with the welcome points."""
    patient = patients.create_patient(session, data, actor=actor)
    today = lagos_today()
    session.add(LoyaltyAccount(id=patient.id, review_on=tiers.year_after(today)))
    session.flush()
    welcome(session, patient.id)
    return get_member(session, patient.id)

"""Registering a patient, who is a member from then on; merging two records of one person."""

from sqlalchemy.orm import Session

from crm_core.base import history
from crm_core.base.clock import lagos_today
from crm_core.base.errors import Invalid
from crm_core.loyalty.models import LoyaltyAccount
from crm_core.loyalty.queries import get_member
from crm_core.loyalty.schemas import MemberRead
from crm_core.loyalty.service import ledger, tiers
from crm_core.loyalty.service.earning import welcome
from crm_core.loyalty.service.moving import move_points
from crm_core.patients import service as patients
from crm_core.patients.schemas import PatientCreate
from crm_core.people.schemas import Actor, Permission


def register_patient(session: Session, data: PatientCreate, *, actor: Actor) -> MemberRead:
    """A new patient, enrolled in the programme with the welcome points."""
    patient = patients.create_patient(session, data, actor=actor)
    today = lagos_today()
    session.add(LoyaltyAccount(id=patient.id, review_on=tiers.year_after(today)))
    session.flush()
    welcome(session, patient.id)
    return get_member(session, patient.id)


def merge_patients(
    session: Session, stays_id: int, gone_id: int, *, why: str, actor: Actor
) -> MemberRead:
    """Two records of one person become one: points go along, the welcome given twice does not."""
    actor.require(Permission.PATIENTS_WRITE)
    if stays_id == gone_id:
        raise Invalid.field("gone_id", "Choose two different patients.")
    ledger.lock_accounts(session, [stays_id, gone_id])
    stays, gone = (patients.lock_patient(session, i) for i in (stays_id, gone_id))
    if stays.referred_by_id == gone.id:
        stays.referred_by_id = None  # nobody refers themselves
    history.note(
        session, "merge", "crm_patients", stays_id, {"merged": gone.patient_code, "why": why}
    )
    _merge_accounts(session, stays_id, gone_id, why=why)
    patients.mark_merged(session, gone, stays)
    tiers.raise_tier(session, ledger.lock_account(session, stays_id))
    return get_member(session, stays_id)


def _merge_accounts(session: Session, stays_id: int, gone_id: int, *, why: str) -> None:
    gone = ledger.lock_account(session, gone_id)
    move_points(session, stays_id, gone, why=why)
    session.refresh(gone)
    gone.merged = True
    # The first visit of either was this person's first: nobody is thanked for the second.
    stays = ledger.lock_account(session, stays_id)
    visits = [day for day in (stays.first_visit_on, gone.first_visit_on) if day is not None]
    stays.first_visit_on = min(visits, default=None)
    session.flush()

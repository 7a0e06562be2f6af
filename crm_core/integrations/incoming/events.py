"""What each event does, through the services that people use."""

from functools import partial

from sqlalchemy.orm import Session

from crm_core.hospitals import service as hospitals
from crm_core.hospitals.schemas import HospitalCreate, HospitalRead, RevenueRead, RevenueRecord
from crm_core.integrations.incoming.schemas import (
    HospitalEvent,
    Onboarded,
    OnboardingEvent,
    RevenueEvent,
    Source,
)
from crm_core.integrations.incoming.taking import Taken, take
from crm_core.owners import contracts
from crm_core.owners import service as owners
from crm_core.owners.schemas import ContractCreate
from crm_core.people.schemas import Actor, Permission


def onboard(session: Session, event: OnboardingEvent, *, actor: Actor) -> Taken:
    """An owner with hospital and a signed contract, all of it or nothing."""
    actor.require(Permission.OWNERS_WRITE)
    return take(session, Source.ONBOARDING, event, partial(_onboard, event=event, actor=actor))


def record_revenue(session: Session, event: RevenueEvent, *, actor: Actor) -> Taken:
    """A month's revenue of a hospital; a second figure for the month corrects the first."""
    actor.require(Permission.OWNERS_WRITE)

    def act(inner: Session) -> RevenueRead:
        record = RevenueRecord.model_validate(event.model_dump(exclude={"event_id"}))
        return hospitals.record_revenue(inner, record, actor=actor)

    return take(session, Source.BILLING, event, act)


def open_hospital(session: Session, event: HospitalEvent, *, actor: Actor) -> Taken:
    """A hospital that hospital management opened."""
    actor.require(Permission.OWNERS_WRITE)

    def act(inner: Session) -> HospitalRead:
        data = HospitalCreate.model_validate(event.model_dump(exclude={"event_id"}))
        return hospitals.create_hospital(inner, data, actor=actor)

    return take(session, Source.HOSPITALS, event, act)


def _onboard(session: Session, *, event: OnboardingEvent, actor: Actor) -> Onboarded:
    hospital = hospitals.create_hospital(session, event.hospital, actor=actor)
    placed = event.owner.model_copy(update={"hospital_id": hospital.id})
    owner = owners.create_owner(session, placed, actor=actor)
    terms = ContractCreate(
        owner_id=owner.id, hospital_id=hospital.id, **event.contract.model_dump()
    )
    draft = contracts.draft_contract(session, terms, actor=actor)
    signed = contracts.sign_contract(session, draft.id, actor=actor)
    return Onboarded(owner=owner, hospital=hospital, contract=signed)

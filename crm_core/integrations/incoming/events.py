"""What each event does, through the services that people use."""

from functools import partial

from sqlalchemy.orm import Session

from crm_core.appointments import service as appointments
from crm_core.appointments.queries import get_appointment
from crm_core.appointments.schemas import AHEAD, AppointmentRead, AppointmentStatus, WalkIn
from crm_core.hospitals import doctors
from crm_core.hospitals import service as hospitals
from crm_core.hospitals.schemas import (
    DepartmentCreate,
    DepartmentRead,
    DoctorCreate,
    DoctorRead,
    HospitalCreate,
    HospitalRead,
    RevenueRead,
    RevenueRecord,
)
from crm_core.integrations.incoming.schemas import (
    DepartmentEvent,
    DoctorEvent,
    HospitalEvent,
    Onboarded,
    OnboardingEvent,
    RevenueEvent,
    Source,
    VisitEvent,
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


def open_department(session: Session, event: DepartmentEvent, *, actor: Actor) -> Taken:
    """A department that hospital management opened."""
    actor.require(Permission.APPOINTMENTS_SUPERVISE)

    def act(inner: Session) -> DepartmentRead:
        data = DepartmentCreate.model_validate(event.model_dump(exclude={"event_id"}))
        return doctors.create_department(inner, data, actor=actor)

    return take(session, Source.DEPARTMENTS, event, act)


def take_on_doctor(session: Session, event: DoctorEvent, *, actor: Actor) -> Taken:
    """A doctor whom hospital management took on."""
    actor.require(Permission.APPOINTMENTS_SUPERVISE)

    def act(inner: Session) -> DoctorRead:
        data = DoctorCreate.model_validate(event.model_dump(exclude={"event_id"}))
        return doctors.create_doctor(inner, data, actor=actor)

    return take(session, Source.DOCTORS, event, act)


def complete_visit(session: Session, event: VisitEvent, *, actor: Actor) -> Taken:
    """A visit that was completed, with all that completing one brings."""
    actor.require(Permission.APPOINTMENTS_WRITE)
    return take(session, Source.VISITS, event, partial(_complete, event=event, actor=actor))


def _complete(session: Session, *, event: VisitEvent, actor: Actor) -> AppointmentRead:
    visit_id = event.appointment_id
    if visit_id is None:
        came = WalkIn.model_validate(event.model_dump(exclude={"event_id", "appointment_id"}))
        visit_id = appointments.walk_in(session, came, actor=actor).id
    visit = get_appointment(session, visit_id)
    if visit.status in AHEAD:
        visit = appointments.arrive(session, visit_id, actor=actor)
    if visit.status is AppointmentStatus.ARRIVED:
        appointments.start(session, visit_id, actor=actor)
    return appointments.complete(session, visit_id, actor=actor)


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

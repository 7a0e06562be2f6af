"""Commands that change hospitals and their revenue."""

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from crm_core.base.db import refusing_violations
from crm_core.hospitals import queries
from crm_core.hospitals.models import Hospital, HospitalRevenue
from crm_core.hospitals.schemas import HospitalCreate, HospitalRead, RevenueRead, RevenueRecord
from crm_core.people.schemas import Actor, Permission


def create_hospital(session: Session, data: HospitalCreate, *, actor: Actor) -> HospitalRead:
    """Adds a hospital."""
    actor.require(Permission.OWNERS_WRITE)
    hospital = Hospital(**data.model_dump())
    session.add(hospital)
    session.flush()
    return queries.get_hospital(session, hospital.id)


def record_revenue(session: Session, data: RevenueRecord, *, actor: Actor) -> RevenueRead:
    """Sets what a hospital took in a month; a second figure for the month corrects the first."""
    actor.require(Permission.OWNERS_WRITE)
    with refusing_violations(fk_crm_hospital_revenue_hospital_id="There is no such hospital."):
        recorded = session.scalars(
            insert(HospitalRevenue)
            .values(**data.model_dump())
            .on_conflict_do_update(
                index_elements=["hospital_id", "month"],
                set_={"gross_revenue": data.gross_revenue, "updated_at": func.now()},
            )
            .returning(HospitalRevenue),
            execution_options={"populate_existing": True},
        ).one()
    return RevenueRead.model_validate(recorded)

"""Reads of hospitals and their revenue."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from crm_core.base.read import Listing, Order, Read
from crm_core.hospitals.models import Hospital, HospitalRevenue
from crm_core.hospitals.schemas import HospitalFilter, HospitalRead, RevenueRead

HOSPITALS: Listing[HospitalRead] = Listing(
    schema=HospitalRead,
    statement=select(
        Hospital.id,
        Hospital.hospital_code,
        Hospital.name,
        Hospital.city,
        Hospital.state,
        Hospital.created_at,
    ),
    filters={"search": Hospital.search.op("@@")(func.crm_search_query(bindparam("search")))},
    orders={"newest": Order((Hospital.created_at, Hospital.id))},
    key=Hospital.id,
    noun="Hospital",
)


def list_hospitals(filters: HospitalFilter) -> Read[HospitalRead]:
    """Hospitals, newest first."""
    return HOSPITALS.read(filters)


def get_hospital(session: Session, hospital_id: int) -> HospitalRead:
    """One hospital; ``NotFound`` where there is none."""
    return HOSPITALS.one(session, hospital_id)


def all_hospitals(session: Session) -> list[HospitalRead]:
    """For a choice on a form: every hospital by name (the group runs some hundreds at most)."""
    found = session.execute(HOSPITALS.statement.order_by(Hospital.name, Hospital.id).limit(1000))
    return [HospitalRead.model_validate(dict(row)) for row in found.mappings()]


def revenue_of(session: Session, hospital_ids: Sequence[int], since: date) -> list[RevenueRead]:
    """Monthly revenue of these hospitals from ``since`` on, oldest first."""
    found = session.scalars(
        select(HospitalRevenue)
        .where(HospitalRevenue.hospital_id.in_(hospital_ids), HospitalRevenue.month >= since)
        .order_by(HospitalRevenue.month, HospitalRevenue.hospital_id)
    )
    return [RevenueRead.model_validate(revenue) for revenue in found]

"""Hospitals and what they take in."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from crm_core.api.deps import CurrentActor, Db, ReadDb, ReaderDep, needs
from crm_core.api.responses import Done, Envelope, JsonText, Rows
from crm_core.api.route import Route
from crm_core.base.clock import add_months, lagos_today
from crm_core.base.words import RecordId
from crm_core.hospitals import queries, service
from crm_core.hospitals.schemas import (
    HospitalCreate,
    HospitalFilter,
    HospitalRead,
    RevenueRead,
    RevenueRecord,
)
from crm_core.people.schemas import Permission

router = APIRouter(
    prefix="/hospitals",
    tags=["Hospitals"],
    route_class=Route,
    dependencies=[needs(Permission.OWNERS_READ)],
)
HospitalId = Annotated[RecordId, Path()]
Months = Annotated[int, Query(ge=1, le=120, description="So many months back")]


@router.get("")
async def list_hospitals(
    reader: ReaderDep, filters: Annotated[HospitalFilter, Query()]
) -> JsonText[Rows[HospitalRead]]:
    """Hospitals, the newest first."""
    return JsonText(await queries.list_hospitals(filters).fetch(reader))


@router.post("", status_code=201)
def create_hospital(db: Db, actor: CurrentActor, data: HospitalCreate) -> Done[HospitalRead]:
    """Adds a hospital."""
    hospital = service.create_hospital(db, data, actor=actor)
    return Done(message="Hospital created successfully", data=hospital)


@router.post("/revenue")
def record_revenue(db: Db, actor: CurrentActor, data: RevenueRecord) -> Done[RevenueRead]:
    """Sets what a hospital took in a month; a second figure corrects the first."""
    revenue = service.record_revenue(db, data, actor=actor)
    return Done(message="Revenue recorded", data=revenue)


@router.get("/{hospital_id}")
async def get_hospital(
    reader: ReaderDep, hospital_id: HospitalId
) -> JsonText[Envelope[HospitalRead]]:
    """One hospital."""
    return JsonText(await queries.HOSPITALS.find(hospital_id).fetch(reader))


@router.get("/{hospital_id}/revenue")
def list_revenue(
    db: ReadDb, hospital_id: HospitalId, months: Months = 12
) -> Envelope[list[RevenueRead]]:
    """The hospital's revenue by month, the oldest first."""
    queries.get_hospital(db, hospital_id)
    since = add_months(lagos_today(), -months)
    return Envelope(data=queries.revenue_of(db, [hospital_id], since))

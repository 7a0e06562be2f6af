"""Who waits for a time that becomes free, and what they are offered."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from crm_core.api.deps import CurrentActor, Db, ReaderDep, needs
from crm_core.api.responses import Done, JsonText, Rows
from crm_core.api.route import Route
from crm_core.appointments import service, waiting
from crm_core.appointments.schemas import (
    OfferFilter,
    OfferRead,
    WaitlistCreate,
    WaitlistFilter,
    WaitlistRead,
)
from crm_core.base.words import RecordId
from crm_core.people.schemas import Permission

router = APIRouter(
    prefix="/waitlist",
    tags=["Appointments"],
    route_class=Route,
    dependencies=[needs(Permission.APPOINTMENTS_READ)],
)


@router.get("")
async def list_waitlist(
    reader: ReaderDep, filters: Annotated[WaitlistFilter, Query()]
) -> JsonText[Rows[WaitlistRead]]:
    """Who waits, those who wait longest first."""
    return JsonText(await waiting.list_waitlist(filters).fetch(reader))


@router.post("", status_code=201)
def join_waitlist(db: Db, actor: CurrentActor, data: WaitlistCreate) -> Done[WaitlistRead]:
    """Puts a patient on the waitlist."""
    entry = service.join_waitlist(db, data, actor=actor)
    return Done(message="Patient is on the waitlist", data=entry)


@router.get("/offers")
async def list_offers(
    reader: ReaderDep, filters: Annotated[OfferFilter, Query()]
) -> JsonText[Rows[OfferRead]]:
    """Freed times that were offered, the latest first."""
    return JsonText(await waiting.list_offers(filters).fetch(reader))


@router.post("/{waitlist_id}/leave")
def leave_waitlist(
    db: Db, actor: CurrentActor, waitlist_id: Annotated[RecordId, Path()]
) -> Done[WaitlistRead]:
    """Takes a patient off the waitlist."""
    entry = service.leave_waitlist(db, waitlist_id, actor=actor)
    return Done(message="Patient left the waitlist", data=entry)

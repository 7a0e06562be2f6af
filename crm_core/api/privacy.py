"""The data-subject desk over HTTP: requests to be erased, and who decides them."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from crm_core.api.deps import CurrentActor, Db, ReadDb, ReaderDep, needs
from crm_core.api.responses import Done, Envelope, JsonText, Rows
from crm_core.api.route import Route
from crm_core.base.words import RecordId
from crm_core.people.schemas import Permission
from crm_core.privacy import erasures
from crm_core.privacy.schemas import (
    ErasureApproval,
    ErasureCreate,
    ErasureFilter,
    ErasurePlan,
    ErasureRead,
    ErasureRefusal,
)

router = APIRouter(
    prefix="/privacy/erasures",
    tags=["Data subjects"],
    route_class=Route,
    dependencies=[needs(Permission.ERASURES_READ)],
)
ErasureId = Annotated[RecordId, Path()]


@router.get("")
async def list_erasures(
    reader: ReaderDep, actor: CurrentActor, filters: Annotated[ErasureFilter, Query()]
) -> JsonText[Rows[ErasureRead]]:
    """Requests to be erased, the latest first."""
    return JsonText(await erasures.list_erasures(filters, actor=actor).fetch(reader))


@router.post("", status_code=201)
def request_erasure(db: Db, actor: CurrentActor, data: ErasureCreate) -> Done[ErasureRead]:
    """Writes down that a person asked to be erased; somebody else approves it."""
    asked = erasures.request_erasure(db, data, actor=actor)
    return Done(message=f"To be decided by {asked.due_on:%-d %B %Y}", data=asked)


@router.get("/{erasure_id}")
def look_at_erasure(
    db: ReadDb, actor: CurrentActor, erasure_id: ErasureId
) -> Envelope[ErasurePlan]:
    """What would be erased and kept, and what has to end before; changes nothing."""
    return Envelope(data=erasures.look_at_erasure(db, erasure_id, actor=actor))


@router.post("/{erasure_id}/approve")
def approve_erasure(
    db: Db, actor: CurrentActor, erasure_id: ErasureId, data: ErasureApproval
) -> Done[ErasureRead]:
    """Approves a request of somebody else and erases the person at once; nothing undoes it."""
    done = erasures.approve_erasure(db, erasure_id, data, actor=actor)
    return Done(message=f"{done.patient_code} is erased", data=done)


@router.post("/{erasure_id}/refuse")
def refuse_erasure(
    db: Db, actor: CurrentActor, erasure_id: ErasureId, data: ErasureRefusal
) -> Done[ErasureRead]:
    """Refuses a request, with the reason that the person is told."""
    refused = erasures.refuse_erasure(db, erasure_id, data, actor=actor)
    return Done(message="The request is refused", data=refused)

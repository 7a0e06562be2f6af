"""Owners: the contract's calls."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from crm_core.api.deps import CurrentActor, Db, ReadDb, ReaderDep, needs
from crm_core.api.responses import Done, Envelope, JsonText, Rows
from crm_core.api.route import Route
from crm_core.base.paging import PageRequest
from crm_core.base.words import RecordId
from crm_core.owners import queries, service
from crm_core.owners.schemas import OwnerCreate, OwnerFilter, OwnerRead, OwnerStats, OwnerUpdate
from crm_core.payouts import queries as payouts
from crm_core.payouts.schemas import PayoutFilter, PayoutRead, PayoutStatus
from crm_core.people.schemas import Permission

router = APIRouter(
    prefix="/owners",
    tags=["Owners"],
    route_class=Route,
    dependencies=[needs(Permission.OWNERS_READ)],
)
OwnerId = Annotated[RecordId, Path()]


class OwnerPayoutsFilter(PageRequest):
    """An owner's payouts by state."""

    status: PayoutStatus | None = Field(None, description="Where the payout stands")


@router.get("")
async def list_owners(
    reader: ReaderDep, filters: Annotated[OwnerFilter, Query()]
) -> JsonText[Rows[OwnerRead]]:
    """Owners, the newest first; a filter that is empty counts as not given."""
    return JsonText(await queries.list_owners(filters).fetch(reader))


@router.get("/stats")
def owner_stats(db: ReadDb) -> Envelope[OwnerStats]:
    """How many owners, how satisfied, and whether they are paid."""
    return Envelope(data=queries.owner_stats(db))


@router.post("", status_code=201)
def create_owner(db: Db, actor: CurrentActor, data: OwnerCreate) -> Done[OwnerRead]:
    """Adds an owner."""
    owner = service.create_owner(db, data, actor=actor)
    return Done(message="Owner created successfully", data=owner)


@router.get("/{owner_id}")
async def get_owner(reader: ReaderDep, owner_id: OwnerId) -> JsonText[Envelope[OwnerRead]]:
    """One owner."""
    return JsonText(await queries.OWNERS.find(owner_id).fetch(reader))


@router.put("/{owner_id}")
def update_owner(
    db: Db, actor: CurrentActor, owner_id: OwnerId, data: OwnerUpdate
) -> Done[OwnerRead]:
    """Changes what is given; with `version` only if nobody changed the owner since.

    A whole row may be sent back: what is only read (`id`, `lifetime_value` and the like) and a
    masked `nin` are ignored.
    """
    owner = service.update_owner(db, owner_id, data, actor=actor)
    return Done(message="Owner updated successfully", data=owner)


@router.get("/{owner_id}/payouts", dependencies=[needs(Permission.PAYOUTS_READ)])
async def list_owner_payouts(
    reader: ReaderDep, owner_id: OwnerId, filters: Annotated[OwnerPayoutsFilter, Query()]
) -> JsonText[Rows[PayoutRead]]:
    """The owner's payouts, the newest first."""
    await queries.OWNERS.find(owner_id).fetch(reader)  # an unknown owner is 404, not an empty list
    wanted = PayoutFilter(owner_id=owner_id, **filters.model_dump())
    return JsonText(await payouts.list_payouts(wanted).fetch(reader))

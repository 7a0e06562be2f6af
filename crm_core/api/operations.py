"""The operations centre's figures for other systems, in one call."""

from typing import Annotated

from fastapi import APIRouter, Query

from crm_core.api.deps import CurrentActor, ReadDb, needs
from crm_core.api.responses import Envelope
from crm_core.api.route import Route
from crm_core.insights.morning.queries import operations
from crm_core.insights.morning.schemas import MorningFilter, Operations
from crm_core.people.schemas import Permission

router = APIRouter(
    prefix="/metrics",
    tags=["Operations"],
    route_class=Route,
    dependencies=[needs(Permission.OWNERS_READ), needs(Permission.PAYOUTS_READ)],
)


@router.get("/operations")
def show_operations(
    db: ReadDb, _: CurrentActor, wanted: Annotated[MorningFilter, Query()]
) -> Envelope[Operations]:
    """Payouts, satisfaction, visits, feedback, campaigns, delivery and loyalty at this moment."""
    return Envelope(data=operations(db, wanted))

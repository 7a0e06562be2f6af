"""The loyalty programme: rewards, redemptions and figures."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import StreamingResponse

from crm_core.api.deps import CurrentActor, Db, ReadDb, ReaderDep, needs
from crm_core.api.responses import Done, Envelope, JsonText, Rows
from crm_core.api.route import Route
from crm_core.base.words import RecordId
from crm_core.insights.exports import ExportFilter, ExportRequest, open_export
from crm_core.insights.exports.formats import MEDIA_TYPES
from crm_core.loyalty import queries, service
from crm_core.loyalty.figures import queries as figures
from crm_core.loyalty.figures.schemas import EndingMonth
from crm_core.loyalty.schemas import (
    LoyaltyStats,
    RedemptionRead,
    RewardCreate,
    RewardFilter,
    RewardRead,
)
from crm_core.people.schemas import Permission

router = APIRouter(
    tags=["Loyalty"], route_class=Route, dependencies=[needs(Permission.LOYALTY_READ)]
)


@router.get("/rewards")
async def list_rewards(
    reader: ReaderDep, filters: Annotated[RewardFilter, Query()]
) -> JsonText[Rows[RewardRead]]:
    """What points can be exchanged for, the cheapest first."""
    return JsonText(await queries.list_rewards(filters).fetch(reader))


@router.post("/rewards", status_code=201)
def create_reward(db: Db, actor: CurrentActor, data: RewardCreate) -> Done[RewardRead]:
    """Adds a reward."""
    reward = service.create_reward(db, data, actor=actor)
    return Done(message="Reward created successfully", data=reward)


@router.post("/rewards/{reward_id}/withdraw")
def withdraw_reward(
    db: Db, actor: CurrentActor, reward_id: Annotated[RecordId, Path()]
) -> Done[RewardRead]:
    """Offers a reward no longer; what was taken stays."""
    reward = service.withdraw_reward(db, reward_id, actor=actor)
    return Done(message="Reward withdrawn", data=reward)


@router.post("/redemptions/{redemption_id}/cancel")
def cancel_redemption(
    db: Db, actor: CurrentActor, redemption_id: Annotated[RecordId, Path()]
) -> Done[RedemptionRead]:
    """Gives the points back to the lots they came from."""
    redemption = service.cancel_redemption(db, redemption_id, actor=actor)
    return Done(message="Redemption cancelled", data=redemption)


@router.get(
    "/loyalty/export",
    response_class=StreamingResponse,
    responses={200: {"content": {media_type: {} for media_type in MEDIA_TYPES.values()}}},
)
def export_loyalty(
    actor: CurrentActor, wanted: Annotated[ExportRequest, Query()]
) -> StreamingResponse:
    """The whole set as a file, streamed; identifiers only for those who may see them."""
    filters = ExportFilter(**wanted.model_dump(exclude={"dataset", "format"}))
    export = open_export(wanted.dataset, wanted.format, filters, actor=actor)
    headers = {"Content-Disposition": f'attachment; filename="{export.name}"'}
    return StreamingResponse(export.chunks(), media_type=export.media_type, headers=headers)


@router.get("/loyalty/liability")
def liability(db: ReadDb) -> Envelope[list[EndingMonth]]:
    """Outstanding points and what they are worth, by the month that they end in: by their age."""
    return Envelope(data=figures.ending_by_month(db))


@router.get("/loyalty/stats")
def loyalty_stats(db: ReadDb) -> Envelope[LoyaltyStats]:
    """Members by tier, points of the last twelve months, what is outstanding and its value."""
    return Envelope(data=queries.loyalty_stats(db))

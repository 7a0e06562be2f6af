"""One search over everything that the token may see."""

from typing import Annotated

from fastapi import APIRouter, Query

from crm_core.api.deps import CurrentActor, ReadDb
from crm_core.api.responses import Envelope
from crm_core.api.route import Route
from crm_core.insights.search import Found, SearchRequest, search

router = APIRouter(prefix="/search", tags=["Search"], route_class=Route)


@router.get("")
def search_everything(
    db: ReadDb, actor: CurrentActor, wanted: Annotated[SearchRequest, Query()]
) -> Envelope[list[Found]]:
    """Names, phones in any form, codes, emails, payment references: the first five of each kind."""
    return Envelope(data=search(db, wanted.q, actor=actor))

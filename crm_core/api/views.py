"""Saved views of the lists, for the person that the token acts for."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from crm_core.api.deps import CurrentActor, Db, ReadDb
from crm_core.api.responses import Done, Envelope
from crm_core.api.route import Route
from crm_core.base.words import RecordId
from crm_core.people import views
from crm_core.people.views import PageName, ViewCreate, ViewRead

router = APIRouter(prefix="/views", tags=["Saved views"], route_class=Route)


@router.get("")
def list_views(
    db: ReadDb, actor: CurrentActor, page: Annotated[PageName, Query()]
) -> Envelope[list[ViewRead]]:
    """The person's own views of a list, and those that others share."""
    return Envelope(data=views.list_views(db, page, actor=actor))


@router.post("", status_code=201)
def save_view(db: Db, actor: CurrentActor, data: ViewCreate) -> Done[ViewRead]:
    """Keeps a view; the person's own of the same name is overwritten."""
    view = views.save_view(db, data, actor=actor)
    return Done(message="View saved", data=view)


@router.delete("/{view_id}")
def delete_view(
    db: Db, actor: CurrentActor, view_id: Annotated[RecordId, Path()]
) -> Done[dict[str, int]]:
    """Forgets a view."""
    views.delete_view(db, view_id, actor=actor)
    return Done(message="View deleted", data={"id": view_id})

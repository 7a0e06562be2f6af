"""Any list as a file: what `GET` of the list gives in pages, whole."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import StreamingResponse

from crm_core.api.deps import CurrentActor, needs
from crm_core.api.route import Route
from crm_core.insights.exports import Format, open_list_export
from crm_core.insights.exports.formats import MEDIA_TYPES
from crm_core.people.schemas import Permission

router = APIRouter(
    prefix="/exports",
    tags=["Exports"],
    route_class=Route,
    dependencies=[needs(Permission.EXPORT)],
)


@router.get(
    "/{name}",
    response_class=StreamingResponse,
    responses={200: {"content": {media_type: {} for media_type in MEDIA_TYPES.values()}}},
)
def export_list(
    request: Request,
    actor: CurrentActor,
    name: Annotated[str, Path(description="Such as `payouts`, `patients`, `messages`")],
    format: Annotated[Format, Query()] = Format.CSV,  # noqa: A002  (the name on the wire)
) -> StreamingResponse:
    """The list with its filters as a file, streamed; names of patients only for who may see them.

    The query takes what the list itself takes as filters.
    """
    given = {
        key: values if len(values := request.query_params.getlist(key)) > 1 else values[0]
        for key in request.query_params
        if key != "format"
    }
    export = open_list_export(name, format, given, actor=actor)
    headers = {"Content-Disposition": f'attachment; filename="{export.name}"'}
    return StreamingResponse(export.chunks(), media_type=export.media_type, headers=headers)

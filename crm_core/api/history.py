"""The history: who did what, and any record as it was at a moment."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from crm_core.api.deps import CurrentActor, Db, ReaderDep, needs
from crm_core.api.responses import Envelope, JsonText, Rows
from crm_core.api.route import Route
from crm_core.base.words import Line, RecordId
from crm_core.insights import history
from crm_core.insights.past import record_as_it_was
from crm_core.insights.schemas import AsOf, HistoryFilter, HistoryRead, RecordThen
from crm_core.patients import service as patients
from crm_core.people.schemas import Permission

router = APIRouter(prefix="/history", tags=["History"], route_class=Route)


@router.get("", dependencies=[needs(Permission.HISTORY_READ)])
async def list_history(
    reader: ReaderDep, actor: CurrentActor, filters: Annotated[HistoryFilter, Query()]
) -> JsonText[Rows[HistoryRead]]:
    """Changes and readings, the latest first; use the cursor to go back in time."""
    return JsonText(await history.list_history(filters, actor=actor).fetch(reader))


@router.get("/{table}/{record_id}")
def record_then(
    db: Db,
    actor: CurrentActor,
    table: Annotated[Line, Path()],
    record_id: Annotated[RecordId, Path()],
    wanted: Annotated[AsOf, Query()],
) -> Envelope[RecordThen]:
    """A record as it was at a moment or beside a change, and as it is; a patient's is a reading.

    Records that have a page take the permission to see it, all others that of the history.
    """
    found = record_as_it_was(db, table, record_id, wanted, actor=actor)
    if table == "crm_patients":
        patients.note_reading(db, record_id)
    return Envelope(data=found)

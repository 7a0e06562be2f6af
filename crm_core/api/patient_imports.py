"""Patients from a CSV file: look at it, commit what was shown, undo it while unused."""

import hashlib
import tempfile
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any, BinaryIO

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from crm_core.api.deps import CurrentActor, Db, ReadDb, ReaderDep, needs
from crm_core.api.refusals import refused_input
from crm_core.api.responses import Done, Envelope, JsonText, Rows
from crm_core.api.route import Route
from crm_core.base.db import reading, transaction
from crm_core.base.errors import Invalid
from crm_core.base.preflight import Receipt
from crm_core.base.words import Line, RecordId
from crm_core.loyalty import importing
from crm_core.loyalty.importing import queries
from crm_core.loyalty.importing.schemas import (
    ImportCommit,
    ImportFilter,
    ImportRead,
    ImportRowFilter,
    ImportRowRead,
    RowFilter,
    UndoPlan,
)
from crm_core.people.schemas import Actor, Permission

PATH = "/patients/imports"
"""Its files are larger than other bodies: the app gives them a limit of their own."""

router = APIRouter(
    prefix=PATH,
    tags=["Patient imports"],
    route_class=Route,
    dependencies=[needs(Permission.PATIENTS_READ)],
)
LATER: dict[int | str, dict[str, Any]] = {
    202: {"model": Done[ImportRead], "description": "The worker carries it out: ask again"}
}
WRITES = [needs(Permission.PATIENTS_WRITE)]
ImportId = Annotated[RecordId, Path()]
_PART = 1 << 20
_EXAMPLE = """first_name,last_name,phone,date_of_birth,gender,address,city,state
Chioma,Okafor,08045678901,1990-05-15,female,1 Marina,Lagos,Lagos
"""
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"text/csv": {"schema": {"type": "string"}, "example": _EXAMPLE}},
    }
}


async def spooled(request: Request) -> AsyncIterator[BinaryIO]:
    """The body in a temporary file, however large; its digest stands for it elsewhere."""
    if not request.headers.get("content-type", "").startswith(("text/csv", "text/plain")):
        raise refused_input("header", "content-type", "Send the file itself, as text/csv.")
    digest = hashlib.sha256()
    with tempfile.TemporaryFile() as file:
        async for part in request.stream():
            digest.update(part)
            await run_in_threadpool(file.write, part)
        file.seek(0)
        request.scope["body_digest"] = digest.digest()
        yield file


Spooled = Annotated[BinaryIO, Depends(spooled)]
Mapping = Annotated[
    list[Annotated[str, Query(max_length=200)]],
    Query(alias="map", description="`field=column`, where a column's name does not say it"),
]


def upload_of(
    file: Spooled,
    mapping: Mapping = [],  # noqa: B006 # read by the framework from the signature
    name: Annotated[Line, Query()] = "patients.csv",
) -> importing.Upload:
    """The body with what the query says about it."""
    return importing.Upload(file, name, dict(map(_pair, mapping)))


@router.post("", status_code=201, dependencies=WRITES, openapi_extra=_BODY, responses=LATER)
def plan_import(
    upload: Annotated[importing.Upload, Depends(upload_of)],
    db: Db,
    actor: CurrentActor,
    response: Response,
) -> Done[ImportRead]:
    """Looks at a file (CSV as the body): a verdict a line, to commit as shown; no patient changes.

    Columns are recognised by their usual names; `map` says the others. A file of more than half a
    megabyte is looked at by the worker: the answer is 202, and `state` is `reading` until it has.
    """
    found = importing.take_file(db, upload, actor=actor)
    if found.under_way:
        return _later(response, found)
    return Done(message=f"{found.ok_count} of {found.row_count} lines can be imported", data=found)


@router.get("")
async def list_imports(
    reader: ReaderDep, filters: Annotated[ImportFilter, Query()]
) -> JsonText[Rows[ImportRead]]:
    """Files that were looked at, the newest first."""
    return JsonText(await queries.list_imports(filters).fetch(reader))


@router.get("/{import_id}")
async def get_import(reader: ReaderDep, import_id: ImportId) -> JsonText[Envelope[ImportRead]]:
    """One import with its totals."""
    return JsonText(await queries.find_import(import_id).fetch(reader))


@router.get("/{import_id}/rows")
async def list_import_rows(
    reader: ReaderDep, import_id: ImportId, filters: Annotated[RowFilter, Query()]
) -> JsonText[Rows[ImportRowRead]]:
    """Its lines with their verdicts, in the file's order."""
    wanted = ImportRowFilter(import_id=import_id, **filters.model_dump())
    return JsonText(await queries.list_rows(wanted).fetch(reader))


@router.get(
    "/{import_id}/refused.csv",
    dependencies=WRITES,
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def download_refused(db: ReadDb, actor: CurrentActor, import_id: ImportId) -> StreamingResponse:
    """The lines that were not imported, each with the reason; corrected, it can be sent again."""
    queries.get_import(db, import_id)
    name = f'attachment; filename="import-{import_id}-refused.csv"'
    headers = {"Content-Disposition": name}
    return StreamingResponse(_refused(import_id, actor), media_type="text/csv", headers=headers)


@router.post("/{import_id}/commit", dependencies=WRITES, responses=LATER)
def commit_import(
    db: Db, actor: CurrentActor, response: Response, import_id: ImportId, data: ImportCommit
) -> Done[Receipt] | Done[ImportRead]:
    """Registers what was shown and has not changed since; a second time gives the same receipt.

    More than two thousand patients are registered by the worker: the answer is 202, and the
    import's `state` is `committing` until it has.
    """
    done = importing.start_commit(db, import_id, data.fingerprint, actor=actor)
    if isinstance(done, ImportRead):
        return _later(response, done)
    return Done(message=f"{done.changed} patients imported", data=done)


@router.post("/{import_id}/plan-undo", dependencies=WRITES)
def plan_import_undo(db: ReadDb, actor: CurrentActor, import_id: ImportId) -> Envelope[UndoPlan]:
    """How many would be withdrawn, and how many were used and stay; changes nothing."""
    return Envelope(data=importing.plan_undo(db, import_id, actor=actor))


@router.post("/{import_id}/undo", dependencies=WRITES, responses=LATER)
def undo_import(
    db: Db, actor: CurrentActor, response: Response, import_id: ImportId, data: ImportCommit
) -> Done[Receipt] | Done[ImportRead]:
    """Withdraws the patients that nothing has used since; more than two thousand by the worker."""
    done = importing.start_undo(db, import_id, data.fingerprint, actor=actor)
    if isinstance(done, ImportRead):
        return _later(response, done)
    return Done(message=f"{done.changed} patients withdrawn", data=done)


def _later(response: Response, found: ImportRead) -> Done[ImportRead]:
    response.status_code = 202
    return Done(message=f"The worker is at it: ask for import {found.id} again", data=found)


def _refused(import_id: int, actor: Actor) -> Iterator[bytes]:
    with transaction(who=actor.key, why="Refused lines downloaded") as session:
        queries.note_download(session, import_id)
    with reading() as session:
        yield from queries.refused_file(session, import_id, actor=actor)


def _pair(given: str) -> tuple[str, str]:
    field, sign, column = given.partition("=")
    if not sign:
        raise Invalid.field("map", "Write field=column, such as phone=GSM.")
    return field.strip(), column.strip()

"""Downloads over HTTP: behind the gate, as the person who is signed in, and in the history."""

import csv
import io
from collections.abc import Callable, Iterator

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from crm_core.base.cells import harmless
from crm_core.base.clock import utc_now
from crm_core.base.db import reading, transaction
from crm_core.base.errors import Forbidden, Invalid, NotFound, Refusal
from crm_core.base.preflight import ReceiptRead, get_receipt
from crm_core.insights.exports import (
    Export,
    ExportFilter,
    ExportRequest,
    Format,
    open_export,
    open_list_export,
)
from crm_core.loyalty.importing import queries as imports
from crm_core.payouts import service
from crm_core.payouts.advice import POLICY, advice_of, as_page
from crm_core.people import queries
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import sessions
from crm_core.ui.sessions import in_thread

Make = Callable[[int, Actor], tuple[str, bytes]]
_STATUS = {NotFound: 404, Forbidden: 403, Invalid: 400}


async def bank_file(request: Request) -> Response:
    """The bank's upload file; every download is noted in the history."""
    return await in_thread(_answer, _bank_file, request)


async def receipt(request: Request) -> Response:
    """A receipt with everything it lists, as CSV."""
    return await in_thread(_answer, _receipt, request)


async def loyalty(request: Request) -> Response:
    """A data set of the loyalty programme, streamed; what it takes is in the query."""
    return await in_thread(_loyalty, request)


async def a_list(request: Request) -> Response:
    """Any list with the filters that are on it, streamed."""
    return await in_thread(_list, request)


def _loyalty(request: Request) -> Response:
    def opened() -> Export:
        wanted = ExportRequest.model_validate(dict(request.query_params))
        filters = ExportFilter(**wanted.model_dump(exclude={"dataset", "format"}))
        return open_export(wanted.dataset, wanted.format, filters, actor=_actor(request))

    return _streamed(opened)


def _list(request: Request) -> Response:
    def opened() -> Export:
        given = {
            name: values if len(values := request.query_params.getlist(name)) > 1 else values[0]
            for name in request.query_params
        }
        kind = _ListFile.model_validate({"format": given.pop("format", Format.CSV)}).format
        return open_list_export(request.path_params["name"], kind, given, actor=_actor(request))

    return _streamed(opened)


class _ListFile(BaseModel):
    format: Format


def _streamed(opened: Callable[[], Export]) -> Response:
    try:
        export = opened()
    except ValidationError as error:
        reasons = "; ".join(
            f"{e['loc'][0] if e['loc'] else 'query'}: {e['msg']}" for e in error.errors()
        )
        return PlainTextResponse(f"This export cannot be made: {reasons}\n", 400, _UNSTORED)
    except Refusal as refusal:
        return PlainTextResponse(f"{refusal}\n", _STATUS.get(type(refusal), 409), _UNSTORED)
    headers = {"content-disposition": f'attachment; filename="{export.name}"', **_UNSTORED}
    return StreamingResponse(export.chunks(), media_type=export.media_type, headers=headers)


async def patient_import(request: Request) -> Response:
    """The lines of an import that were left out, each with its reason, streamed."""
    return await in_thread(_patient_import, request)


def _patient_import(request: Request) -> Response:
    import_id = int(request.path_params["record_id"])
    try:
        actor = _actor(request)
        actor.require(Permission.PATIENTS_WRITE)
        with transaction(who=actor.key, why="Refused lines downloaded") as session:
            imports.get_import(session, import_id)
            imports.note_download(session, import_id)
    except Refusal as refusal:
        return PlainTextResponse(f"{refusal}\n", _STATUS.get(type(refusal), 409), _UNSTORED)
    name = f'attachment; filename="import-{import_id}-refused.csv"'
    headers = {"content-disposition": name, **_UNSTORED}
    return StreamingResponse(_left_out(import_id, actor), media_type="text/csv", headers=headers)


def _left_out(import_id: int, actor: Actor) -> Iterator[bytes]:
    with reading() as session:
        yield from imports.refused_file(session, import_id, actor=actor)


async def remittance_advice(request: Request) -> Response:
    """What a paid payout was made of, as a page to print."""
    return await in_thread(_remittance_advice, request)


def _remittance_advice(request: Request) -> Response:
    try:
        _actor(request).require(Permission.PAYOUTS_READ)
        with reading() as session:
            advice = advice_of(session, int(request.path_params["record_id"]))
    except Refusal as refusal:
        return PlainTextResponse(f"{refusal}\n", _STATUS.get(type(refusal), 409), _UNSTORED)
    headers = {"content-security-policy": POLICY, **_UNSTORED}
    return HTMLResponse(as_page(advice), headers=headers)


def _answer(make: Make, request: Request) -> Response:
    try:
        actor = _actor(request)
        name, content = make(int(request.path_params["record_id"]), actor)
    except Refusal as refusal:
        return PlainTextResponse(f"{refusal}\n", _STATUS.get(type(refusal), 409), _UNSTORED)
    headers = {"content-disposition": f'attachment; filename="{name}"', **_UNSTORED}
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


def _actor(request: Request) -> Actor:
    token = request.cookies.get(sessions.COOKIE, "")
    with reading() as session:
        actor = queries.actor_of_session(session, token, now=utc_now())
    if actor is None:
        raise Forbidden("Sign in first.")
    return actor


def _bank_file(file_id: int, actor: Actor) -> tuple[str, bytes]:
    with transaction(who=actor.key, why="Bank file downloaded") as session:
        file = service.bank_file_content(session, file_id, actor=actor)
    return file.name, file.content


def _receipt(receipt_id: int, actor: Actor) -> tuple[str, bytes]:
    actor.require(Permission.PAYOUTS_READ)
    with reading() as session:
        found = get_receipt(session, receipt_id)
    return f"receipt-{receipt_id}.csv", _as_csv(found)


def _as_csv(found: ReceiptRead) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(("outcome", "record", "before", "after", "amount", "reason"))
    for change in found.changed:
        line = (change.label, change.before, change.after, change.amount, "")
        writer.writerow(("changed", *map(harmless, line)))
    for refused in found.refused:
        writer.writerow(("refused", *map(harmless, (refused.label, "", "", "", refused.reason))))
    return text.getvalue().encode("utf-8-sig")


_UNSTORED = {"cache-control": "no-store"}

ROUTES = [
    Route("/export/bank-file/{record_id:int}", bank_file, methods=["GET"]),
    Route("/export/receipt/{record_id:int}", receipt, methods=["GET"]),
    Route("/export/patient-import/{record_id:int}", patient_import, methods=["GET"]),
    Route("/export/remittance-advice/{record_id:int}", remittance_advice, methods=["GET"]),
    Route("/export/loyalty", loyalty, methods=["GET"]),
    Route("/export/list/{name}", a_list, methods=["GET"]),
]

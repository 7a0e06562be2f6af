"""Everything that can go wrong, as the envelope of the contract with its HTTP number."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import orjson
import psycopg
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from crm_core.base.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from crm_core.base.validation import path_of, sentence_of

NUMBERS: Mapping[type[Refusal], int] = {
    NotFound: 404,
    Conflict: 409,
    Forbidden: 403,
    Invalid: 400,
}

log = structlog.get_logger("crm.api")


def answer_json(status: int, body: object, *, headers: Mapping[str, str] | None = None) -> Response:
    """Any document."""
    return Response(
        orjson.dumps(body), status, headers=dict(headers or {}), media_type="application/json"
    )


def failure(status: int, message: str, *, headers: Mapping[str, str] | None = None) -> Response:
    """A refusal in its envelope."""
    return answer_json(status, {"success": False, "message": message}, headers=headers)


def invalid_input(errors: Sequence[Mapping[str, str]]) -> Response:
    """400 with one entry for each thing that is wrong."""
    return answer_json(400, {"success": False, "message": "Validation failed", "errors": [*errors]})


def refused_input(location: str, path: str, message: str) -> RequestValidationError:
    """To be raised where something is wrong that no schema looks at."""
    where = (location, path) if path else (location,)
    return RequestValidationError([{"type": "refused", "loc": where, "msg": message}])


def our_fault(request_id: str) -> Response:
    """500 that tells nothing but where to look in the log."""
    body = {"success": False, "message": "Internal error", "request_id": request_id}
    return answer_json(500, body)


def install(app: FastAPI) -> None:
    """Has the app answer every refusal in the envelope."""
    app.add_exception_handler(Refusal, _answer_refusal)
    app.add_exception_handler(RequestValidationError, _answer_validation)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(DBAPIError, _answer_database)
    app.add_exception_handler(psycopg.Error, _answer_database)
    for exhausted in (PoolExhausted, TimeoutError):
        app.add_exception_handler(exhausted, _answer_unavailable)


async def _answer_refusal(request: Request, error: Exception) -> Response:
    if not isinstance(error, Invalid):
        status = next(number for kind, number in NUMBERS.items() if isinstance(error, kind))
        return failure(status, str(error))
    location = "query" if request.method == "GET" else "body"
    found = [(problem.path, problem.message) for problem in error.problems] or [("", str(error))]
    return invalid_input(
        [{"path": path, "msg": message, "location": location} for path, message in found]
    )


async def _answer_validation(_: Request, error: Exception) -> Response:
    findings = cast(RequestValidationError, error).errors()
    return invalid_input([_field_error(found) for found in findings])


def _field_error(found: Mapping[str, Any]) -> dict[str, str]:
    location, *path = found["loc"]
    if found["type"] == "json_invalid":
        return {"path": "", "msg": _brokenanswer_json(found), "location": "body"}
    message = "Send a JSON body." if found["type"] == "missing" and not path else sentence_of(found)
    return {"path": path_of(path), "msg": message, "location": str(location)}


def _brokenanswer_json(found: Mapping[str, Any]) -> str:
    reason = found["ctx"]["error"].split(":")[0]
    return f"The body is not valid JSON: {reason} at character {found['loc'][1]}."


async def _answer_http(request: Request, error: Exception) -> Response:
    refused = cast(HTTPException, error)
    headers = dict(refused.headers or {})
    if refused.status_code == 404 and refused.detail == "Not Found":
        return failure(404, f"There is nothing at {request.url.path}.")
    if refused.status_code == 405:
        return failure(405, f"This address does not take {request.method}.", headers=headers)
    return failure(refused.status_code, str(refused.detail), headers=headers)


async def _answer_database(_: Request, error: Exception) -> Response:
    """Faults of the database that are nobody's bug; every other one is raised on to be a 500."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if _is_contended(cause):
        return failure(
            409,
            "Somebody else is changing the same record: try again.",
            headers={"Retry-After": "1"},
        )
    if _cannot_be_stored(cause):
        return invalid_input(
            [{"path": "", "msg": "A value is too large or cannot be stored.", "location": "body"}]
        )
    if isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
        return await _answer_unavailable(_, error)
    raise error


async def _answer_unavailable(_: Request, error: Exception) -> Response:
    log.error("database unavailable", exc_info=error)
    return failure(
        503, "The database does not answer: try again shortly.", headers={"Retry-After": "2"}
    )


def _is_contended(error: BaseException | None) -> bool:
    return isinstance(
        error,
        psycopg.errors.SerializationFailure
        | psycopg.errors.DeadlockDetected
        | psycopg.errors.LockNotAvailable,
    )


def _cannot_be_stored(error: BaseException | None) -> bool:
    """Numbers beyond their column and NUL characters that no schema has caught."""
    if not isinstance(error, psycopg.DataError):
        return False
    return error.sqlstate in {None, "22003", "22008", "22021", "22P05"}

"""The class of every route: refuses strangers and broken bodies, and keeps answers of writes."""

import email.message
import inspect
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, get_args, get_origin

import orjson
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from crm_core.api.deps import authenticate, resources
from crm_core.api.once import keep_answer
from crm_core.api.refusals import refused_input
from crm_core.api.responses import JsonText

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class StrictRequest(Request):
    """Reads JSON as the standard has it: UTF-8, no NaN, no lone surrogates, limited depth."""

    async def json(self) -> Any:  # starlette's own signature
        """The body as a document; ``JSONDecodeError`` where it is none."""
        if not hasattr(self, "_json"):
            self._json = orjson.loads(await self.body())
        return self._json


class Route(APIRoute):
    """A route for those who bear a token.

    A return annotation ``JsonText[Model]`` documents ``Model`` as the answer.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **more: Any) -> None:
        answer = inspect.signature(endpoint, eval_str=True).return_annotation
        if get_origin(answer) is JsonText:
            more["response_model"] = None
            documented = {200: {"model": get_args(answer)[0]}}
            more["responses"] = documented | (more.get("responses") or {})
        super().__init__(path, endpoint, **more)

    def get_route_handler(self) -> Handler:
        """Wraps FastAPI's handler; the transaction of a write is still open when it returns."""
        handle = super().get_route_handler()
        takes_body = self.body_field is not None

        async def checked(request: Request) -> Response:
            await authenticate(request.scope, resources(request))
            strict = StrictRequest(request.scope, request.receive)
            _refuse_nul_in_query(strict)
            if takes_body:
                await _refuse_broken_body(strict)
            response = await handle(strict)
            await keep_answer(strict, response)
            return response

        return checked


def _refuse_nul_in_query(request: Request) -> None:
    if b"%00" not in request.scope["query_string"]:
        return
    for name, value in request.query_params.multi_items():
        if "\0" in name + value:
            raise refused_input("query", name.replace("\0", ""), "Leave out the NUL character.")


async def _refuse_broken_body(request: StrictRequest) -> None:
    raw = await request.body()
    if not raw:
        return
    if not _is_json(request.headers.get("content-type", "")):
        raise refused_input("header", "content-type", "Send the body as application/json.")
    try:
        document = await request.json()
    except orjson.JSONDecodeError as error:
        reason = error.msg.split(":")[0]
        message = f"The body is not valid JSON: {reason} at character {error.pos}."
        raise refused_input("body", "", message) from error
    if b"\\u0000" in raw and (path := _path_of_nul(document)) is not None:
        raise refused_input("body", path, "Leave out the NUL character.")


def _is_json(content_type: str) -> bool:
    message = email.message.Message()
    message["content-type"] = content_type
    subtype = message.get_content_subtype()
    return message.get_content_maintype() == "application" and (
        subtype == "json" or subtype.endswith("+json")
    )


def _path_of_nul(document: Any) -> str | None:
    """Where in the document a text holds a NUL, which PostgreSQL cannot store."""
    waiting: list[tuple[str, Any]] = [("", document)]
    while waiting:
        path, part = waiting.pop()
        if isinstance(part, str) and "\0" in part:
            return path
        for name, member in _members(part):
            if "\0" in str(name):
                return path
            waiting.append((f"{path}.{name}".lstrip("."), member))
    return None


def _members(part: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(part, dict):
        return part.items()
    return enumerate(part) if isinstance(part, list) else ()

"""Hot reads without the framework's machinery, which costs three times as much as the read.

A short cut serves only what goes well. Whatever is unusual (no token, a filter that is wrong,
a record that is not there) takes the long way through FastAPI, which answers it properly: the
two cannot disagree about a refusal, and a test holds that they agree about the rest.
"""

import inspect
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, get_args
from urllib.parse import parse_qsl

import psycopg
from fastapi import FastAPI, params
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from crm_core.api.deps import Needs, Resources, authenticate, current_actor, current_reader
from crm_core.api.route import Route
from crm_core.base.errors import Refusal

MOST_QUERIES = 500  # query strings a route remembers, before it begins anew

_ID = re.compile(r"/([1-9][0-9]{0,17})(?=/|$)")
_PARAMETER = re.compile(r"\{[^}]+\}")
_TAKES_LONG = (
    Refusal,
    HTTPException,
    ValidationError,
    ValueError,
    TimeoutError,
    psycopg.Error,
    SQLAlchemyError,
)


@dataclass
class HotRead:
    """A route that answers with what the reader gives, and the names of what it takes."""

    endpoint: Callable[..., Awaitable[Response]]
    needs: list[Needs]
    reader: str | None = None
    actor: str | None = None
    filters: tuple[str, type[BaseModel]] | None = None
    record: str | None = None
    parsed: dict[bytes, BaseModel] = field(default_factory=dict)

    async def answer(self, scope: Scope, shared: Resources, record_id: int | None) -> Response:
        """The answer; raises whatever the long way has to explain."""
        arguments: dict[str, Any] = {self.reader or "": shared.reader}
        if self.filters is not None:
            arguments[self.filters[0]] = self._filters(scope["query_string"], self.filters[1])
        elif scope["query_string"]:
            raise ValueError("for the long way")
        actor = await authenticate(scope, shared)
        for need in self.needs:
            await need(actor)
        if self.actor is not None:
            arguments[self.actor] = actor
        if self.record is not None:
            arguments[self.record] = record_id
        return await self.endpoint(**arguments)

    def _filters(self, query: bytes, kind: type[BaseModel]) -> BaseModel:
        found = self.parsed.get(query)
        if found is None:
            pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True)
            if len(dict(pairs)) < len(pairs) or b"%00" in query:
                raise ValueError("for the long way")
            found = kind.model_validate(dict(pairs))
            if len(self.parsed) >= MOST_QUERIES:
                self.parsed.clear()
            self.parsed[query] = found
        return found


class ShortCut:
    """Sits before the router and takes the hot reads."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._hot: dict[str, HotRead] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a hot read, or passes the request on untouched."""
        if scope["type"] == "http" and scope["method"] == "GET":
            response = await self._try(scope)
            if response is not None:
                await response(scope, receive, send)
                return
        await self.app(scope, receive, send)

    async def _try(self, scope: Scope) -> Response | None:
        app: FastAPI = scope["app"]
        if self._hot is None:
            self._hot = find_hot_reads(app)
        path, record_id = scope["path"], None
        read = self._hot.get(path)
        if read is None and (ids := _ID.findall(path)):
            record_id = int(ids[0])
            read = self._hot.get(_ID.sub("/{}", path)) if len(ids) == 1 else None
        if read is None:
            return None
        try:
            response = await read.answer(scope, app.state.resources, record_id)
        except _TAKES_LONG:
            return None
        scope["endpoint"] = read.endpoint
        return response


def find_hot_reads(app: FastAPI) -> dict[str, HotRead]:
    """The routes that the short cut can serve, by their path with ``{}`` for the record's id."""
    found = {}
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, Route) and context.methods == {"GET"}:
            needs = [depends.dependency for depends in context.dependencies]
            read = _hot_read(context.original_route.endpoint, needs)
            if read is not None:
                found[_PARAMETER.sub("{}", context.path or "")] = read
    return found


def _hot_read(endpoint: Callable[..., Any], needs: list[object]) -> HotRead | None:
    """None where the route takes more than a reader, an actor, one filter class and one id."""
    read = HotRead(endpoint, [need for need in needs if isinstance(need, Needs)])
    simple = inspect.iscoroutinefunction(endpoint) and len(read.needs) == len(needs)
    parameters = inspect.signature(endpoint, eval_str=True).parameters.values()
    simple = simple and all(_take(read, p.name, p.annotation) for p in parameters)
    return read if simple and read.reader is not None else None


def _take(read: HotRead, name: str, annotation: object) -> bool:
    """Notes what to give for this parameter; False where only the framework knows."""
    kind, *marks = get_args(annotation) or (annotation,)
    mark = marks[-1] if marks else None
    if isinstance(mark, params.Depends) and mark.dependency is current_reader:
        read.reader = name
    elif isinstance(mark, params.Depends) and mark.dependency is current_actor:
        read.actor = name
    elif isinstance(mark, params.Query) and issubclass(kind, BaseModel):
        read.filters = (name, kind)
    elif isinstance(mark, params.Path) and kind is int and read.record is None:
        read.record = name
    else:
        return False
    return True

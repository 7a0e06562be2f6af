"""Around every request: its id, headers of safety, a line in the log, a count, a body limit.

Plain ASGI: the framework's own middleware class would cost a task and a queue a request.
"""

import re
import secrets
import time
from collections.abc import Mapping
from typing import Any

import structlog
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crm_core.api.access import AccessLog
from crm_core.api.metrics import Metrics
from crm_core.api.refusals import failure, our_fault

SAFETY = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
}
_SAFETY = [(name.encode(), value.encode()) for name, value in SAFETY.items()]
_SANE_ID = re.compile(rb"[A-Za-z0-9._:-]{8,100}")

log = structlog.get_logger("crm.api")


class Exchange:
    """One request and its answer, as far as the log and the counters care."""

    __slots__ = ("_send", "request_id", "scope", "started", "status")

    def __init__(self, scope: Scope, send: Send) -> None:
        self.scope = scope
        self._send = send
        self.request_id = _request_id(scope)
        self.status = 0
        self.started = time.perf_counter()

    async def send(self, message: Message) -> None:
        """Passes the answer on, with the request's id and the headers of safety."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message["headers"]
            headers.append((b"x-request-id", self.request_id.encode()))
            given = {name for name, _ in headers}
            headers.extend(header for header in _SAFETY if header[0] not in given)
        await self._send(message)


class Observe:
    """The outermost layer: nothing goes out without an id, and no error without a log line."""

    def __init__(self, app: ASGIApp, metrics: Metrics, access: AccessLog) -> None:
        self.app = app
        self.metrics = metrics
        self.access = access
        self._templates: dict[Any, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Runs the request; what it raises is logged whole and answered without its insides."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        exchange = Exchange(scope, send)
        scope["request_id"] = exchange.request_id
        # Clients of the service before this one may end an address with a slash.
        scope["path"] = scope["path"].rstrip("/") or "/"
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=exchange.request_id)
        try:
            await self.app(scope, receive, exchange.send)
        except Exception:
            log.exception("request failed", method=scope["method"], path=scope["path"])
            if exchange.status:
                raise
            await our_fault(exchange.request_id)(scope, receive, exchange.send)
        finally:
            self._note(exchange)

    def _note(self, exchange: Exchange) -> None:
        scope = exchange.scope
        seconds = time.perf_counter() - exchange.started
        method = scope["method"]
        self.metrics.count(self._template(scope), method, status=exchange.status, seconds=seconds)
        actor = scope.get("actor")
        self.access.write(
            {
                "method": method,
                "path": scope["path"],
                "status": exchange.status,
                "ms": round(seconds * 1000, 1),
                "actor": actor.key if actor else None,
                "request_id": exchange.request_id,
            }
        )

    def _template(self, scope: Scope) -> str:
        """The route's path with its parameters' names; one word for all unknown addresses."""
        endpoint = scope.get("endpoint")
        if endpoint is None:
            return "none"
        if endpoint not in self._templates:
            for context in iter_route_contexts(scope["app"].routes):
                self._templates[context.endpoint] = context.path or ""
        return self._templates.get(endpoint, "none")


class LimitBody:
    """413 for a body over the limit, whether its length is announced or not.

    Args:
        files: path → limit of its own, where a file is streamed to disk.
    """

    def __init__(self, app: ASGIApp, largest: int, files: Mapping[str, int]) -> None:
        self.app = app
        self.largest = largest
        self.files = files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Counts what is received; an announced length is enough to refuse."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        largest = self.files.get(scope["path"], self.largest)
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit() and int(value) > largest:
                await failure(413, _too_large(largest))(scope, receive, send)
                return
        await self.app(scope, self._counted(receive, largest), send)

    @staticmethod
    def _counted(receive: Receive, largest: int) -> Receive:
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > largest:
                raise HTTPException(413, _too_large(largest))
            return message

        return counted


def _too_large(largest: int) -> str:
    return f"The body is too large: send at most {largest:,} bytes."


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            return value.decode() if _SANE_ID.fullmatch(value) else secrets.token_hex(8)
    return secrets.token_hex(8)

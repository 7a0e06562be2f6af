"""What every webhook shares: the raw body, whether it is theirs, keeping it, a fast answer."""

import asyncio
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, Field
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from crm_core.api.deps import resources
from crm_core.api.refusals import answer_json
from crm_core.base import webhooks
from crm_core.base.db import transaction

LARGEST = 256_000
"""Bytes of one event; the largest that a provider documents is a tenth of it."""

_MOST_RUNS = 10
# Providers whose events are being applied in this process, and those that told more meanwhile.
_applying: set[str] = set()
_again: set[str] = set()

UNSIGNED: dict[str, Any] = {"security": []}
"""For ``openapi_extra``: such a route takes no token of ours."""


@dataclass(frozen=True)
class Provider:
    """Who tells us things: how to know them by request and raw body, and what applies events."""

    name: str
    genuine: Callable[[Request, bytes], bool]
    apply_waiting: Callable[[], object]


class Received(BaseModel):
    """What a provider is answered."""

    success: Literal[True] = True
    message: str = Field(examples=["Received"])


async def receive(request: Request, provider: Provider) -> Response:
    """Keeps what came and answers; applies it when the answer has left.

    Raises:
        HTTPException: 401 where it is not signed by them, 413 where it is too large.
    """
    body = await raw_body(request)
    if not provider.genuine(request, body):
        raise HTTPException(401, f"This is not signed by {provider.name}: nothing was changed.")
    places = resources(request).places
    async with places:
        await run_in_threadpool(_keep, provider.name, body, request.scope.get("request_id", ""))

    answer = answer_json(200, Received(message="Received").model_dump())
    answer.background = BackgroundTask(_apply, provider, places)
    return answer


def signed_with(secret: str, body: bytes, algorithm: str, signature: str) -> bool:
    """Whether this is the hex HMAC of the raw body; in constant time, never without a secret."""
    if not secret:
        return False
    expected = hmac.new(secret.encode(), body, algorithm).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.strip().lower().encode())


async def raw_body(request: Request) -> bytes:
    """The body as it came, which is what was signed; 413 where it is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise HTTPException(413, f"The event is too large: send at most {LARGEST:,} bytes.")
    return bytes(body)


async def _apply(provider: Provider, places: asyncio.Semaphore) -> None:
    """Applies what waits, one run at a time: what comes meanwhile goes along with the next.

    The connection on which it began is busy as long, so it ends after some runs; the worker
    finds whatever is left.
    """
    if provider.name in _applying:
        _again.add(provider.name)
        return
    _applying.add(provider.name)
    try:
        for _ in range(_MOST_RUNS):
            _again.discard(provider.name)
            async with places:
                await run_in_threadpool(provider.apply_waiting)
            if provider.name not in _again:
                return
    finally:
        _applying.discard(provider.name)


def _keep(provider: str, body: bytes, request_id: str) -> None:
    with transaction(who=f"webhook:{provider}", request_id=request_id) as session:
        webhooks.keep(session, provider, body)

"""What every webhook shares: the raw body, whether it is theirs, keeping it, a fast answer."""

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
from crm_core.base.webhooks import Apply

LARGEST = 256_000
"""Bytes of one event; the largest that a provider documents is a tenth of it."""

UNSIGNED: dict[str, Any] = {"security": []}
"""For ``openapi_extra``: such a route takes no token of ours."""


@dataclass(frozen=True)
class Provider:
    """Who tells us things: how to know them by request and raw body, and what to do about it."""

    name: str
    genuine: Callable[[Request, bytes], bool]
    apply: Apply


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

    async def apply_now() -> None:
        async with places:
            await run_in_threadpool(webhooks.apply_waiting, provider.name, provider.apply)

    answer = answer_json(200, Received(message="Received").model_dump())
    answer.background = BackgroundTask(apply_now)
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


def _keep(provider: str, body: bytes, request_id: str) -> None:
    with transaction(who=f"webhook:{provider}", request_id=request_id) as session:
        webhooks.keep(session, provider, body)

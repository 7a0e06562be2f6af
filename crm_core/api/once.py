"""Idempotency-Key: a write that is asked for twice is done once and answered twice the same.

The key is claimed in the transaction of the write, and the answer is kept in it too: either
both are there or neither is. A refused or failed request keeps nothing, so that it may be
corrected and sent again under the same key.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from crm_core.api.refusals import refused_input
from crm_core.base import idempotency
from crm_core.base.db import transaction
from crm_core.base.idempotency import Answer
from crm_core.people.schemas import Actor

LONGEST_KEY = 255
LONGEST_REASON = 500


class AlreadyDone(Exception):
    """The write was done before; carries what it answered then."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


@dataclass
class Claim:
    """A write in progress: who asks, under which key if any, and for what."""

    actor: Actor
    key: str | None
    request_hash: bytes
    session: Session | None = None


async def claim_of(request: Request, actor: Actor) -> Claim:
    """What the request claims; keeps it for ``keep_answer``."""
    key = request.headers.get("idempotency-key")
    if key is not None and not 1 <= len(key) <= LONGEST_KEY:
        message = f"Give a key of 1 to {LONGEST_KEY} characters."
        raise refused_input("header", "Idempotency-Key", message)
    claim = Claim(actor, key, b"" if key is None else await _hash_of(request))
    request.scope["claim"] = claim
    return claim


@contextmanager
def claimed(claim: Claim, request: Request) -> Iterator[Session]:
    """The write's transaction, with its key claimed.

    Raises:
        AlreadyDone: the same request was done under this key.
        Conflict: the key was used for another request.
    """
    scope = request.scope
    with transaction(
        who=claim.actor.key, why=_reason(request), request_id=scope.get("request_id", "")
    ) as session:
        if claim.key is not None:
            found = idempotency.claim(
                session, claim.key, who=claim.actor.key, request_hash=claim.request_hash
            )
            if found is not None:
                raise AlreadyDone(found)
            claim.session = session
        yield session


async def keep_answer(request: Request, response: Response) -> None:
    """Stores what is answered beside the key, while the write's transaction is still open."""
    claim: Claim | None = request.scope.get("claim")
    if claim is None or claim.key is None or claim.session is None:
        return
    given = Answer(response.status_code, bytes(response.body).decode())
    await run_in_threadpool(
        idempotency.answer, claim.session, claim.key, who=claim.actor.key, given=given
    )


async def answer_again(_: Request, error: Exception) -> Response:
    """The first answer, marked as such."""
    first = cast(AlreadyDone, error).answer
    return Response(
        first.body,
        first.status or 200,
        headers={"Idempotency-Replayed": "true"},
        media_type="application/json",
    )


async def _hash_of(request: Request) -> bytes:
    target = f"{request.method} {request.url.path}?{request.url.query}\n"
    # A file that was streamed to disk is not read a second time: its digest stands for it.
    body = request.scope.get("body_digest") or await request.body()
    return hashlib.sha256(target.encode() + body).digest()


def _reason(request: Request) -> str:
    """What a person gave in X-Reason, else the route's name in words."""
    given = request.headers.get("x-reason", "").strip()
    if given:
        # Headers arrive as Latin-1; what people send in them is UTF-8.
        return given.encode("latin-1").decode("utf-8", "replace")[:LONGEST_REASON]
    return str(request.scope["endpoint"].__name__).replace("_", " ")

"""What a route may ask for: who acts, the database to write to or to read from.

A router is made with ``route_class=Route``: every route then refuses a request without a
valid token, and honours ``Idempotency-Key``, before its own code runs.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, params
from fastapi.concurrency import contextmanager_in_threadpool
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Scope

from crm_core.api import once
from crm_core.api.tokens import RateLimit, Tokens
from crm_core.base.db import reading, transaction
from crm_core.base.read import Reader
from crm_core.people import queries
from crm_core.people.schemas import Actor, Permission

SYNC_REQUESTS = 10  # as many as the pool keeps: nobody holds a thread while waiting for another


def find_actor(token: str) -> Actor | None:
    """The token's actor in the database; writes down its use, at most once a minute."""
    with transaction(who="api") as session:
        return queries.actor_of_token(session, token)


@dataclass
class Resources:
    """What the requests of one process share."""

    reader: Reader
    rate_limit: RateLimit
    tokens: Tokens = field(default_factory=lambda: Tokens(find_actor))
    # A thread that waits for a connection would keep the one that holds it from running.
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SYNC_REQUESTS))


def resources(request: Request) -> Resources:
    """The process's shared resources, opened when it started."""
    return cast(Resources, request.app.state.resources)


async def authenticate(scope: Scope, shared: Resources) -> Actor:
    """The actor of the request's bearer token, within its rate limit; 401 or 429 otherwise."""
    token = _bearer_token(scope)
    actor = await shared.tokens.actor(token) if token else None
    if actor is None:
        raise HTTPException(401, _SIGN_IN[bool(token)], {"WWW-Authenticate": "Bearer"})
    scope["actor"] = actor
    wait = shared.rate_limit.take(actor.key)
    if wait:
        raise HTTPException(
            429, f"Too many requests: try again in {wait} s.", {"Retry-After": str(wait)}
        )
    return actor


async def current_actor(request: Request) -> Actor:
    """Who ``Route`` has found to be asking."""
    return cast(Actor, request.scope["actor"])


CurrentActor = Annotated[Actor, Depends(current_actor)]


async def current_reader(request: Request) -> Reader:
    """The executor of hot reads."""
    return resources(request).reader


ReaderDep = Annotated[Reader, Depends(current_reader)]


class Needs:
    """A dependency that refuses an actor without the permission."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def __call__(self, actor: CurrentActor) -> None:
        """Raises ``Forbidden``."""
        actor.require(self.permission)


def needs(permission: Permission) -> params.Depends:
    """For ``dependencies=[…]`` of a router or route: 403 unless the actor holds the permission."""
    return params.Depends(Needs(permission))


async def write_session(request: Request, actor: CurrentActor) -> AsyncIterator[Session]:
    """One transaction a request, attributed to its actor; commits before the answer leaves."""
    claim = await once.claim_of(request, actor)
    async with (
        resources(request).places,
        contextmanager_in_threadpool(once.claimed(claim, request)) as session,
    ):
        yield session


async def read_session(request: Request) -> AsyncIterator[Session]:
    """A session for reads that are not lists; whatever happens in it is rolled back."""
    async with resources(request).places, contextmanager_in_threadpool(reading()) as session:
        yield session


Db = Annotated[Session, Depends(write_session, scope="function")]
ReadDb = Annotated[Session, Depends(read_session, scope="function")]


def _bearer_token(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"authorization" and value[:7].lower() == b"bearer ":
            return str(value[7:].strip().decode("latin-1"))
    return ""


_SIGN_IN = {
    False: "Send your API token in the header 'Authorization: Bearer …'.",
    True: "This API token is unknown, revoked or expired: ask an administrator for a new one.",
}

"""Who sends a request: the cookie's token, looked up in the database in a thread."""

import logging
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import Scope

from crm_core.base.clock import utc_now
from crm_core.base.db import SessionFactory, transaction
from crm_core.people import queries, service
from crm_core.people.passwords import password_matches
from crm_core.people.schemas import Actor

# The prefix makes browsers refuse the cookie from any other host, path or plain connection.
COOKIE = "__Host-ops"

# A look-up takes a connection of the pool; a password takes a processor for 100 ms.
_LOOK_UPS = CapacityLimiter(8)
_PASSWORDS = CapacityLimiter(2)

_log = logging.getLogger(__name__)

Words = ParamSpec("Words")
Given = TypeVar("Given")


def token_of(scope: Scope) -> str:
    """The session's token in the request's cookies; empty where there is none."""
    for name, value in scope["headers"]:
        if name == b"cookie" and COOKIE.encode() in value:
            return _token_in(value.decode("latin-1"))
    return ""


async def actor_of(token: str) -> Actor | None:
    """Who is signed in with this token at this moment.

    Raises:
        SQLAlchemyError: the database does not answer; it is logged.
    """
    try:
        return await in_thread(_look_up, token) if token else None
    except SQLAlchemyError:
        _log.exception("a session could not be looked up")
        raise


async def in_thread(
    work: Callable[Words, Given], *args: Words.args, **kwargs: Words.kwargs
) -> Given:
    """Runs blocking work beside the event loop."""
    return await to_thread.run_sync(lambda: work(*args, **kwargs), limiter=_LOOK_UPS)


async def sign_in(email: str, password: str, *, user_agent: str) -> str:
    """The token of a new session; ``Forbidden`` with a sentence where it is refused."""
    return await to_thread.run_sync(
        lambda: _sign_in(email, password, user_agent), limiter=_PASSWORDS
    )


def _token_in(cookies: str) -> str:
    try:
        found = SimpleCookie(cookies).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def _look_up(token: str) -> Actor | None:
    with SessionFactory.begin() as session:
        return queries.actor_of_session(session, token, now=utc_now())


def _sign_in(email: str, password: str, user_agent: str) -> str:
    with transaction(who="sign-in", why="a password was tried") as session:
        attempt = service.begin_sign_in(session, email)
    if not password_matches(password, attempt.password_hash):
        raise attempt.refusal()
    with transaction(who="sign-in") as session:
        return service.complete_sign_in(session, attempt, user_agent=user_agent)

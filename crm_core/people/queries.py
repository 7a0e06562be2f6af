"""Reads about people: who acts, and the lists of the admin page."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Text,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.base.crypto import token_hash
from crm_core.base.db import escape_like
from crm_core.base.read import Listing, Order, Read
from crm_core.base.settings import settings
from crm_core.people.models import ApiToken, SignInLink, Staff, StaffSession
from crm_core.people.schemas import (
    Actor,
    Role,
    SessionFilter,
    SessionRead,
    StaffFilter,
    StaffRead,
    TokenFilter,
    TokenRead,
    permissions_of,
)

TOUCHED_EVERY = timedelta(minutes=1)


def actor_of_session(session: Session, token: str, *, now: datetime) -> Actor | None:
    """Who the session's token belongs to; None where it has ended, idled out or never was.

    Writes down that the session was seen, at most once a minute.
    """
    found = session.execute(
        select(StaffSession.id, StaffSession.last_seen_at, Staff.id, Staff.name, Staff.roles)
        .join(Staff, Staff.id == StaffSession.staff_id)
        .where(StaffSession.token_hash == token_hash(token), _is_open(now))
    ).one_or_none()
    if found is None:
        return None
    session_id, seen, staff_id, name, roles = found
    if now - seen >= TOUCHED_EVERY:
        seen_now = update(StaffSession).values(last_seen_at=now)
        session.execute(seen_now.where(StaffSession.id == session_id))
    key = f"staff:{staff_id}"
    return _actor(key, person=key, name=name, roles=roles)


def actor_of_token(session: Session, token: str) -> Actor | None:
    """Who an API token acts as; None where it is revoked, expired or unknown.

    Writes down that the token was used, at most once a minute.
    """
    now = utc_now()
    found = session.execute(
        select(ApiToken.id, ApiToken.last_used_at, ApiToken.name, ApiToken.roles, ApiToken.staff_id)
        .outerjoin(Staff, Staff.id == ApiToken.staff_id)
        .where(
            ApiToken.token_hash == token_hash(token),
            _is_live(now),
            or_(ApiToken.staff_id.is_(None), Staff.active),
        )
    ).one_or_none()
    if found is None:
        return None
    token_id, used, name, roles, staff_id = found
    if used is None or now - used >= TOUCHED_EVERY:
        used_now = update(ApiToken).values(last_used_at=now)
        session.execute(used_now.where(ApiToken.id == token_id))
    key = f"token:{token_id}"
    return _actor(key, person=f"staff:{staff_id}" if staff_id else key, name=name, roles=roles)


def person_of_link(session: Session, token: str) -> str | None:
    """The name of the person that a sign-in link would let in; None where it opens nothing."""
    return session.execute(
        select(Staff.name)
        .join(SignInLink, SignInLink.staff_id == Staff.id)
        .where(
            SignInLink.token_hash == token_hash(token),
            SignInLink.used_at.is_(None),
            SignInLink.expires_at > utc_now(),
            Staff.active,
        )
    ).scalar()


def list_staff(filters: StaffFilter) -> Read[StaffRead]:
    """Accounts by name."""
    return _STAFF.read(filters)


def get_staff(session: Session, staff_id: int) -> StaffRead:
    """One account; ``NotFound`` where there is none."""
    return _STAFF.one(session, staff_id)


def list_tokens(filters: TokenFilter) -> Read[TokenRead]:
    """API tokens, the newest first."""
    return _TOKENS.read(filters)


def get_token(session: Session, token_id: int) -> TokenRead:
    """One API token; ``NotFound`` where there is none."""
    return _TOKENS.one(session, token_id)


def list_sessions(filters: SessionFilter) -> Read[SessionRead]:
    """Sign-ins that have not ended, the newest first."""
    return _SESSIONS.read(filters)


def _actor(key: str, *, person: str, name: str, roles: Iterable[str]) -> Actor:
    held = frozenset(Role(role) for role in roles)
    return Actor(key=key, person=person, name=name, permissions=permissions_of(held), roles=held)


def _is_open(now: datetime) -> ColumnElement[bool]:
    idle = timedelta(minutes=settings().crm_session_idle_minutes)
    return and_(
        StaffSession.revoked_at.is_(None),
        StaffSession.expires_at > now,
        StaffSession.last_seen_at > now - idle,
        Staff.active,
    )


def _is_live(now: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    return and_(
        ApiToken.revoked_at.is_(None),
        or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > now),
    )


def _containing(word: str) -> str:
    return f"%{escape_like(word.lower())}%"


_STAFF: Listing[StaffRead] = Listing(
    schema=StaffRead,
    statement=select(
        Staff.id,
        Staff.email,
        Staff.name,
        Staff.roles,
        Staff.active,
        Staff.locked_until,
        Staff.last_sign_in_at,
        Staff.created_at,
    ),
    filters={
        "search": func.lower(func.concat_ws(literal_column("' '"), Staff.name, Staff.email)).like(
            bindparam("search", type_=Text)
        ),
        "active": Staff.active == bindparam("active", type_=Boolean),
    },
    orders={"name": Order((func.lower(Staff.name), Staff.id), descending=False)},
    key=Staff.id,
    noun="Person",
    convert={"search": _containing},
)

_TOKENS: Listing[TokenRead] = Listing(
    schema=TokenRead,
    statement=select(
        ApiToken.id,
        ApiToken.name,
        ApiToken.prefix,
        ApiToken.roles,
        ApiToken.staff_id,
        ApiToken.created_at,
        ApiToken.expires_at,
        ApiToken.last_used_at,
        ApiToken.revoked_at,
    ),
    filters={"live": _is_live(func.now()) == bindparam("live", type_=Boolean)},
    orders={"newest": Order((ApiToken.id,))},
    key=ApiToken.id,
    noun="Token",
)

_SESSIONS: Listing[SessionRead] = Listing(
    schema=SessionRead,
    statement=select(
        StaffSession.id,
        StaffSession.staff_id,
        Staff.email,
        Staff.name,
        StaffSession.method,
        StaffSession.user_agent,
        StaffSession.created_at,
        StaffSession.last_seen_at,
        StaffSession.expires_at,
    )
    .join(Staff, Staff.id == StaffSession.staff_id)
    .where(StaffSession.revoked_at.is_(None), StaffSession.expires_at > func.now()),
    filters={"staff_id": StaffSession.staff_id == bindparam("staff_id")},
    orders={"newest": Order((StaffSession.id,))},
    key=StaffSession.id,
    noun="Sign-in",
)

"""Signing in and out: passwords, one-time links, verified e-mail addresses, sessions.

The password is compared between two transactions, because it takes 100 ms of a processor:
``begin_sign_in`` counts the attempt before it is made, so that guesses made at the same time
count too, and ``complete_sign_in`` forgives the count where the password was right.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, func, or_, select, true, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from crm_core.base.clock import to_lagos, utc_now
from crm_core.base.crypto import new_token, token_hash
from crm_core.base.db import attribute
from crm_core.base.errors import Forbidden, NotFound
from crm_core.base.settings import settings
from crm_core.people.models import SignInLink, Staff, StaffSession
from crm_core.people.schemas import Actor, Permission

MOST_FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)
LINK_HOLDS_FOR = timedelta(minutes=15)

WRONG = "The e-mail address or the password is wrong."
LINK_WRONG = "This sign-in link was used already, or is older than 15 minutes: ask for a new one."


@dataclass(frozen=True)
class Attempt:
    """One try at a password, already counted.

    Attributes:
        staff_id: None where nobody has the address, so that nothing can match.
        locked_until: set where this try, if it fails, is the one that locks the account.
    """

    staff_id: int | None
    password_hash: str | None
    locked_until: datetime | None

    def refusal(self) -> Forbidden:
        """What to say where the password was wrong."""
        return Forbidden(_locked_sentence(self.locked_until) if self.locked_until else WRONG)


def begin_sign_in(session: Session, email: str) -> Attempt:
    """Counts a try before the password is looked at; commit it whatever comes out.

    Raises:
        Forbidden: the account is locked; the sentence says until when.
    """
    now = utc_now()
    counted = session.execute(_count_attempt(email, now)).one_or_none()
    if counted is not None:
        return Attempt(counted.id, counted.password_hash, counted.locked_until)
    locked = session.execute(
        select(Staff.locked_until).where(_has_email(email), Staff.active, Staff.locked_until > now)
    ).scalar()
    if locked is not None:
        raise Forbidden(_locked_sentence(locked))
    return Attempt(None, None, None)


def complete_sign_in(session: Session, attempt: Attempt, *, user_agent: str) -> str:
    """Opens a session after the password was right; gives the session's token.

    Raises:
        Forbidden: the account was closed, or its password changed, in between.
    """
    right = session.execute(
        update(Staff)
        .where(
            Staff.id == attempt.staff_id,
            Staff.active,
            Staff.password_hash == attempt.password_hash,
        )
        .values(failed_sign_ins=0, locked_until=None)
        .returning(Staff.id)
    ).scalar()
    if right is None:
        raise Forbidden(WRONG)
    return open_session(session, right, method="password", user_agent=user_agent)


def sign_in_verified(session: Session, email: str, *, user_agent: str) -> str:
    """Opens a session for the account with an address that the identity provider has verified."""
    staff_id = session.execute(select(Staff.id).where(_has_email(email), Staff.active)).scalar()
    if staff_id is None:
        raise Forbidden(f"{email} has no open account here: ask an administrator for one.")
    return open_session(session, staff_id, method="single sign-on", user_agent=user_agent)


def open_session(session: Session, staff_id: int, *, method: str, user_agent: str) -> str:
    """A session for a person who proved who they are; gives the token for the cookie.

    Args:
        method: how they proved it, for people to read.
        user_agent: what the browser calls itself.
    """
    attribute(session, who=f"staff:{staff_id}", why=f"signed in by {method}")
    now, token = utc_now(), new_token()
    session.add(
        StaffSession(
            staff_id=staff_id,
            token_hash=token_hash(token),
            method=method,
            user_agent=user_agent[:300],
            last_seen_at=now,
            expires_at=now + timedelta(hours=settings().crm_session_hours),
        )
    )
    session.execute(update(Staff).where(Staff.id == staff_id).values(last_sign_in_at=now))
    session.flush()
    return token


def close_session(session: Session, token: str) -> None:
    """Signs out: the token opens nothing any more, in any tab."""
    _revoke(session, StaffSession.token_hash == token_hash(token))


def close_all_sessions(session: Session, staff_id: int, *, actor: Actor) -> None:
    """Signs a person out of every browser."""
    actor.require(Permission.PEOPLE_MANAGE)
    _revoke(session, StaffSession.staff_id == staff_id)


def end_session(session: Session, session_id: int, *, actor: Actor) -> None:
    """Signs one browser out."""
    actor.require(Permission.PEOPLE_MANAGE)
    if not _revoke(session, StaffSession.id == session_id):
        raise NotFound("This sign-in has ended already.")


def end_all_sessions(session: Session, *, actor: Actor) -> None:
    """Signs everybody out of every browser."""
    actor.require(Permission.PEOPLE_MANAGE)
    _revoke(session, true())


def make_sign_in_link(session: Session, email: str, *, actor: Actor) -> str:
    """The token of a link that signs this person in once, within 15 minutes."""
    actor.require(Permission.PEOPLE_MANAGE)
    staff_id = session.execute(select(Staff.id).where(_has_email(email), Staff.active)).scalar()
    if staff_id is None:
        raise NotFound(f"Nobody with the address {email} has an open account.")
    token = new_token()
    expires_at = utc_now() + LINK_HOLDS_FOR
    session.add(SignInLink(staff_id=staff_id, token_hash=token_hash(token), expires_at=expires_at))
    session.flush()
    return token


def redeem_sign_in_link(session: Session, token: str, *, user_agent: str) -> str:
    """Uses a link up and opens a session; of two who race for it, one gets in.

    Raises:
        Forbidden: it was used, has expired, never existed, or the account is closed.
    """
    now = utc_now()
    # The second of two racing updates waits for the first, then sees used_at and finds no row.
    staff_id = session.execute(
        update(SignInLink)
        .where(
            SignInLink.token_hash == token_hash(token),
            SignInLink.used_at.is_(None),
            SignInLink.expires_at > now,
            SignInLink.staff_id == Staff.id,
            Staff.active,
        )
        .values(used_at=now)
        .returning(SignInLink.staff_id)
    ).scalar()
    if staff_id is None:
        raise Forbidden(LINK_WRONG)
    return open_session(session, staff_id, method="sign-in link", user_agent=user_agent)


def _has_email(email: str) -> ColumnElement[bool]:
    return func.lower(Staff.email) == email.strip().lower().replace("\0", "")


def _count_attempt(email: str, now: datetime) -> ReturningUpdate[int, str | None, datetime | None]:
    """One more failure, in a single statement: the fifth in a row locks the account."""
    count = case((Staff.locked_until.is_not(None), 1), else_=Staff.failed_sign_ins + 1)
    return (
        update(Staff)
        .where(
            _has_email(email),
            Staff.active,
            or_(Staff.locked_until.is_(None), Staff.locked_until <= now),
        )
        .values(
            failed_sign_ins=count,
            locked_until=case((count >= MOST_FAILURES, now + LOCKED_FOR), else_=None),
        )
        .returning(Staff.id, Staff.password_hash, Staff.locked_until)
    )


def _locked_sentence(until: datetime) -> str:
    # The minute after, so that the sentence never promises too early.
    opens = to_lagos(until + timedelta(minutes=1))
    return f"Too many wrong passwords: this account opens again at {opens:%H:%M} Lagos time."


def _revoke(session: Session, condition: ColumnElement[bool]) -> int:
    revoked = session.execute(
        update(StaffSession)
        .where(condition, StaffSession.revoked_at.is_(None))
        .values(revoked_at=utc_now())
        .returning(StaffSession.id)
    )
    return len(revoked.all())

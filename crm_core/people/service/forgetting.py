"""Removing what can open nothing any more."""

from datetime import timedelta

from sqlalchemy import delete, or_
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.people.models import SignInLink, StaffSession

KEPT = timedelta(days=30)
"""So long after their end sessions and links are kept, for questions about who was here."""


def forget_ended(session: Session) -> int:
    """Removes sessions and links that ended a month ago; gives how many. The history keeps them."""
    before = utc_now() - KEPT
    sessions = delete(StaffSession).where(
        or_(StaffSession.expires_at < before, StaffSession.revoked_at < before)
    )
    links = delete(SignInLink).where(SignInLink.expires_at < before)
    return len(session.execute(sessions.returning(StaffSession.id)).all()) + len(
        session.execute(links.returning(SignInLink.id)).all()
    )

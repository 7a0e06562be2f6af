"""API tokens to arrange a test with."""

from sqlalchemy.orm import Session

from crm_core.people import service
from crm_core.people.schemas import Role, TokenCreate, machine


def make_token(session: Session, *roles: Role) -> str:
    """The secret of a fresh token with these roles."""
    data = TokenCreate(name="Test", roles=frozenset(roles), staff_id=None, expires_at=None)
    return service.create_token(session, data, actor=machine("command:test"))[1]

"""API tokens: bearer secrets of other systems, of which only the hash is kept."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.base.crypto import new_token, token_hash
from crm_core.base.errors import Conflict, Invalid, NotFound
from crm_core.people.models import ApiToken, Staff
from crm_core.people.schemas import Actor, Permission, TokenCreate, TokenRead

_SHOWN = 10


def create_token(session: Session, data: TokenCreate, *, actor: Actor) -> tuple[TokenRead, str]:
    """A new token, and its secret, which cannot be had again.

    A token that a person makes acts for that person unless another is named, so that nobody
    approves their own payout through a token.
    """
    actor.require(Permission.PEOPLE_MANAGE)
    if data.expires_at is not None and data.expires_at <= utc_now():
        raise Invalid.field("expires_at", "Choose a day in the future.")
    secret = f"crm_{new_token()}"
    token = ApiToken(
        name=data.name,
        prefix=secret[:_SHOWN],
        token_hash=token_hash(secret),
        roles=[role.value for role in data.roles],
        staff_id=_acts_for(session, data, actor),
        expires_at=data.expires_at,
    )
    session.add(token)
    session.flush()
    session.refresh(token)
    return TokenRead.model_validate(token), secret


def revoke_token(session: Session, token_id: int, *, actor: Actor) -> None:
    """Ends a token at once; ``Conflict`` where it was ended before."""
    actor.require(Permission.PEOPLE_MANAGE)
    token = session.get(ApiToken, token_id, with_for_update=True, populate_existing=True)
    if token is None:
        raise NotFound("Token not found")
    if token.revoked_at is not None:
        raise Conflict(f"{token.name} was revoked already.")
    session.execute(update(ApiToken).where(ApiToken.id == token_id).values(revoked_at=utc_now()))


def _acts_for(session: Session, data: TokenCreate, actor: Actor) -> int | None:
    kind, _, maker = actor.person.partition(":")
    staff_id = data.staff_id
    if staff_id is None:
        return int(maker) if kind == "staff" else None
    open_account = select(Staff.id).where(Staff.id == staff_id, Staff.active)
    if session.execute(open_account).scalar() is None:
        raise Invalid.field("staff_id", "This person has no open account.")
    return staff_id

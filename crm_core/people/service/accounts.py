"""Accounts: who there is, with which roles, and whether they may sign in."""

from collections.abc import Iterable

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.base.errors import Conflict, Invalid, NotFound
from crm_core.people.models import ApiToken, Staff, StaffSession
from crm_core.people.passwords import hash_password
from crm_core.people.schemas import Actor, Permission, Role, StaffCreate, StaffRead


def create_staff(session: Session, data: StaffCreate, *, actor: Actor) -> StaffRead:
    """Opens an account; ``Conflict`` where the e-mail address has one."""
    actor.require(Permission.PEOPLE_MANAGE)
    password = None if data.password is None else hash_password(data.password.get_secret_value())
    staff = Staff(
        email=data.email, name=data.name, roles=_names(data.roles), password_hash=password
    )
    try:
        with session.begin_nested():
            session.add(staff)
    except IntegrityError as error:
        raise Conflict(f"{data.email} has an account already.") from error
    return _read(session, staff)


def set_roles(session: Session, staff_id: int, roles: Iterable[Role], *, actor: Actor) -> StaffRead:
    """Gives the person these roles instead of the present ones, from the next click on."""
    actor.require(Permission.PEOPLE_MANAGE)
    wanted = _names(roles)
    if not wanted:
        raise Invalid.field("roles", "Choose at least one role: to shut somebody out, deactivate.")
    administrators = _lock_administrators(session)
    staff = _locked(session, staff_id)
    if Role.ADMIN not in wanted:
        _keep_one(administrators, without=staff.id)
    staff.roles = wanted
    return _read(session, staff)


def set_password(session: Session, staff_id: int, password: str, *, actor: Actor) -> StaffRead:
    """Sets a new password, opens a locked account, and ends every sign-in under the old one."""
    actor.require(Permission.PEOPLE_MANAGE)
    password_hash = hash_password(password)
    staff = _locked(session, staff_id)
    staff.password_hash = password_hash
    staff.failed_sign_ins, staff.locked_until = 0, None
    _end_sessions(session, staff_id)
    return _read(session, staff)


def deactivate(session: Session, staff_id: int, *, actor: Actor) -> StaffRead:
    """Shuts the person out at once: ends the sign-ins and revokes the tokens made for them."""
    actor.require(Permission.PEOPLE_MANAGE)
    administrators = _lock_administrators(session)
    staff = _locked(session, staff_id)
    _keep_one(administrators, without=staff.id)
    staff.active = False
    _end_sessions(session, staff_id)
    session.execute(
        update(ApiToken)
        .where(ApiToken.staff_id == staff_id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=utc_now())
    )
    return _read(session, staff)


def reactivate(session: Session, staff_id: int, *, actor: Actor) -> StaffRead:
    """Lets the person sign in again; sign-ins and tokens that were ended stay so."""
    actor.require(Permission.PEOPLE_MANAGE)
    staff = _locked(session, staff_id)
    staff.active = True
    return _read(session, staff)


def _names(roles: Iterable[Role]) -> list[str]:
    return sorted({role.value for role in roles})


def _read(session: Session, staff: Staff) -> StaffRead:
    session.flush()
    session.refresh(staff)
    return StaffRead.model_validate(staff)


def _locked(session: Session, staff_id: int) -> Staff:
    staff = session.get(Staff, staff_id, with_for_update=True, populate_existing=True)
    if staff is None:
        raise NotFound("Person not found")
    return staff


def _lock_administrators(session: Session) -> set[int]:
    """Ids of the open accounts with the admin role.

    Two administrators who remove each other at the same moment queue here, always before the
    lock on the person, and the second one finds nobody left.
    """
    found = select(Staff.id).where(Staff.active, Staff.roles.any_() == Role.ADMIN.value)
    return set(session.execute(found.order_by(Staff.id).with_for_update()).scalars())


def _keep_one(administrators: set[int], *, without: int) -> None:
    if administrators == {without}:
        raise Conflict("This is the last administrator: make somebody else one first.")


def _end_sessions(session: Session, staff_id: int) -> None:
    session.execute(
        update(StaffSession)
        .where(StaffSession.staff_id == staff_id, StaffSession.revoked_at.is_(None))
        .values(revoked_at=utc_now())
    )

"""Finding accounts from the command line, where a person is named by e-mail address."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_core.base.errors import NotFound
from crm_core.people.models import Staff
from crm_core.people.schemas import ROLE_PERMISSIONS, Permission, Role, StaffRead


def find_by_email(session: Session, email: str) -> StaffRead:
    """The account with this address, in whatever case; ``NotFound`` where there is none."""
    wanted = func.lower(Staff.email) == email.strip().lower()
    staff = session.execute(select(Staff).where(wanted)).scalar_one_or_none()
    if staff is None:
        raise NotFound(f"Nobody has an account with the address {email}.")
    return StaffRead.model_validate(staff)


def first_administrator(session: Session) -> StaffRead | None:
    """The oldest open account that may manage people; None where there is none."""
    administrators = select(Staff).where(Staff.active, Staff.roles.any_() == Role.ADMIN.value)
    staff = session.execute(administrators.order_by(Staff.id).limit(1)).scalar()
    return None if staff is None else StaffRead.model_validate(staff)


def has_nobody(session: Session) -> bool:
    """Whether no account was ever made, as in a database that nobody has used."""
    return session.execute(select(Staff.id).limit(1)).first() is None


def staff_with(session: Session, *roles: Role) -> list[StaffRead]:
    """Open accounts that hold any of the roles, by name, at most 1,000."""
    wanted = [role.value for role in roles]
    found = session.scalars(
        select(Staff)
        .where(Staff.active, Staff.roles.overlap(wanted))
        .order_by(Staff.name, Staff.id)
        .limit(1000)
    )
    return [StaffRead.model_validate(staff) for staff in found]


def staff_who_may(session: Session, permission: Permission) -> list[StaffRead]:
    """Open accounts that hold the permission, by name: for a choice on a form."""
    roles = [role for role, held in ROLE_PERMISSIONS.items() if permission in held]
    return staff_with(session, *roles)

"""Records to arrange a test with: `make_…` gives one that is valid, but for what is asked for."""

from itertools import count

from argon2 import PasswordHasher
from sqlalchemy.orm import Session

from crm_core.people.models import Staff
from crm_core.people.schemas import Actor, Role, permissions_of

# The parameters are written into each hash, so that a cheap one verifies like any other.
QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)

_numbers = count(1)


def make_staff(
    session: Session,
    *roles: Role,
    email: str = "",
    password: str | None = None,
    active: bool = True,
) -> Staff:
    """An account with these roles; without a password nobody signs in to it by password."""
    number = next(_numbers)
    staff = Staff(
        email=email or f"person{number}@example.ng",
        name=f"Person {number}",
        password_hash=None if password is None else QUICK_HASHER.hash(password),
        roles=[role.value for role in roles],
        active=active,
    )
    session.add(staff)
    session.flush()
    return staff


def make_actor(*roles: Role, person: str | None = None) -> Actor:
    """Somebody with these roles who needs no account; ``person`` where a token acts for one."""
    key = f"staff:{900_000 + next(_numbers)}"
    held = frozenset(roles)
    return Actor(
        key=key,
        person=person or key,
        name=f"Somebody {key}",
        permissions=permissions_of(held),
        roles=held,
    )


def actor_for(staff: Staff) -> Actor:
    """The actor that this account is when it signs in."""
    roles = frozenset(Role(role) for role in staff.roles)
    key = f"staff:{staff.id}"
    return Actor(key, key, staff.name, permissions_of(roles), roles)

"""The words of the people domain: who may do what."""

from crm_core.people.schemas.accounts import (
    Email,
    Roles,
    SessionFilter,
    SessionRead,
    StaffCreate,
    StaffFilter,
    StaffRead,
    TokenCreate,
    TokenFilter,
    TokenRead,
)
from crm_core.people.schemas.acting import Actor, machine
from crm_core.people.schemas.permissions import ROLE_PERMISSIONS, Permission, Role, permissions_of

__all__ = [
    "ROLE_PERMISSIONS",
    "Actor",
    "Email",
    "Permission",
    "Role",
    "Roles",
    "SessionFilter",
    "SessionRead",
    "StaffCreate",
    "StaffFilter",
    "StaffRead",
    "TokenCreate",
    "TokenFilter",
    "TokenRead",
    "machine",
    "permissions_of",
]

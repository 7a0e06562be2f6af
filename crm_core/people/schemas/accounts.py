"""Accounts of staff, tokens and sign-ins."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, SecretStr

from crm_core.base.paging import PageRequest
from crm_core.base.words import Line, Name, RecordId, Search
from crm_core.people.schemas.permissions import Role


class StaffRead(BaseModel):
    """A staff account as shown to an administrator."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    email: str
    name: str
    roles: list[Role]
    active: bool
    locked_until: datetime | None
    last_sign_in_at: datetime | None
    created_at: datetime


class TokenRead(BaseModel):
    """An API token as shown to an administrator; the token itself is shown once, when made."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    name: str
    prefix: str
    roles: list[Role]
    staff_id: int | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class SessionRead(BaseModel):
    """A sign-in that has not ended, as shown to an administrator."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    staff_id: int
    email: str
    name: str
    method: str
    user_agent: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


def _email(text: str) -> str:
    name, at, domain = text.partition("@")
    if not (name and at and "." in domain.strip(".")) or any(c.isspace() for c in text):
        raise ValueError("give a whole e-mail address, such as ada@example.ng")
    return text.lower()


def _some_roles(roles: list[Role]) -> list[Role]:
    if not roles:
        raise ValueError("choose at least one role")
    return sorted(set(roles))


Email = Annotated[Line, AfterValidator(_email)]
Roles = Annotated[list[Role], AfterValidator(_some_roles)]


class StaffCreate(BaseModel):
    """A new account; without a password the person signs in by link or single sign-on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    email: Email
    name: Name
    roles: Roles
    password: SecretStr | None = None


class TokenCreate(BaseModel):
    """A new API token. It acts for ``staff_id``: the person who makes it where none is named."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    roles: Roles
    staff_id: RecordId | None = None
    expires_at: AwareDatetime | None = None


class StaffFilter(PageRequest):
    """Accounts by name or e-mail, and by whether they are open."""

    search: Search | None = None
    active: bool | None = None


class TokenFilter(PageRequest):
    """API tokens; ``live`` leaves out those that were revoked or have expired."""

    live: bool | None = None


class SessionFilter(PageRequest):
    """Sign-ins that have not ended, of everybody or of one person."""

    staff_id: RecordId | None = None

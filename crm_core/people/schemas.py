"""The words of the people domain: who may do what."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, SecretStr

from crm_core.base.errors import Forbidden
from crm_core.base.paging import PageRequest
from crm_core.base.words import Line, Name, RecordId, Search


class Permission(StrEnum):
    """One thing that a role may do; services ask for these, never for roles."""

    OWNERS_READ = "owners_read"
    OWNERS_WRITE = "owners_write"
    PAYOUTS_READ = "payouts_read"
    PAYOUTS_MAKE = "payouts_make"
    PAYOUTS_APPROVE = "payouts_approve"
    PAYOUTS_PAY = "payouts_pay"
    PATIENTS_READ = "patients_read"
    PATIENTS_WRITE = "patients_write"
    LOYALTY_READ = "loyalty_read"
    LOYALTY_REDEEM = "loyalty_redeem"
    LOYALTY_ADJUST = "loyalty_adjust"
    MESSAGES_READ = "messages_read"
    MESSAGES_SEND = "messages_send"
    MESSAGES_MANAGE = "messages_manage"
    APPOINTMENTS_READ = "appointments_read"
    APPOINTMENTS_WRITE = "appointments_write"
    APPOINTMENTS_SUPERVISE = "appointments_supervise"
    FEEDBACK_READ = "feedback_read"
    FEEDBACK_WRITE = "feedback_write"
    CAMPAIGNS_READ = "campaigns_read"
    CAMPAIGNS_DRAFT = "campaigns_draft"
    CAMPAIGNS_APPROVE = "campaigns_approve"
    CAMPAIGNS_LAUNCH = "campaigns_launch"
    SENSITIVE_READ = "sensitive_read"
    EXPORT = "export"
    IDENTIFIERS_REVEAL = "identifiers_reveal"
    HISTORY_READ = "history_read"
    SETTINGS_WRITE = "settings_write"
    PEOPLE_MANAGE = "people_manage"
    PRIVACY_MANAGE = "privacy_manage"
    ERASURES_READ = "erasures_read"
    ERASURES_APPROVE = "erasures_approve"
    JOBS_RUN = "jobs_run"


class Role(StrEnum):
    """What a person or token is; several may be held at once."""

    VIEWER = "viewer"
    FINANCE = "finance"
    APPROVER = "approver"
    CAMPAIGNER = "campaigner"
    ANALYST = "analyst"
    ADMIN = "admin"


_SEES = frozenset(
    {
        Permission.OWNERS_READ,
        Permission.PAYOUTS_READ,
        Permission.PATIENTS_READ,
        Permission.LOYALTY_READ,
        Permission.MESSAGES_READ,
        Permission.APPOINTMENTS_READ,
        Permission.FEEDBACK_READ,
        Permission.CAMPAIGNS_READ,
    }
)
# Operations staff are who patients stand before: they register them, hand out rewards, book visits,
# write to one person and take feedback.
_SERVES = frozenset(
    {
        Permission.PATIENTS_WRITE,
        Permission.LOYALTY_REDEEM,
        Permission.MESSAGES_SEND,
        Permission.APPOINTMENTS_WRITE,
        Permission.FEEDBACK_WRITE,
    }
)

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: _SEES | _SERVES,
    Role.FINANCE: _SEES
    | {
        Permission.OWNERS_WRITE,
        Permission.PAYOUTS_MAKE,
        Permission.PAYOUTS_PAY,
        Permission.LOYALTY_ADJUST,
        Permission.EXPORT,
        Permission.IDENTIFIERS_REVEAL,
    },
    # Approvers are the supervisors of the floor: they undo a visit's state and override a refusal.
    Role.APPROVER: _SEES
    | {
        Permission.PAYOUTS_APPROVE,
        Permission.CAMPAIGNS_APPROVE,
        Permission.ERASURES_READ,
        Permission.ERASURES_APPROVE,
        Permission.APPOINTMENTS_WRITE,
        Permission.APPOINTMENTS_SUPERVISE,
        Permission.FEEDBACK_WRITE,
        Permission.MESSAGES_SEND,
        Permission.IDENTIFIERS_REVEAL,
    },
    Role.CAMPAIGNER: _SEES
    | _SERVES
    | {
        Permission.CAMPAIGNS_DRAFT,
        Permission.CAMPAIGNS_LAUNCH,
        Permission.SENSITIVE_READ,
    },
    Role.ANALYST: _SEES | {Permission.EXPORT, Permission.SENSITIVE_READ},
    # An administrator runs the house and approves nothing by right.
    Role.ADMIN: _SEES
    | {
        Permission.PEOPLE_MANAGE,
        Permission.PRIVACY_MANAGE,
        Permission.ERASURES_READ,
        Permission.SETTINGS_WRITE,
        Permission.HISTORY_READ,
        Permission.MESSAGES_MANAGE,
    },
}


@dataclass(frozen=True)
class Actor:
    """Who acts: every command takes one.

    Attributes:
        key: for the history, such as ``staff:12``, ``token:3`` or ``job:seal``.
        person: the human behind it, for four-eyes rules: a token acts for the person it was
            made for, so that nobody approves their own payout through a token.
        name: for people to read.
    """

    key: str
    person: str
    name: str
    permissions: frozenset[Permission]
    roles: frozenset[Role] = frozenset()

    def may(self, permission: Permission) -> bool:
        """Whether this actor holds the permission."""
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Raises ``Forbidden`` unless the actor holds the permission."""
        if not self.may(permission):
            raise Forbidden(_REFUSALS[permission])


_REFUSALS = {
    Permission.OWNERS_READ: "You may not see owners: ask an administrator for a role that may.",
    Permission.OWNERS_WRITE: "You may not change owners: this takes the finance role.",
    Permission.PAYOUTS_READ: "You may not see payouts: ask an administrator for a role that may.",
    Permission.PAYOUTS_MAKE: "You may not prepare payouts: this takes the finance role.",
    Permission.PAYOUTS_APPROVE: "You may not approve payouts: this takes the approver role.",
    Permission.PAYOUTS_PAY: "You may not pay payouts: this takes the finance role.",
    Permission.PATIENTS_READ: "You may not see patients: ask an administrator for a role that may.",
    Permission.PATIENTS_WRITE: "You may not change patients: this takes the viewer role.",
    Permission.LOYALTY_READ: "You may not see points: ask an administrator for a role that may.",
    Permission.LOYALTY_REDEEM: "You may not redeem points: this takes the viewer role.",
    Permission.LOYALTY_ADJUST: "You may not adjust points: this takes the finance role.",
    Permission.MESSAGES_READ: "You may not see messages: ask an administrator for a role that may.",
    Permission.MESSAGES_SEND: "You may not send messages: this takes the viewer role.",
    Permission.MESSAGES_MANAGE: "You may not manage channels and texts: this takes the admin role.",
    Permission.APPOINTMENTS_READ: "You may not see appointments: ask an administrator for a role.",
    Permission.APPOINTMENTS_WRITE: "You may not change appointments: this takes the viewer role.",
    Permission.APPOINTMENTS_SUPERVISE: "This takes a supervisor: somebody with the approver role.",
    Permission.FEEDBACK_READ: "You may not see feedback: ask an administrator for a role that may.",
    Permission.FEEDBACK_WRITE: "You may not work on feedback: this takes the viewer role.",
    Permission.CAMPAIGNS_READ: "You may not see campaigns: ask an administrator for a role.",
    Permission.CAMPAIGNS_DRAFT: "You may not draft campaigns: this takes the campaigner role.",
    Permission.CAMPAIGNS_APPROVE: "You may not approve campaigns: this takes the approver role.",
    Permission.CAMPAIGNS_LAUNCH: "You may not launch campaigns: this takes the campaigner role.",
    Permission.SENSITIVE_READ: "You may not choose patients by health: this takes another role.",
    Permission.EXPORT: "You may not export data: this takes the analyst or the finance role.",
    Permission.IDENTIFIERS_REVEAL: "You may not see whole account or identity numbers.",
    Permission.HISTORY_READ: "You may not read the history: this takes the admin role.",
    Permission.SETTINGS_WRITE: "You may not change settings: this takes the admin role.",
    Permission.PEOPLE_MANAGE: "You may not manage people and tokens: this takes the admin role.",
    Permission.PRIVACY_MANAGE: "Data subjects' requests and breaches take the admin role.",
    Permission.ERASURES_READ: "You may not see erasures: this takes the approver or admin role.",
    Permission.ERASURES_APPROVE: "You may not decide on erasures: this takes the approver role.",
    Permission.JOBS_RUN: "Only the worker and the command line run jobs.",
}


def permissions_of(roles: frozenset[Role]) -> frozenset[Permission]:
    """Everything that any of the roles may do."""
    return frozenset().union(*(ROLE_PERMISSIONS[role] for role in roles))


def machine(name: str) -> Actor:
    """The actor of a background job or of the command line: may do anything but approve."""
    everything = frozenset(Permission) - {
        Permission.PAYOUTS_APPROVE,
        Permission.CAMPAIGNS_APPROVE,
    }
    return Actor(key=name, person=name, name=name, permissions=everything)


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

"""What may be done, and which role may do it."""

from enum import StrEnum


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


def permissions_of(roles: frozenset[Role]) -> frozenset[Permission]:
    """Everything that any of the roles may do."""
    return frozenset().union(*(ROLE_PERMISSIONS[role] for role in roles))

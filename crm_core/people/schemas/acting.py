"""Who acts, and what they are told where they may not."""

from dataclasses import dataclass

from crm_core.base.errors import Forbidden
from crm_core.people.schemas.permissions import Permission, Role


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


def machine(name: str) -> Actor:
    """The actor of a background job or of the command line: may do anything but approve."""
    everything = frozenset(Permission) - {
        Permission.PAYOUTS_APPROVE,
        Permission.CAMPAIGNS_APPROVE,
    }
    return Actor(key=name, person=name, name=name, permissions=everything)

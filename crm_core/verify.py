"""`verify`: whether what must always hold does hold."""

from collections.abc import Callable, Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.appointments import invariants as appointments
from crm_core.base import history
from crm_core.campaigns import invariants as campaigns
from crm_core.feedback import invariants as feedback
from crm_core.loyalty import invariants as loyalty
from crm_core.messaging import invariants as messaging
from crm_core.messaging.figures import invariants as message_figures
from crm_core.owners import invariants as owners
from crm_core.patients import invariants as patients
from crm_core.payouts import invariants as payouts
from crm_core.privacy import invariants as privacy

Check = Callable[[Session], Iterator[str]]

CHECKS: dict[str, Check] = {
    "history": history.broken,
    "owners": owners.invariants,
    "payouts": payouts.invariants,
    "patients": patients.invariants,
    "loyalty": loyalty.invariants,
    "messaging": messaging.invariants,
    "message figures": message_figures.invariants,
    "appointments": appointments.invariants,
    "feedback": feedback.invariants,
    "campaigns": campaigns.invariants,
    "privacy": privacy.invariants,
}
"""Name → what yields a sentence for each fault. A domain's ``invariants`` goes in here."""


def faults(session: Session) -> Iterator[tuple[str, str]]:
    """Each fault, with the name of the check that found it."""
    session.execute(text("SET LOCAL statement_timeout = 0"))  # whole tables take their time
    for name, check in CHECKS.items():
        for sentence in check(session):
            yield name, sentence

"""Commands of consent: who wants nothing more, who wants it again, and opening an address."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.base import history
from crm_core.base.clock import utc_now
from crm_core.base.errors import Conflict, NotFound
from crm_core.messaging.consent.models import ContactChoice, SuppressedAddress
from crm_core.messaging.consent.queries import SUPPRESSIONS, choices_of
from crm_core.messaging.consent.schemas import Choice, ChoiceRead, SuppressionRead
from crm_core.messaging.contacts import contacts_of
from crm_core.people.schemas import Actor, Permission


def opt_out(session: Session, choice: Choice, *, source: str, actor: Actor) -> ChoiceRead:
    """This person wants none of this any more; said twice it is kept once.

    Args:
        source: how we know, such as ``stop word`` or ``said so on the telephone``.
    """
    return _choose(session, choice, opted_out=True, source=source, actor=actor)


def opt_in(session: Session, choice: Choice, *, source: str, actor: Actor) -> ChoiceRead:
    """This person wants it again; a channel they never agreed to still needs their agreement."""
    return _choose(session, choice, opted_out=False, source=source, actor=actor)


def lift_suppression(
    session: Session, suppression_id: int, *, reason: str, actor: Actor
) -> SuppressionRead:
    """Opens an address again, since somebody knows better than the failure that closed it."""
    actor.require(Permission.MESSAGES_SEND)
    closed = session.get(SuppressedAddress, suppression_id, with_for_update=True)
    if closed is None:
        raise NotFound("Address not found")
    if closed.lifted_at is not None:
        raise Conflict("This address is open already.")
    closed.lifted_at = utc_now()
    history.note(session, "lift", "crm_suppressed_addresses", closed.id, {"why": reason})
    session.flush()
    return SUPPRESSIONS.one(session, closed.id)


def _choose(
    session: Session, choice: Choice, *, opted_out: bool, source: str, actor: Actor
) -> ChoiceRead:
    actor.require(Permission.MESSAGES_SEND)
    key = (choice.recipient_type, choice.recipient_id)
    if key not in contacts_of(session, [key]):
        raise NotFound(f"{choice.recipient_type.capitalize()} not found")
    before = _in_force(session, choice)
    if before is not None and before.opted_out is opted_out:
        return before
    made = ContactChoice(**choice.model_dump(mode="json"), opted_out=opted_out, source=source)
    session.add(made)
    session.flush()
    found = select(ContactChoice).where(ContactChoice.id == made.id)
    return ChoiceRead.model_validate(session.scalars(found).one())


def _in_force(session: Session, choice: Choice) -> ChoiceRead | None:
    made = choices_of(session, choice.recipient_type, choice.recipient_id)
    wanted = (choice.channel, choice.purpose)
    return next((each for each in made if (each.channel, each.purpose) == wanted), None)

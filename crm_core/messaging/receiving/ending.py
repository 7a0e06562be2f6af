"""Ending what one gets by the link of an email: with one tap, without an account."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.base.errors import NotFound
from crm_core.messaging import unsubscribing
from crm_core.messaging.models import Communication
from crm_core.messaging.receiving.stopping import Person, Said, Wish, choose
from crm_core.messaging.schemas import Channel, RecipientType
from crm_core.people.schemas import Actor

SOURCE = "unsubscribe link"


@dataclass(frozen=True)
class Subscription:
    """Whose messages the link ends, and on which channel."""

    person: Person
    channel: Channel


def subscription_of(session: Session, token: str) -> Subscription:
    """What the link is about; refuses one that is made up, over, or of no message."""
    found = session.execute(
        select(
            Communication.recipient_type, Communication.recipient_id, Communication.channel
        ).where(Communication.id == unsubscribing.message_of(token))
    ).one_or_none()
    if found is None:
        raise NotFound("This link is not one of ours: open it again from the message.")
    person = (RecipientType(found.recipient_type), found.recipient_id)
    return Subscription(person, Channel(found.channel))


def unsubscribe(session: Session, token: str, *, everything: bool, actor: Actor) -> bool:
    """Ends news, or everything, on the channel of the message; False where it was ended before."""
    found = subscription_of(session, token)
    wish = Wish.STOP_ALL if everything else Wish.STOP
    return choose(session, Said(wish, found.channel, SOURCE), found.person, actor=actor)

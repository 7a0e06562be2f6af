"""Reads of choices and closed addresses."""

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from crm_core.base.errors import NotFound
from crm_core.base.read import Listing, Order, Read
from crm_core.messaging.consent.models import ContactChoice, SuppressedAddress
from crm_core.messaging.consent.schemas import (
    ChoiceRead,
    Standing,
    SuppressionFilter,
    SuppressionRead,
)
from crm_core.messaging.contacts import contacts_of, records_of
from crm_core.messaging.models import CHANNEL
from crm_core.messaging.schemas import Contact, RecipientType

_Address = SuppressedAddress

SUPPRESSIONS: Listing[SuppressionRead] = Listing(
    schema=SuppressionRead,
    statement=select(
        _Address.id,
        _Address.channel,
        _Address.address,
        _Address.reason,
        _Address.message_id,
        _Address.created_at,
        _Address.lifted_at,
    ),
    filters={
        "channel": _Address.channel == bindparam("channel", type_=CHANNEL),
        "lifted": _Address.lifted_at.is_not(None) == bindparam("lifted"),
        "search": _Address.address.startswith(bindparam("search")),
    },
    orders={"newest": Order((_Address.id,))},
    key=_Address.id,
    noun="Address",
)


def standing_of(session: Session, kind: RecipientType, recipient_id: int) -> Standing:
    """What this person agreed to and refused, and which of their addresses are closed."""
    contact = contacts_of(session, [(kind, recipient_id)]).get((kind, recipient_id))
    if contact is None:
        raise NotFound(f"{kind.capitalize()} not found")
    return Standing(
        agreed=sorted(contact.agreed),
        choices=choices_of(session, kind, recipient_id),
        suppressions=_suppressions_of(session, contact),
    )


def choices_of(session: Session, kind: RecipientType, recipient_id: int) -> list[ChoiceRead]:
    """The choice in force for each channel and purpose that the person ever spoke of."""
    latest = (
        select(ContactChoice)
        .where(
            ContactChoice.recipient_type == kind.value,
            ContactChoice.recipient_id.in_(records_of(session, kind, recipient_id)),
        )
        .ext(distinct_on(ContactChoice.channel, ContactChoice.purpose))
        .order_by(ContactChoice.channel, ContactChoice.purpose, ContactChoice.id.desc())
    )
    return [ChoiceRead.model_validate(each) for each in session.scalars(latest)]


def list_suppressions(filters: SuppressionFilter) -> Read[SuppressionRead]:
    """Addresses that failed for good, the latest first."""
    return SUPPRESSIONS.read(filters)


def _suppressions_of(session: Session, contact: Contact) -> list[SuppressionRead]:
    addresses = [address for address in (contact.phone, contact.email) if address]
    closed = (
        select(_Address)
        .where(_Address.address.in_(addresses), _Address.lifted_at.is_(None))
        .order_by(_Address.channel)
    )
    return [SuppressionRead.model_validate(each) for each in session.scalars(closed)]

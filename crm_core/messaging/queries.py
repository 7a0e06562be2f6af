"""Reads of messages."""

from sqlalchemy import (
    ColumnElement,
    DateTime,
    and_,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    select,
)
from sqlalchemy.orm import Session

from crm_core.base.read import Listing, Order, Read
from crm_core.messaging.models import CHANNEL, PURPOSE, RECIPIENT, STATUS, Communication
from crm_core.messaging.schemas import CommunicationFilter, CommunicationRead, MessageStatus

_STATUS = bindparam("status", type_=STATUS)
_WAITING = [literal(each.value, STATUS) for each in (MessageStatus.PENDING, MessageStatus.DEFERRED)]
_AT = DateTime(timezone=True)


def _once(asked: ColumnElement[int]) -> ColumnElement[int]:
    """As a statement within the statement it is asked once, and not once a row."""
    return select(asked).scalar_subquery()


COMMUNICATIONS: Listing[CommunicationRead] = Listing(
    schema=CommunicationRead,
    statement=select(
        Communication.id,
        Communication.recipient_type,
        Communication.recipient_id,
        Communication.campaign_id,
        Communication.channel,
        Communication.message_type,
        Communication.purpose,
        Communication.subject,
        Communication.content,
        Communication.status,
        Communication.reason,
        Communication.sent_at,
        Communication.delivered_at,
        Communication.read_at,
        Communication.error_message,
        Communication.provider,
        Communication.parts,
        Communication.attempts,
        Communication.reference_type,
        Communication.reference_id,
        func.coalesce(Communication.details, literal_column("'{}'::jsonb")).label("metadata"),
        Communication.created_at,
        Communication.updated_at,
    ),
    filters={
        "recipient_type": Communication.recipient_type
        == bindparam("recipient_type", type_=RECIPIENT),
        "recipient_id": Communication.recipient_id == bindparam("recipient_id"),
        "channel": Communication.channel == bindparam("channel", type_=CHANNEL),
        # What waits lies beyond the cursors of the batches: nobody looks for it in all the rest.
        "status": and_(
            Communication.status == _STATUS,
            Communication.id
            >= case(
                (_STATUS.in_(_WAITING), _once(func.crm_message_first_waiting())),
                else_=literal_column("0"),
            ),
        ),
        "purpose": Communication.purpose == bindparam("purpose", type_=PURPOSE),
        "provider": Communication.provider == bindparam("provider"),
        "sent_from": and_(
            Communication.sent_at >= bindparam("sent_from"),
            Communication.id
            >= _once(func.crm_message_first_since(bindparam("sent_from", type_=_AT))),
        ),
        "sent_to": and_(
            Communication.sent_at < bindparam("sent_to"),
            Communication.id <= _once(func.crm_message_last_until(bindparam("sent_to", type_=_AT))),
        ),
        "campaign_id": Communication.campaign_id == bindparam("campaign_id"),
        "reference_type": Communication.reference_type == bindparam("reference_type"),
        "reference_id": Communication.reference_id == bindparam("reference_id"),
    },
    orders={"newest": Order((Communication.id,))},
    key=Communication.id,
    noun="Message",
)


def list_communications(filters: CommunicationFilter) -> Read[CommunicationRead]:
    """Messages, newest first."""
    return COMMUNICATIONS.read(filters)


def get_communication(session: Session, message_id: int) -> CommunicationRead:
    """One message; ``NotFound`` where there is none."""
    return COMMUNICATIONS.one(session, message_id)

"""Messages to arrange a test with."""

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from crm_core.messaging import service
from crm_core.messaging.models import Communication, MessageTemplate
from crm_core.messaging.receiving.models import InboundMessage
from crm_core.messaging.schemas import CommunicationRead, Outgoing
from crm_core.people.schemas import Role
from tests.make import make_actor

WRITER = make_actor(Role.VIEWER)
"""Who writes to people."""


def outgoing(patient_id: int, **more: object) -> Outgoing:
    """A reminder to a patient by SMS."""
    wanted = {
        "recipient_type": "patient",
        "recipient_id": patient_id,
        "purpose": "reminder",
        "message_type": "appointment_reminder",
        "channel": "sms",
        "content": "See you tomorrow.",
    }
    return Outgoing.model_validate(wanted | more)


def make_message(session: Session, patient_id: int, **more: object) -> CommunicationRead:
    """A message in the outbox."""
    return service.queue(session, outgoing(patient_id, **more), actor=WRITER)


def make_template(session: Session, name: str, **more: object) -> MessageTemplate:
    """A text for SMS."""
    wanted = {"name": name, "channel": "sms", "purpose": "reminder", "body": "Dear {first_name}"}
    template = MessageTemplate(**(wanted | more))
    session.add(template)
    session.flush()
    return template


def make_reply(session: Session, patient_id: int, sender: str) -> InboundMessage:
    """A question that no rule could answer, and which waits for a person."""
    reply = InboundMessage(
        channel="sms",
        provider="sandbox",
        provider_id=f"reply-{patient_id}",
        sender=sender,
        text="What shall I bring?",
        patient_id=patient_id,
        outcome="person",
    )
    session.add(reply)
    session.flush()
    return reply


def make_sent(
    session: Session, patient_id: int, provider_id: str, **more: object
) -> CommunicationRead:
    """A message that a provider accepted under this number, as the worker writes it down."""
    provider = str(more.pop("provider", "termii"))
    status = str(more.pop("status", "sent"))
    message = make_message(session, patient_id, **more)
    session.execute(
        update(Communication)
        .where(Communication.id == message.id)
        .values(status=status, provider=provider, provider_id=provider_id, sent_at=func.now())
    )
    return message

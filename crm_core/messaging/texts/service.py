"""Commands of texts, and how one reads for a real person before anybody gets it."""

from collections.abc import Mapping

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm_core.base.errors import Conflict, Invalid, NotFound, Problem
from crm_core.messaging.choosing import refusals_of, why_not
from crm_core.messaging.contacts import contacts_of
from crm_core.messaging.fields import EXAMPLES, FIELDS
from crm_core.messaging.filling import UNSUBSCRIBE, fields_in, fill
from crm_core.messaging.models import MessageTemplate
from crm_core.messaging.parts import prices_in_force, sms_parts, warning_of
from crm_core.messaging.schemas import (
    NOBODY,
    SKIP_SENTENCES,
    Channel,
    CommunicationRead,
    Outgoing,
    Purpose,
)
from crm_core.messaging.service.queueing import queue
from crm_core.messaging.texts import queries
from crm_core.messaging.texts.schemas import (
    Preview,
    PreviewAsk,
    TemplateRead,
    TemplateSave,
    TemplateSend,
)
from crm_core.people.schemas import Actor, Permission


def save_template(session: Session, data: TemplateSave, *, actor: Actor) -> TemplateRead:
    """A new text, or the next version of the one with this name and channel."""
    actor.require(Permission.MESSAGES_MANAGE)
    same = (MessageTemplate.name == data.name, MessageTemplate.channel == data.channel.value)
    session.execute(
        update(MessageTemplate).where(*same, MessageTemplate.current).values(current=False)
    )
    last = session.execute(select(func.max(MessageTemplate.version)).where(*same)).scalar_one()
    template = MessageTemplate(**data.model_dump(mode="json"), version=(last or 0) + 1)
    try:
        with session.begin_nested():
            session.add(template)
    except IntegrityError as error:
        raise Conflict("Somebody saved this text just now: look at theirs first.") from error
    return queries.get_template(session, template.id)


def retire_template(session: Session, template_id: int, *, actor: Actor) -> TemplateRead:
    """The text is no longer offered nor sent; what was sent with it stays as it was."""
    actor.require(Permission.MESSAGES_MANAGE)
    template = session.get(MessageTemplate, template_id, with_for_update=True)
    if template is None:
        raise NotFound("Template not found")
    if template.name.startswith(queries.OF_CAMPAIGNS):
        raise Conflict("This text is a launched campaign's: it stays as it was approved.")
    if not template.current:
        raise Conflict("This version is not in force: retire the current one.")
    template.current = False
    session.flush()
    return queries.get_template(session, template_id)


def send_template(session: Session, data: TemplateSend, *, actor: Actor) -> CommunicationRead:
    """Sends a text to one person, for the purpose that the text has."""
    actor.require(Permission.MESSAGES_SEND)
    found = session.scalars(
        select(MessageTemplate).where(
            MessageTemplate.name == data.template,
            MessageTemplate.channel == data.channel.value,
            MessageTemplate.current,
        )
    ).one_or_none()
    if found is None:
        raise NotFound("Template not found")
    _check_filled(found, data.fields)
    message = Outgoing(**data.model_dump(), purpose=Purpose(found.purpose), message_type=found.name)
    kept = queue(session, message, actor=actor)
    if kept.reason in NOBODY:
        raise NotFound(f"{data.recipient_type.capitalize()} not found")
    return kept


def preview(session: Session, data: PreviewAsk, *, actor: Actor) -> Preview:
    """How the text reads for this person, whether they may get it, and what it costs."""
    actor.require(Permission.MESSAGES_READ)
    key = (data.recipient_type, data.recipient_id)
    contact = contacts_of(session, [key]).get(key)
    if contact is None:
        raise NotFound(f"{data.recipient_type.capitalize()} not found")
    refused = why_not(contact, data.channel, data.purpose, refusals_of(session, [contact]))
    known = contact.fields() | {name: said for name, said in data.fields.items() if said}
    asked = fields_in(data.content) | fields_in(data.subject or "")
    values = {**EXAMPLES, **known}
    content = fill(data.content, values)
    sms = sms_parts(content) if data.channel is Channel.SMS else None
    return Preview(
        name=known["name"],
        address=contact.address(data.channel),
        subject=fill(data.subject, values) if data.subject else None,
        content=content,
        encoding=sms.encoding if sms else None,
        parts=sms.parts if sms else None,
        length=sms.length if sms else len(content),
        cost=prices_in_force(session).of(data.channel, content),
        warning=warning_of(content) if sms else None,
        refusal=SKIP_SENTENCES[refused] if refused else None,
        examples=sorted(asked - set(known)),
    )


def _check_filled(template: MessageTemplate, given: Mapping[str, str]) -> None:
    """Whoever sends it fills in what messaging cannot know."""
    asked = fields_in(template.body) | fields_in(template.subject or "")
    missing = [
        name
        for name in sorted(asked - set(given) - {UNSUBSCRIBE})
        if name not in FIELDS or not FIELDS[name].always
    ]
    if missing:
        raise Invalid(
            "Some fields of the text are empty.",
            [Problem(f"fields.{name}", f"Fill in {{{name}}}.") for name in missing],
        )

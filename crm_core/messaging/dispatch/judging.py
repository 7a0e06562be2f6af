"""The last look before a message goes out: may it still, and what exactly does it say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.errors import Invalid
from crm_core.messaging import filling
from crm_core.messaging.choosing import Refusals, refusals_of, why_not
from crm_core.messaging.contacts import contacts_of, whereabouts
from crm_core.messaging.dispatch import caps
from crm_core.messaging.dispatch.limits import Limits, limits_in_force
from crm_core.messaging.dispatch.messages import Judged, Message, Result
from crm_core.messaging.parts import Prices, prices_in_force, sms_parts
from crm_core.messaging.receiving.replies import in_conversation
from crm_core.messaging.schemas import (
    SKIP_SENTENCES,
    Channel,
    Contact,
    MessageStatus,
    SkipReason,
)

Texts = dict[int, tuple[str | None, str | None]]
"""Template → subject and body."""


@dataclass(frozen=True)
class Rules:
    """What holds for a whole batch, and for those that follow within seconds."""

    limits: Limits
    prices: Prices
    texts: Texts


def rules_in_force(session: Session) -> Rules:
    """What a batch is judged by; its texts are read when they are met."""
    return Rules(limits_in_force(session), prices_in_force(session), {})


def judge(session: Session, messages: Sequence[Message], rules: Rules, *, now: datetime) -> Judged:
    """Looks anew at whether each may be sent, and fills in what was left open."""
    judged = Judged()
    contacts = contacts_of(session, {message.recipient for message in messages})
    found = whereabouts(session, {message.recipient for message in messages}, contacts)
    refusals = refusals_of(session, list(contacts.values()))
    texts = _texts(session, messages, rules.texts)
    for message in messages:
        person = _judged(message, found[message.recipient], refusals)
        if message.expires_at is not None and message.expires_at <= now:
            judged.aside.append(_expired(message))
        elif isinstance(person, SkipReason):
            judged.aside.append(_skipped(message, person))
        else:
            _write(judged, message, person, texts, rules.prices)
    _note_conversations(session, judged)
    return caps.hold_back(session, judged, rules.limits, now=now)


def _judged(
    message: Message, person: Contact | SkipReason, refusals: Refusals
) -> Contact | SkipReason:
    """Whoever may still be written to, or why not."""
    if isinstance(person, SkipReason):
        return person
    return why_not(person, message.channel, message.purpose, refusals) or person


def fill_in(session: Session, messages: Sequence[Message], rules: Rules) -> list[Message]:
    """The same with address and text, whether they may still be sent or not."""
    contacts = contacts_of(session, {message.recipient for message in messages})
    texts = _texts(session, messages, rules.texts)
    for message in messages:
        contact = contacts.get(message.recipient)
        if contact is not None:
            _fill(message, contact, texts)
    return list(messages)


def _note_conversations(session: Session, judged: Judged) -> None:
    """Who wrote to us lately by WhatsApp may be answered freely."""
    numbers = {m.address for m in judged.letters if m.channel is Channel.WHATSAPP and m.address}
    talking = in_conversation(session, Channel.WHATSAPP, numbers) if numbers else set()
    for message in judged.letters:
        message.in_conversation = message.address in talking


def _write(
    judged: Judged, message: Message, contact: Contact, texts: Texts, prices: Prices
) -> None:
    try:
        _fill(message, contact, texts)
    except Invalid as refusal:
        judged.aside.append(Result(message, MessageStatus.FAILED, "text", str(refusal)))
        return
    if message.content is None:
        judged.aside.append(_skipped(message, SkipReason.NO_TEMPLATE))
        return
    if message.channel is Channel.SMS:
        message.parts = sms_parts(message.content).parts
        message.price = prices.sms_part * message.parts
    else:
        message.price = prices.of(message.channel, message.content)
    judged.letters.append(message)


def _fill(message: Message, contact: Contact, texts: Texts) -> None:
    """To where it goes now, with its text filled in where a campaign left it open."""
    message.address = contact.address(message.channel)
    if message.content is not None or message.template_id is None:
        return
    subject, body = texts.get(message.template_id, (None, None))
    if body is not None:
        values = contact.fields() | (message.fields or {})
        message.subject = filling.fill(subject, values) if subject else None
        message.content = filling.fill(body, values)


def _texts(session: Session, messages: Sequence[Message], known: Texts) -> Texts:
    """The templates that these messages need; each is read once a batch."""
    wanted = {m.template_id for m in messages if m.content is None and m.template_id is not None}
    missing = sorted(wanted - known.keys())
    if missing:
        found = session.execute(_TEXTS, {"ids": missing})
        known |= {row.id: (row.subject, row.body) for row in found}
    return known


def _skipped(message: Message, reason: SkipReason) -> Result:
    return Result(message, MessageStatus.SKIPPED, reason.value, SKIP_SENTENCES[reason])


def _expired(message: Message) -> Result:
    return Result(message, MessageStatus.EXPIRED, "expired", "It was of no use any more.")


_TEXTS = text("SELECT id, subject, body FROM crm_message_templates WHERE id = ANY(:ids)")

"""Sending again what failed: a new message each, once; the old one stays as it ended."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.base.acts import Act, not_found
from crm_core.base.errors import Conflict, NotFound
from crm_core.base.preflight import Change, Plan, Receipt, Verdict, check_ids, make_plan
from crm_core.messaging.choosing import Refusals, refusals_of, why_not
from crm_core.messaging.contacts import Key, contacts_of
from crm_core.messaging.models import Communication
from crm_core.messaging.schemas import (
    SKIP_SENTENCES,
    Channel,
    CommunicationRead,
    Contact,
    MessageStatus,
    Outgoing,
    Purpose,
    RecipientType,
)
from crm_core.messaging.service.queueing import queue_all
from crm_core.people.schemas import Actor, Permission

RESENDABLE = (MessageStatus.FAILED, MessageStatus.EXPIRED, MessageStatus.SKIPPED)
"""States in which surely nobody has got the message."""

_IN_DOUBT = "It may have arrived: settle first what became of it."
_NOT_FAILED = "It did not fail: there is nothing to send again."
_NO_TEXT = "It never had a text: send it from its campaign."
_DONE = "It was sent again already."
_GOES = "A new message with the same text goes to the same person."


def plan_resend(session: Session, ids: Sequence[int], *, actor: Actor) -> Plan:
    """Which of these would be sent again; writes nothing."""
    actor.require(Permission.MESSAGES_SEND)
    return _plan(session, check_ids(ids))


def commit_resend(
    session: Session, fingerprint: str, ids: Sequence[int], *, actor: Actor
) -> Receipt:
    """Sends again what was shown and has not changed since."""
    actor.require(Permission.MESSAGES_SEND)
    wanted = check_ids(ids)
    _lock(session, wanted)
    now = _plan(session, wanted)
    shown = {verdict.id: verdict for verdict in now.verdicts}
    act = Act("message_resend", "Messages sent again", fingerprint, actor)
    accepted, refused = act.accepted_now(now)
    changed = [
        Change(id=old.id, label=old.label, before=old.code, after=f"as {new.id}")
        for old, new in zip(
            (shown[one] for one in accepted), _send(session, accepted, actor), strict=True
        )
    ]
    totals = {"count": str(len(changed))}
    return act.conclude(session, changed=changed, refused=refused, totals=totals)


def resend_message(session: Session, message_id: int, *, actor: Actor) -> CommunicationRead:
    """Sends one message again: the same code as sending many."""
    actor.require(Permission.MESSAGES_SEND)
    _lock(session, [message_id])
    (verdict,) = _plan(session, [message_id]).verdicts
    if verdict.code == "not_found":
        raise NotFound("Message not found")
    if not verdict.ok:
        raise Conflict(verdict.reason)
    return _send(session, [message_id], actor)[0]


def key_of(message_id: int) -> str:
    """What makes sure that a message is sent again once."""
    return f"resend:{message_id}"


def sent_again_as(session: Session, message_id: int) -> int | None:
    """The message that went out in place of this one, where it was sent again."""
    found = select(Communication.id).where(Communication.dedupe_key == key_of(message_id))
    return session.scalars(found).one_or_none()


def _plan(session: Session, ids: Sequence[int]) -> Plan:
    found = {message.id: message for message in _messages(session, ids)}
    contacts = contacts_of(session, {_key(message) for message in found.values()})
    refusals = refusals_of(session, list(contacts.values()))
    again = _sent_again(session, ids)
    verdicts = [
        *not_found(ids, found, "message"),
        *(_judge(message, contacts, refusals, again) for message in found.values()),
    ]
    accepted = sum(verdict.ok for verdict in verdicts)
    return make_plan(verdicts, {"count": accepted, "refused": len(verdicts) - accepted})


def _judge(
    message: Communication, contacts: Mapping[Key, Contact], refusals: Refusals, again: set[str]
) -> Verdict:
    contact = contacts.get(_key(message))
    name = contact.fields()["name"] if contact else f"{message.recipient_type} gone"
    refusal = _refusal(message, contact, refusals, again)
    return Verdict(
        id=message.id,
        label=f"{name} · {message.channel}",
        ok=refusal is None,
        code=message.status,
        reason=refusal or _GOES,
        state=f"{message.status}|{message.updated_at}|{refusal}",
    )


def _refusal(
    message: Communication, contact: Contact | None, refusals: Refusals, again: set[str]
) -> str | None:
    if message.status == MessageStatus.UNKNOWN:
        return _IN_DOUBT
    if MessageStatus(message.status) not in RESENDABLE:
        return _NOT_FAILED
    if key_of(message.id) in again:
        return _DONE
    if message.content is None:
        return _NO_TEXT
    if contact is None:
        return "There is no such person any more."
    reason = why_not(contact, Channel(message.channel), Purpose(message.purpose), refusals)
    return SKIP_SENTENCES[reason] if reason else None


def _send(session: Session, ids: Sequence[int], actor: Actor) -> list[CommunicationRead]:
    messages = {message.id: message for message in _messages(session, ids)}
    return queue_all(session, [_again(messages[one]) for one in ids], actor=actor)


def _again(message: Communication) -> Outgoing:
    return Outgoing(
        recipient_type=RecipientType(message.recipient_type),
        recipient_id=message.recipient_id,
        purpose=Purpose(message.purpose),
        message_type=message.message_type,
        channel=Channel(message.channel),
        subject=message.subject,
        content=message.content,
        reference_type=message.reference_type,
        reference_id=message.reference_id,
        dedupe_key=key_of(message.id),
    )


def _lock(session: Session, ids: Sequence[int]) -> None:
    session.execute(
        select(Communication.id)
        .where(Communication.id.in_(ids))
        .order_by(Communication.id)
        .with_for_update()
    )


def _messages(session: Session, ids: Sequence[int]) -> list[Communication]:
    wanted = select(Communication).where(Communication.id.in_(ids)).order_by(Communication.id)
    return list(session.scalars(wanted, execution_options={"populate_existing": True}))


def _sent_again(session: Session, ids: Sequence[int]) -> set[str]:
    keys = [key_of(message_id) for message_id in ids]
    found = select(Communication.dedupe_key).where(Communication.dedupe_key.in_(keys))
    return {key for key in session.scalars(found) if key is not None}


def _key(message: Communication) -> Key:
    return RecipientType(message.recipient_type), message.recipient_id

"""Putting messages into the outbox, in the transaction of whatever causes them.

Any number of messages takes the same number of statements. Who may not be written to gets a row
that says so: nothing is left out silently.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.errors import Invalid, NotFound
from crm_core.messaging import filling, queries
from crm_core.messaging.choosing import Refusals, choose, refusals_of
from crm_core.messaging.contacts import contacts_of, hold_patients, whereabouts
from crm_core.messaging.schemas import (
    NOBODY,
    SKIP_SENTENCES,
    Channel,
    CommunicationRead,
    Contact,
    MessageSend,
    MessageStatus,
    Outgoing,
    Purpose,
    SkipReason,
)
from crm_core.people.schemas import Actor, Permission

BATCH = 500
"""Messages a batch: a worker that dies leaves at most a chunk of one in doubt."""

Templates = Mapping[tuple[str, Channel], tuple[int, str | None, str]]
"""(name, channel) → id, subject and body of the version in force."""


def send_message(session: Session, data: MessageSend, *, actor: Actor) -> CommunicationRead:
    """A message that a person writes to one person; it is sent within seconds.

    What everybody has, such as ``{first_name}``, is filled in; any other field is refused.
    """
    actor.require(Permission.MESSAGES_SEND)
    if data.channel is Channel.EMAIL and not data.subject:
        raise Invalid.field("subject", "Give the email a subject.")
    message = Outgoing(
        **_filled(session, data), purpose=Purpose.CUSTOM, message_type=Purpose.CUSTOM.value
    )
    kept = queue(session, message, actor=actor)
    if kept.reason in NOBODY:
        raise NotFound(f"{data.recipient_type.capitalize()} not found")
    return kept


def _filled(session: Session, data: MessageSend) -> dict[str, Any]:
    given = data.model_dump()
    if filling.fields_in(f"{data.content} {data.subject}"):
        key = (data.recipient_type, data.recipient_id)
        contact = contacts_of(session, [key]).get(key)
        values = contact.fields() if contact else {}
        given["content"] = filling.fill(data.content, values)
        given["subject"] = filling.fill(data.subject, values) if data.subject else None
    return given


def queue(session: Session, message: Outgoing, *, actor: Actor) -> CommunicationRead:
    """One message; the caller has checked that the actor may cause it."""
    return queue_all(session, [message], actor=actor)[0]


def queue_all(
    session: Session, messages: Sequence[Outgoing], *, actor: Actor
) -> list[CommunicationRead]:
    """Any number of messages; gives what became of each, in their order.

    Raises:
        Invalid: a text names a field that nobody filled in.
    """
    if not messages:
        return []
    people = {(m.recipient_type, m.recipient_id) for m in messages}
    hold_patients(session, people)
    contacts = contacts_of(session, people)
    found = whereabouts(session, people, contacts)
    refusals = refusals_of(session, list(contacts.values()))
    templates = _templates(session, {m.template for m in messages if m.template})
    rows = [_row(m, found[m.recipient_type, m.recipient_id], refusals, templates) for m in messages]
    for number, row in enumerate(rows):
        row |= {"n": number, "who": actor.key}
    _batch(session, rows)
    return _kept(session, rows)


def _row(
    message: Outgoing, person: Contact | SkipReason, refusals: Refusals, templates: Templates
) -> dict[str, Any]:
    """The row of the outbox, decided and filled in."""
    channel = message.channel or Channel.SMS
    row: dict[str, Any] = message.model_dump(mode="json")
    row |= {"status": MessageStatus.SKIPPED.value, "address": None, "template_id": None}
    reason: SkipReason | None
    if isinstance(person, SkipReason):
        reason = person
        row |= dict.fromkeys(("subject", "content", "fields"))  # such as of an erased person
    else:
        channel, refused = choose(person, message.purpose, refusals, wanted=message.channel)
        row["address"] = person.address(channel)
        row |= _text(message, person, templates, channel)
        lacks = SkipReason.NO_TEMPLATE if row["content"] is None else None
        reason = refused or lacks
    if reason is None:
        return row | {"channel": channel.value, "status": _waits(message.send_at)}
    return row | {
        "channel": channel.value,
        "reason": reason.value,
        "error_message": SKIP_SENTENCES[reason],
    }


def _text(
    message: Outgoing, contact: Contact, templates: Templates, channel: Channel
) -> dict[str, Any]:
    if message.template is None:
        return {"subject": message.subject, "content": message.content}
    found = templates.get((message.template, channel))
    if found is None:
        return {"subject": None, "content": None}
    template_id, subject, body = found
    values = contact.fields() | message.fields
    return {
        "template_id": template_id,
        "subject": filling.fill(subject, values) if subject else None,
        "content": filling.fill(body, values),
    }


def _waits(send_at: datetime | None) -> str:
    return (MessageStatus.DEFERRED if send_at is not None else MessageStatus.PENDING).value


def _templates(session: Session, names: set[str]) -> Templates:
    if not names:
        return {}
    found = session.execute(_CURRENT, {"names": sorted(names)})
    return {(row.name, Channel(row.channel)): (row.id, row.subject, row.body) for row in found}


def _batch(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Gives what is to be sent to batches: of one channel, purpose and time, 500 at the most."""
    groups: dict[tuple[str, str, str | None], list[dict[str, Any]]] = {}
    for row in rows:
        if row["status"] != MessageStatus.SKIPPED:
            groups.setdefault((row["channel"], row["purpose"], row["send_at"]), []).append(row)
    parts = [
        (key, group[start : start + BATCH])
        for key, group in groups.items()
        for start in range(0, len(group), BATCH)
    ]
    wanted = [
        {"n": n, "channel": key[0], "purpose": key[1], "due_at": key[2]}
        for n, (key, _) in enumerate(parts)
    ]
    ids = session.execute(_NEW_BATCHES, {"batches": json.dumps(wanted)}).scalars().all()
    for batch_id, (_, part) in zip(sorted(ids), parts, strict=True):
        for row in part:
            row["batch_id"] = batch_id


def _kept(session: Session, rows: Sequence[dict[str, Any]]) -> list[CommunicationRead]:
    """Writes the rows, tells the batches their ranges, and reads what is there now."""
    made = session.execute(_INSERT, {"rows": json.dumps(rows)}).scalars().all()
    batches = sorted({row["batch_id"] for row in rows if row.get("batch_id")})
    session.execute(_RANGES, {"batches": batches, "ids": list(made)})
    session.execute(_EMPTY, {"batches": batches})
    keys = [row["dedupe_key"] for row in rows if row["dedupe_key"]]
    found = session.execute(_IDS, {"ids": list(made), "keys": keys}).all()
    by_key = {row.dedupe_key: row.id for row in found if row.dedupe_key}
    plain = iter(sorted(row.id for row in found if not row.dedupe_key))
    ids = [by_key[row["dedupe_key"]] if row["dedupe_key"] else next(plain) for row in rows]
    read = {one.id: one for one in queries.COMMUNICATIONS.some(session, ids)}
    return [read[one] for one in ids]


_CURRENT = text(
    "SELECT id, name, channel, subject, body FROM crm_message_templates"
    " WHERE current AND name = ANY(:names)"
)
_NEW_BATCHES = text(
    """
    INSERT INTO crm_message_batches (channel, purpose, due_at)
    SELECT channel, purpose, coalesce(due_at, now())
    FROM jsonb_to_recordset(CAST(:batches AS jsonb))
        AS given (n int, channel crm_channel, purpose crm_purpose, due_at timestamptz)
    ORDER BY n RETURNING id
    """
)
# The ids follow the order of the rows: identity values are drawn after the sort.
_INSERT = text(
    """
    INSERT INTO crm_communication_logs (batch_id, recipient_type, recipient_id, template_id,
        channel, purpose, status, message_type, address, subject, content, fields, reason,
        error_message, reference_type, reference_id, dedupe_key, expires_at, who)
    SELECT batch_id, recipient_type, recipient_id, template_id, channel, purpose, status,
           message_type, address, subject, content, nullif(fields, '{}'), reason, error_message,
           reference_type, reference_id, dedupe_key, expires_at, who
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given (
        n int, batch_id bigint, recipient_type crm_recipient, recipient_id bigint,
        template_id bigint, channel crm_channel, purpose crm_purpose, status crm_message_status,
        message_type varchar, address varchar, subject varchar, content text, fields jsonb,
        reason varchar, error_message text, reference_type varchar, reference_id bigint,
        dedupe_key varchar, expires_at timestamptz, who text)
    ORDER BY n
    ON CONFLICT (dedupe_key) WHERE dedupe_key IS NOT NULL DO NOTHING
    RETURNING id
    """
)
_RANGES = text(
    """
    UPDATE crm_message_batches b
    SET first_id = r.first_id, last_id = r.last_id, size = r.size, cursor_id = r.first_id - 1,
        claimed_id = r.first_id - 1
    FROM (SELECT batch_id, min(id) AS first_id, max(id) AS last_id, count(*) AS size
          FROM crm_communication_logs WHERE id = ANY(:ids) AND batch_id = ANY(:batches)
          GROUP BY batch_id) r
    WHERE b.id = r.batch_id
    """
)
_EMPTY = text("DELETE FROM crm_message_batches WHERE id = ANY(:batches) AND size = 0")
_IDS = text(
    "SELECT id, dedupe_key FROM crm_communication_logs WHERE id = ANY(:ids)"
    " UNION SELECT id, dedupe_key FROM crm_communication_logs WHERE dedupe_key = ANY(:keys)"
)

"""What providers tell us unasked: kept raw and once, answered at once, applied afterwards.

A door checks the signature, keeps the event and answers; whoever comes first, that door after
its answer or the worker a minute later, applies it under a lock. A domain says what applying
means: a function from the raw body to one sentence about what became of it.
"""

import hashlib
import logging
from collections.abc import Callable, Mapping

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from crm_core.base import crypto
from crm_core.base.db import transaction
from crm_core.base.models import WebhookEvent

Apply = Callable[[Session, bytes], str]
"""Does what a raw body tells; gives a sentence for the record, refusals included."""

_AT_ONCE = 500
_FORGOTTEN = 5000
_log = logging.getLogger(__name__)


def keep(session: Session, provider: str, body: bytes) -> bool:
    """Stores what came; False where the very same bytes came before."""
    # Latin-1 gives every byte a letter, so that what comes back out is what came in.
    values = {
        "provider": provider,
        "digest": hashlib.sha256(body).digest(),
        "body_encrypted": crypto.encrypt(body.decode("latin-1")),
    }
    kept = session.scalar(
        insert(WebhookEvent)
        .values(values)
        .on_conflict_do_nothing(index_elements=["provider", "digest"])
        .returning(WebhookEvent.id)
    )
    return kept is not None


def apply_waiting(provider: str, apply: Apply) -> int:
    """Applies what waits, in the order it came and each in a transaction; gives how many.

    One that breaks is logged, left for the next run, and holds up nobody.
    """
    applied = 0
    with transaction(who=f"webhook:{provider}") as session:
        waiting = _waiting(session, provider)
    for event_id in waiting:
        try:
            with transaction(who=f"webhook:{provider}", why=f"webhook event {event_id}") as session:
                applied += _apply_one(session, event_id, apply)
        except Exception:  # noqa: BLE001  (a bug or a database away: the event stays and is tried again)
            _log.exception("Event %s of %s could not be applied", event_id, provider)
    return applied


def lock_waiting(session: Session, provider: str, *, most: int) -> dict[int, bytes]:
    """Events that wait, in the order they came, and that nobody else is at: id → raw body.

    For who applies many in one transaction; ``settle`` says afterwards what became of each.
    """
    found = session.execute(
        select(WebhookEvent.id, WebhookEvent.body_encrypted)
        .where(WebhookEvent.provider == provider, WebhookEvent.applied_at.is_(None))
        .order_by(WebhookEvent.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    return {row.id: _raw(row.body_encrypted) for row in found}


def settle(session: Session, outcomes: Mapping[int, str]) -> None:
    """Writes down what became of locked events, a sentence each."""
    if outcomes:
        given = {"ids": list(outcomes), "outcomes": list(outcomes.values())}
        session.execute(_SETTLE, given)


def forget_applied(session: Session, provider: str, *, days: int) -> int:
    """Removes some of the oldest events of a provider that were applied so long ago.

    Gives how many: 0 where none is left. Of what is paid nothing is ever forgotten; receipts of
    messages come by the million, and what they told is with the message.
    """
    found = session.scalars(_FORGET, {"provider": provider, "days": days, "most": _FORGOTTEN})
    return len(found.all())


def waiting_by_provider(session: Session) -> dict[str, int]:
    """How many events of each provider are not applied yet."""
    found = session.execute(
        select(WebhookEvent.provider, func.count().label("events"))
        .where(WebhookEvent.applied_at.is_(None))
        .group_by(WebhookEvent.provider)
    )
    return {row.provider: row.events for row in found}


def _waiting(session: Session, provider: str) -> list[int]:
    found = session.scalars(
        select(WebhookEvent.id)
        .where(WebhookEvent.provider == provider, WebhookEvent.applied_at.is_(None))
        .order_by(WebhookEvent.id)
        .limit(_AT_ONCE)
    )
    return list(found)


def _apply_one(session: Session, event_id: int, apply: Apply) -> bool:
    """False where another process is at it, or was."""
    locked = session.scalar(
        select(WebhookEvent.body_encrypted)
        .where(WebhookEvent.id == event_id, WebhookEvent.applied_at.is_(None))
        .with_for_update(skip_locked=True)
    )
    if locked is None:
        return False
    settle(session, {event_id: apply(session, _raw(locked))})
    return True


def _raw(encrypted: bytes) -> bytes:
    return crypto.decrypt(encrypted).encode("latin-1")


# Ids follow time: where the oldest events are young, none is old, and no more are looked at.
_FORGET = text(
    """
    DELETE FROM crm_webhook_events WHERE id IN (
        SELECT id FROM (SELECT id, applied_at FROM crm_webhook_events
                        WHERE provider = :provider ORDER BY id LIMIT :most) oldest
        WHERE applied_at < now() - :days * interval '1 day')
    RETURNING id
    """
)
_SETTLE = text(
    """
    UPDATE crm_webhook_events e SET applied_at = now(), outcome = given.outcome
    FROM unnest(CAST(:ids AS bigint[]), CAST(:outcomes AS text[])) AS given (id, outcome)
    WHERE e.id = given.id
    """
)

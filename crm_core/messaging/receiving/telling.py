"""From the raw bodies of a provider's events to what they change here."""

import logging
from collections.abc import Callable, Mapping, Sequence

from sqlalchemy.orm import Session

from crm_core.base import webhooks
from crm_core.base.db import transaction
from crm_core.messaging.gateways import africas_talking as at_gateway
from crm_core.messaging.gateways import termii as termii_gateway
from crm_core.messaging.gateways import whatsapp as whatsapp_gateway
from crm_core.messaging.receiving import africas_talking, termii, whatsapp
from crm_core.messaging.receiving.receipts import apply_receipts
from crm_core.messaging.receiving.replies import take_replies
from crm_core.messaging.receiving.schemas import Told, Unreadable
from crm_core.people.schemas import machine

READERS: Mapping[str, Callable[[bytes], Told]] = {
    termii_gateway.NAME: termii.read,
    at_gateway.NAME: africas_talking.read,
    whatsapp_gateway.NAME: whatsapp.read,
}
"""Provider → what makes sense of its events."""

_AT_ONCE = 100

_log = logging.getLogger(__name__)


def apply_waiting(provider: str) -> int:
    """Applies what waits of this provider; gives how many events.

    A campaign makes receipts by the thousand, so many are applied in one transaction; where one
    of them breaks it, each is applied by itself, and only the broken one is left.
    """
    applied, more = 0, True
    while more:
        try:
            found = _apply_some(provider)
        except Exception:  # noqa: BLE001  (found and logged by the one-by-one way)
            _log.warning("Events of %s are applied one by one: one of them broke", provider)
            alone = webhooks.apply_waiting(provider, lambda s, body: apply(s, provider, [body])[0])
            return applied + alone
        applied, more = applied + found, found == _AT_ONCE
    return applied


def apply(session: Session, provider: str, bodies: Sequence[bytes]) -> list[str]:
    """Does what events tell, in their order; a sentence about each."""
    told = [_read(provider, body) for body in bodies]
    understood = [one for one in told if isinstance(one, Told)]
    apply_receipts(session, [receipt for one in understood for receipt in one.receipts])
    replies = [reply for one in understood for reply in one.replies]
    take_replies(session, replies, actor=machine(f"webhook:{provider}"))
    return [one if isinstance(one, str) else _sentence(one) for one in told]


def _apply_some(provider: str) -> int:
    with transaction(who=f"webhook:{provider}", why="events of a provider") as session:
        waiting = webhooks.lock_waiting(session, provider, most=_AT_ONCE)
        outcomes = apply(session, provider, list(waiting.values()))
        webhooks.settle(session, dict(zip(waiting, outcomes, strict=True)))
    return len(waiting)


def _read(provider: str, body: bytes) -> Told | str:
    try:
        return READERS[provider](body)
    except Unreadable as error:
        return f"Not understood, nothing changed: {error}"


def _sentence(told: Told) -> str:
    return f"Receipts: {len(told.receipts)}. Replies: {len(told.replies)}."

"""From the raw body of a provider's event to what it changes here."""

from collections.abc import Callable, Mapping

from sqlalchemy.orm import Session

from crm_core.base.webhooks import Apply
from crm_core.messaging.gateways import africas_talking as at_gateway
from crm_core.messaging.gateways import termii as termii_gateway
from crm_core.messaging.gateways import whatsapp as whatsapp_gateway
from crm_core.messaging.receiving import africas_talking, termii, whatsapp
from crm_core.messaging.receiving.receipts import apply_receipts
from crm_core.messaging.receiving.replies import take_replies
from crm_core.messaging.receiving.schemas import Told, Unreadable
from crm_core.people.schemas import Actor, machine

Reader = Callable[[bytes], Told]


def take(session: Session, told: Told, *, actor: Actor) -> str:
    """Applies what was told; a sentence about it for the record."""
    moved = apply_receipts(session, told.receipts)
    new = take_replies(session, told.replies, actor=actor)
    return (
        f"{len(told.receipts)} receipts, {moved} moved a message;"
        f" {len(told.replies)} replies, {new} new."
    )


def _applying(provider: str, read: Reader) -> Apply:
    """What a webhook of this provider does with a body that is signed."""

    def apply(session: Session, body: bytes) -> str:
        try:
            told = read(body)
        except Unreadable as error:
            return f"Not understood, nothing changed: {error}"
        return take(session, told, actor=machine(f"webhook:{provider}"))

    return apply


APPLY: Mapping[str, Apply] = {
    name: _applying(name, read)
    for name, read in (
        (termii_gateway.NAME, termii.read),
        (at_gateway.NAME, africas_talking.read),
        (whatsapp_gateway.NAME, whatsapp.read),
    )
}

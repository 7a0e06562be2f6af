"""May this person be written to, and on which channel: consent, opt-outs and addresses."""

from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.messaging.schemas import Channel, Contact, Purpose, RecipientType, SkipReason

BEST_FIRST = (Channel.WHATSAPP, Channel.SMS, Channel.EMAIL)


@dataclass(frozen=True)
class Refusals:
    """What people and providers have ruled out.

    Attributes:
        opted_out: (kind, id, channel, purpose); purpose None is every purpose.
        suppressed: (channel, address).
    """

    opted_out: Collection[tuple[RecipientType, int, Channel, Purpose | None]] = field(
        default_factory=frozenset
    )
    suppressed: Collection[tuple[Channel, str]] = field(default_factory=frozenset)


def refusals_of(session: Session, contacts: Collection[Contact]) -> Refusals:
    """The opt-outs of these people, and which of their addresses failed for good."""
    people: dict[RecipientType, list[int]] = {}
    for contact in contacts:
        people.setdefault(contact.recipient_type, []).append(contact.recipient_id)
    opted_out = {
        (
            kind,
            row.recipient_id,
            Channel(row.channel),
            Purpose(row.purpose) if row.purpose else None,
        )
        for kind, ids in people.items()
        for row in session.execute(_OPTED_OUT, {"kind": kind.value, "ids": ids})
    }
    addresses = [a for contact in contacts for a in (contact.phone, contact.email) if a]
    suppressed = {
        (Channel(row.channel), row.address)
        for row in session.execute(_SUPPRESSED, {"addresses": addresses})
    }
    return Refusals(opted_out, suppressed)


def choose(
    contact: Contact, purpose: Purpose, refusals: Refusals, *, wanted: Channel | None
) -> tuple[Channel, SkipReason | None]:
    """The channel to write on, and why nothing may be sent there; None where it may.

    Without a ``wanted`` channel it is the best one that is allowed; where none is, the first
    one's reason is given.
    """
    channels = (wanted,) if wanted is not None else BEST_FIRST
    reasons = [(channel, why_not(contact, channel, purpose, refusals)) for channel in channels]
    fine = [channel for channel, reason in reasons if reason is None]
    if fine:
        return fine[0], None
    # That somebody has no number says less than that they asked not to be written to.
    asked = [one for one in reasons if one[1] is SkipReason.OPTED_OUT]
    return (asked or reasons[-1:])[0] if wanted is None else reasons[0]


def why_not(
    contact: Contact, channel: Channel, purpose: Purpose, refusals: Refusals
) -> SkipReason | None:
    """Why this person may not be written to on this channel for this purpose."""
    person = (contact.recipient_type, contact.recipient_id, channel)
    address = contact.address(channel)
    purposes = {None, purpose} if purpose.needs_consent else {None}
    if contact.gone is not None:
        return contact.gone
    if not purposes.isdisjoint({p for p in purposes if (*person, p) in refusals.opted_out}):
        return SkipReason.OPTED_OUT
    if channel not in contact.agreed:
        return SkipReason.NO_CONSENT
    if not address:
        return SkipReason.NO_ADDRESS
    return SkipReason.SUPPRESSED if (channel, address) in refusals.suppressed else None


# What somebody said under a record that was merged into another holds for the one that stayed.
_OPTED_OUT = text(
    """
    WITH records AS (
        SELECT id AS person, id FROM unnest(CAST(:ids AS bigint[])) AS id
        UNION ALL
        SELECT merged_into_id, id FROM crm_patients
        WHERE :kind = 'patient' AND merged_into_id = ANY(:ids)
    )
    SELECT recipient_id, channel, purpose FROM (
        SELECT DISTINCT ON (r.person, c.channel, c.purpose)
               r.person AS recipient_id, c.channel, c.purpose, c.opted_out
        FROM records r JOIN crm_contact_choices c ON c.recipient_id = r.id
            AND c.recipient_type = CAST(:kind AS crm_recipient)
        ORDER BY r.person, c.channel, c.purpose, c.id DESC) AS latest
    WHERE opted_out
    """
)
_SUPPRESSED = text(
    "SELECT channel, address FROM crm_suppressed_addresses"
    " WHERE address = ANY(:addresses) AND lifted_at IS NULL"
)

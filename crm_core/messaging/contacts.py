"""How people can be reached: for any number of them, one statement a kind of recipient."""

import json
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from crm_core.loyalty.benefits import by_tier
from crm_core.messaging.schemas import Channel, Contact, RecipientType, SkipReason

Key = tuple[RecipientType, int]

_EVERY_CHANNEL = frozenset({Channel.SMS, Channel.EMAIL, Channel.WHATSAPP})


def contacts_of(session: Session, keys: Collection[Key]) -> dict[Key, Contact]:
    """The contacts of these people; whoever does not exist, or was erased, is missing."""
    found: dict[Key, Contact] = {}
    brings = _brings(session) if any(of is RecipientType.PATIENT for of, _ in keys) else {}
    for kind, statement in _STATEMENTS.items():
        ids = sorted({recipient for of, recipient in keys if of is kind})
        if ids:
            rows = session.execute(statement, {"ids": ids}).mappings().all()
            found |= {(kind, row["id"]): _contact(kind, row, brings) for row in rows}
    return found


def whereabouts(
    session: Session, keys: Collection[Key], contacts: Mapping[Key, Contact]
) -> dict[Key, Contact | SkipReason]:
    """The same for all of them: of whoever is missing among the contacts, why."""
    missing = {key for key in keys if key not in contacts}
    ids = sorted({recipient for of, recipient in missing if of is RecipientType.PATIENT})
    erased = set(session.scalars(_ERASED, {"ids": ids})) if ids else set()
    return {
        (kind, one): SkipReason.ERASED
        if kind is RecipientType.PATIENT and one in erased
        else SkipReason.NOT_THERE
        for kind, one in missing
    } | dict(contacts)


def hold_patients(session: Session, keys: Collection[Key]) -> None:
    """Nobody of them is erased before this transaction ends; see ``contacts_of`` for who was."""
    ids = sorted({recipient for of, recipient in keys if of is RecipientType.PATIENT})
    if ids:
        session.execute(_HOLD, {"ids": ids})


def _brings(session: Session) -> dict[str, str]:
    """Tier → its benefits in words."""
    return {tier.value: "; ".join(each.sentences) for tier, each in by_tier(session).items()}


def records_of(session: Session, kind: RecipientType, recipient_id: int) -> list[int]:
    """The person's record, and those that were merged into it: what was said to them counts."""
    merged: list[int] = []
    if kind is RecipientType.PATIENT:
        merged = list(session.scalars(_MERGED, {"id": recipient_id}))
    return [recipient_id, *merged]


def _contact(kind: RecipientType, row: Mapping[Any, Any], brings: Mapping[str, str]) -> Contact:
    agreed = _EVERY_CHANNEL
    if kind is RecipientType.PATIENT:
        agreed = _agreed(row["agreed"])
    return Contact(
        recipient_type=kind,
        recipient_id=row["id"],
        first_name=row["first_name"],
        last_name=row["last_name"],
        phone=row["phone"],
        email=row["email"],
        agreed=agreed,
        gone=SkipReason(row["gone"]) if row["gone"] else None,
        hospital=row["hospital"],
        points=row["points"],
        tier=row["tier"],
        benefits=brings.get(row["tier"], ""),
    )


@cache
def _agreed(preferences: str) -> frozenset[Channel]:
    """The channels that are said yes to; there are only so many ways to choose among four."""
    return frozenset(Channel(name) for name, yes in json.loads(preferences).items() if yes)


_HOLD = text("SELECT id FROM crm_patients WHERE id = ANY(:ids) ORDER BY id FOR KEY SHARE")
_ERASED = text("SELECT id FROM crm_patients WHERE id = ANY(:ids) AND erased_at IS NOT NULL")
_MERGED = text("SELECT id FROM crm_patients WHERE merged_into_id = :id ORDER BY id")
_STATEMENTS: dict[RecipientType, TextClause] = {
    RecipientType.PATIENT: text(
        """
        SELECT p.id, p.first_name, p.last_name, p.phone, p.email,
               CAST(p.communication_preferences AS text) AS agreed,
               CASE WHEN p.merged_into_id IS NOT NULL THEN 'merged'
                    WHEN p.status = 'deceased' THEN 'deceased' END AS gone,
               h.name AS hospital, a.balance AS points, a.tier
        FROM crm_patients p
        LEFT JOIN crm_loyalty_accounts a ON a.id = p.id
        LEFT JOIN crm_hospitals h ON h.id = p.preferred_hospital_id
        WHERE p.id = ANY(:ids) AND p.erased_at IS NULL
        """
    ),
    RecipientType.OWNER: text(
        """
        SELECT o.id, o.first_name, o.last_name, o.phone, o.email, NULL AS gone,
               h.name AS hospital, NULL::int AS points, NULL::varchar AS tier
        FROM crm_owners o LEFT JOIN crm_hospitals h ON h.id = o.hospital_id
        WHERE o.id = ANY(:ids)
        """
    ),
    RecipientType.STAFF: text(
        """
        SELECT s.id, s.name AS first_name, '' AS last_name, NULL::varchar AS phone, s.email,
               CASE WHEN NOT s.active THEN 'left' END AS gone,
               NULL::varchar AS hospital, NULL::int AS points, NULL::varchar AS tier
        FROM crm_staff s WHERE s.id = ANY(:ids)
        """
    ),
}

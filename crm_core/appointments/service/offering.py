"""A time that becomes free is offered to those who wait: higher tiers first, the first yes wins."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from crm_core.appointments.schemas import AppointmentRead
from crm_core.appointments.service.notices import when
from crm_core.appointments.slots import away_during
from crm_core.base import parameters
from crm_core.base.errors import NotFound
from crm_core.base.links import address_of, make_link
from crm_core.messaging import service as messaging
from crm_core.messaging.schemas import (
    CommunicationRead,
    MessageStatus,
    Outgoing,
    Purpose,
    RecipientType,
)
from crm_core.people.schemas import Actor

LINK = "offer"
REFERENCE = "slot_offer"


def offer_freed(session: Session, visits: Sequence[AppointmentRead]) -> int:
    """Lines up those who wait for the times that these visits held; gives how many offers.

    A job writes to them when it is their turn: a higher tier hears of it earlier.
    """
    freed = [visit for visit in visits if visit.doctor_id is not None]
    if not freed:
        return 0
    values: dict[str, Any] = {
        "ids": [visit.id for visit in freed],
        "doctors": [visit.doctor_id for visit in freed],
        "starts": [visit.starts_at for visit in freed],
        "minutes": [visit.duration_minutes for visit in freed],
    }
    names = ("offers_a_slot", "offer_minutes", "offer_notice_minutes", "head_start_minutes")
    for name in names:
        values[name] = int(parameters.value_of(session, f"appointments.{name}"))
    return len(session.execute(_OFFER, values).scalars().all())


def send_offers(session: Session, *, actor: Actor, limit: int = 500) -> int:
    """Writes to those whose turn it is; gives how many were looked at, 0 when all is done."""
    session.execute(_EXPIRE)
    rows = session.execute(_DUE, {"limit": limit}).mappings().all()
    free = [row for row in rows if row["free"]]
    sent = messaging.queue_all(session, [_outgoing(row) for row in free], actor=actor)
    outcomes = [_outcome(row["id"], message) for row, message in zip(free, sent, strict=True)]
    columns = {name: [one[name] for one in outcomes] for name in ("id", "message_id", "reason")}
    session.execute(_SENT, columns)
    session.execute(_GONE, {"ids": [row["id"] for row in rows if not row["free"]]})
    return len(rows)


def read_offer(session: Session, offer_id: int) -> Row[*tuple[Any, ...]]:
    """An offer; ``NotFound`` where there is none."""
    found = session.execute(text(_ONE), {"id": offer_id}).one_or_none()
    if found is None:
        raise NotFound("There is no such offer.")
    return found


def lock_offer(session: Session, offer_id: int) -> Row[*tuple[Any, ...]]:
    """The offer as it is, locked until the transaction ends."""
    return session.execute(text(f"{_ONE} FOR NO KEY UPDATE OF o"), {"id": offer_id}).one()


def close_offers(session: Session, *, doctor_id: int, starts_at: datetime, minutes: int) -> None:
    """The time is taken: whoever was offered it, or would have been, is too late."""
    values = {"doctor_id": doctor_id, "starts_at": starts_at, "minutes": minutes}
    session.execute(_CLOSE, values)


def close_offers_of(session: Session, waitlist_id: int) -> None:
    """Somebody waits no longer: what they were offered is for others."""
    session.execute(_CLOSE_OF, {"waitlist_id": waitlist_id})


def _outgoing(row: Any) -> Outgoing:
    token = make_link(LINK, row["id"], expires_at=row["expires_at"])
    return Outgoing(
        recipient_type=RecipientType.PATIENT,
        recipient_id=row["patient_id"],
        purpose=Purpose.REMINDER,
        message_type="slot_offer",
        template="slot_offer",
        fields={
            **when(row["starts_at"]),
            "hospital": row["hospital_name"],
            "doctor": row["doctor_name"],
            "link": address_of(LINK, token),
        },
        reference_type=REFERENCE,
        reference_id=row["id"],
        # A time that is freed again is offered by the same row, which then opens anew.
        dedupe_key=f"slot-offer:{row['id']}:{row['opens_at'].isoformat()}",
        expires_at=row["expires_at"],
    )


def _outcome(offer_id: int, message: CommunicationRead) -> dict[str, Any]:
    skipped = message.status is MessageStatus.SKIPPED
    reason = (message.error_message or "Not sent.") if skipped else None
    return {"id": offer_id, "message_id": message.id, "reason": reason}


_FREED_UNTIL = "f.starts_at + make_interval(mins => f.minutes)"
_ENDS_AT = "o.starts_at + make_interval(mins => o.duration_minutes)"
# Whoever waits for another doctor or part of the house, longer than the time lasts, on another day,
# or has a visit then, is left out. The tier of the best one among them starts at once. Who was
# offered the same time before is offered it again, unless they have said no to it.
_OFFER = text(
    f"""
    WITH freed AS (
        SELECT a.id, a.hospital_id, a.patient_id, f.doctor_id, f.starts_at, f.minutes,
               {_FREED_UNTIL} AS ends_at,
               coalesce(d.department_id, a.department_id) AS department_id,
               (f.starts_at AT TIME ZONE 'Africa/Lagos')::date AS day
        FROM unnest(CAST(:ids AS bigint[]), CAST(:doctors AS bigint[]),
                    CAST(:starts AS timestamptz[]), CAST(:minutes AS int[]))
            AS f (id, doctor_id, starts_at, minutes)
        JOIN crm_appointments a ON a.id = f.id JOIN crm_doctors d ON d.id = f.doctor_id
        WHERE d.active AND f.starts_at > now() + make_interval(mins => :offer_notice_minutes)
          AND NOT {away_during("d.id", "f.starts_at", _FREED_UNTIL)}
    ), ranked AS (
        SELECT f.id AS freed_by_id, f.hospital_id, f.doctor_id, f.starts_at, w.id AS waitlist_id,
               w.duration_minutes,
               array_position(ARRAY['bronze', 'silver', 'gold', 'platinum'], l.tier::text) AS rank,
               row_number() OVER (PARTITION BY f.id ORDER BY array_position(
                   ARRAY['platinum', 'gold', 'silver', 'bronze'], l.tier::text), w.id) AS place
        FROM freed f JOIN crm_waitlist w ON w.hospital_id = f.hospital_id
        JOIN crm_loyalty_accounts l ON l.id = w.patient_id
        JOIN crm_patients p ON p.id = w.patient_id AND p.status <> 'deceased'
        WHERE w.status = 'waiting' AND w.patient_id <> f.patient_id
          AND (w.doctor_id IS NULL OR w.doctor_id = f.doctor_id)
          AND (w.department_id IS NULL OR w.department_id = f.department_id)
          AND w.duration_minutes <= f.minutes AND f.day BETWEEN w.from_day AND w.to_day
          AND NOT EXISTS (
              SELECT FROM crm_appointments b WHERE b.patient_id = w.patient_id
                AND b.status NOT IN ('cancelled', 'no_show')
                AND b.starts_at < f.ends_at AND b.ends_at > f.starts_at)
    )
    INSERT INTO crm_slot_offers (waitlist_id, freed_by_id, hospital_id, doctor_id, starts_at,
        duration_minutes, opens_at, expires_at)
    SELECT waitlist_id, freed_by_id, hospital_id, doctor_id, starts_at, duration_minutes, opens_at,
           least(starts_at, opens_at + make_interval(mins => :offer_minutes))
    FROM (SELECT r.*, now() + make_interval(mins => :head_start_minutes
              * (max(rank) OVER (PARTITION BY freed_by_id) - rank)::int) AS opens_at
          FROM ranked r WHERE place <= :offers_a_slot) chosen
    WHERE opens_at < starts_at
    ORDER BY place
    ON CONFLICT (waitlist_id, freed_by_id, starts_at) DO UPDATE
        SET status = 'waiting', doctor_id = excluded.doctor_id,
            duration_minutes = excluded.duration_minutes, opens_at = excluded.opens_at,
            expires_at = excluded.expires_at, message_id = NULL, address = NULL,
            skip_reason = NULL, answered_by = NULL, answered_at = NULL
        WHERE crm_slot_offers.status IN ('gone', 'expired', 'skipped')
    RETURNING id
    """  # noqa: S608 # constants of ours
)
_DUE = text(
    f"""
    SELECT o.id, o.starts_at, o.opens_at, o.expires_at, w.patient_id, h.name AS hospital_name,
           d.name AS doctor_name,
           w.status = 'waiting' AND d.active
           AND NOT {away_during("d.id", "o.starts_at", _ENDS_AT)}
           AND NOT EXISTS (
               SELECT FROM crm_appointments a WHERE a.doctor_id = o.doctor_id
                 AND a.status NOT IN ('cancelled', 'no_show') AND a.ends_at > o.starts_at
                 AND a.starts_at > o.starts_at - interval '12 hours'
                 AND a.starts_at < {_ENDS_AT}) AS free
    FROM crm_slot_offers o JOIN crm_waitlist w ON w.id = o.waitlist_id
    JOIN crm_hospitals h ON h.id = o.hospital_id JOIN crm_doctors d ON d.id = o.doctor_id
    WHERE o.status = 'waiting' AND o.opens_at <= now()
    ORDER BY o.id LIMIT :limit FOR UPDATE OF o SKIP LOCKED
    """  # noqa: S608
)
_SENT = text(
    """
    UPDATE crm_slot_offers o
    SET message_id = g.message_id, address = m.address, skip_reason = g.reason,
        status = CASE WHEN g.reason IS NULL THEN 'open' ELSE 'skipped' END
    FROM unnest(CAST(:id AS bigint[]), CAST(:message_id AS bigint[]), CAST(:reason AS text[]))
        AS g (id, message_id, reason)
    JOIN crm_communication_logs m ON m.id = g.message_id
    WHERE o.id = g.id
    """
)
_GONE = text("UPDATE crm_slot_offers SET status = 'gone' WHERE id = ANY(:ids)")
_EXPIRE = text(
    """
    UPDATE crm_slot_offers SET status = 'expired' WHERE id IN (
        SELECT id FROM crm_slot_offers WHERE status IN ('open', 'waiting') AND expires_at <= now()
        ORDER BY id FOR UPDATE SKIP LOCKED)
    """
)
_CLOSE = text(
    """
    UPDATE crm_slot_offers SET status = 'gone' WHERE id IN (
        SELECT id FROM crm_slot_offers
        WHERE doctor_id = :doctor_id AND status IN ('open', 'waiting')
          AND starts_at < CAST(:starts_at AS timestamptz) + make_interval(mins => :minutes)
          AND starts_at + make_interval(mins => duration_minutes) > :starts_at
        ORDER BY id FOR NO KEY UPDATE)
    """
)
_CLOSE_OF = text(
    """
    UPDATE crm_slot_offers SET status = 'gone' WHERE id IN (
        SELECT id FROM crm_slot_offers
        WHERE waitlist_id = :waitlist_id AND status IN ('open', 'waiting')
        ORDER BY id FOR NO KEY UPDATE)
    """
)
_ONE = """
    SELECT o.id, o.waitlist_id, o.freed_by_id, o.hospital_id, o.doctor_id, o.starts_at,
           o.duration_minutes, o.status, w.patient_id, w.department_id, w.type,
           o.status = 'open' AND o.expires_at > now() AND w.status = 'waiting' AS open
    FROM crm_slot_offers o JOIN crm_waitlist w ON w.id = o.waitlist_id
    WHERE o.id = :id
"""

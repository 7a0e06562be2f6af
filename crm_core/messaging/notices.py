"""Notices before loyalty points end: each member hears of each day and kind once."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.clock import LAGOS, lagos_today
from crm_core.messaging.schemas import Outgoing, Purpose, RecipientType
from crm_core.messaging.service.queueing import queue_all
from crm_core.people.schemas import machine

MESSAGE_TYPE = "points_ending"
AT_ONCE = 500
_ACTOR = machine("job:announce_ending_points")


@dataclass(frozen=True)
class Kind:
    """A notice so many days before; a run that was missed is made up for until ``until_days``."""

    days: int
    until_days: int


KINDS = (Kind(30, 8), Kind(7, 1))


def announce_ending_points(session: Session, kind: Kind, *, after: int) -> int | None:
    """Queues the notices of the next members by their ids; None where there were no more.

    Args:
        kind: which notice.
        after: id of the last patient that was looked at; 0 begins.
    """
    today = lagos_today()
    values = {
        "after": after,
        "first": today + timedelta(days=kind.until_days),
        "last": today + timedelta(days=kind.days),
        "days": kind.days,
        "most": AT_ONCE,
    }
    due = session.execute(_DUE, values).all()
    messages = [_message(row.patient_id, row.expires_on, row.points, kind) for row in due]
    queue_all(session, messages, actor=_ACTOR)
    return int(due[-1].patient_id) if due else None


def _message(patient_id: int, expires_on: date, points: int, kind: Kind) -> Outgoing:
    return Outgoing(
        recipient_type=RecipientType.PATIENT,
        recipient_id=patient_id,
        purpose=Purpose.REMINDER,
        message_type=MESSAGE_TYPE,
        template=MESSAGE_TYPE,
        fields={"expiring": f"{points:,}", "expiry": f"{expires_on:%-d %B %Y}"},
        dedupe_key=f"points:{patient_id}:{expires_on}:{kind.days}",
        expires_at=datetime.combine(expires_on + timedelta(days=1), time(), LAGOS),
    )


# A patient is never cut in two: all of a patient's days are in one answer.
_DUE = text(
    """
    WITH ending AS (
        SELECT l.patient_id, l.expires_on, sum(l.remaining) AS points
        FROM crm_loyalty_lots l JOIN crm_patients p ON p.id = l.patient_id
        WHERE l.expires_on BETWEEN :first AND :last AND l.remaining > 0
          AND l.patient_id > :after AND p.status <> 'deceased'
        GROUP BY 1, 2
    ), open AS (
        SELECT * FROM ending e
        WHERE NOT EXISTS (
            SELECT FROM crm_communication_logs m
            WHERE m.dedupe_key = concat('points:', e.patient_id, ':', e.expires_on, ':',
                                        CAST(:days AS integer)))
        ORDER BY patient_id FETCH FIRST :most ROWS WITH TIES
    )
    SELECT patient_id, expires_on, points FROM open ORDER BY patient_id, expires_on
    """
)

"""The week's share: of promotional, educational and survey messages a patient gets only so many.

Two workers may be about to send to the same patient on two channels. Each takes a lock of the
patient's before it counts, and counts what others have judged fit to go as sent: the share holds.
"""

from collections import defaultdict
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.messaging.dispatch.limits import WEEK, Limits
from crm_core.messaging.dispatch.messages import Judged, Message, Result
from crm_core.messaging.schemas import MessageStatus, RecipientType

_LOCKS = 4_242_011


def hold_back(session: Session, judged: Judged, limits: Limits, *, now: datetime) -> Judged:
    """The same chunk without the letters that would be too many this week; those wait."""
    capped = [m for m in judged.letters if _counts(m)]
    if not capped:
        return judged
    patients = sorted({message.recipient[1] for message in capped})
    session.execute(_LOCK, {"space": _LOCKS, "patients": patients})
    sent = _sent(session, patients, {message.id for message in capped})
    letters = []
    for message in judged.letters:
        times = sent[message.recipient[1]] if _counts(message) else []
        if not _counts(message) or len(times) < limits.weekly_cap:
            letters.append(message)
            times.append(now)
        else:
            judged.aside.append(_held(message, times, limits.weekly_cap, now))
    return Judged(letters, judged.aside)


def _counts(message: Message) -> bool:
    return message.purpose.needs_consent and message.recipient[0] is RecipientType.PATIENT


def _sent(session: Session, patients: list[int], ours: set[int]) -> dict[int, list[datetime]]:
    """When each patient got such messages in the last week, the oldest first."""
    found: dict[int, list[datetime]] = defaultdict(list)
    for row in session.execute(_SENT, {"patients": patients}):
        if row.id not in ours:
            found[row.recipient_id].append(row.at)
    return found


def _held(message: Message, times: list[datetime], cap: int, now: datetime) -> Result:
    """It waits until so many of the last ones are a week old that one more fits."""
    until = times[len(times) - cap] + WEEK if cap else now + WEEK
    return Result(
        message,
        MessageStatus.DEFERRED,
        "capped",
        "The patient has had this week's share of such messages.",
        due_at=until,
    )


_LOCK = text(
    "SELECT pg_advisory_xact_lock(:space, CAST(patient % 2147483647 AS integer))"
    " FROM unnest(CAST(:patients AS bigint[])) AS patient ORDER BY patient"
)
_SENT = text(
    """
    SELECT m.id, m.recipient_id, coalesce(m.sent_at, m.updated_at) AS at
    FROM crm_communication_logs m
    LEFT JOIN crm_message_batches b ON b.id = m.batch_id
    WHERE m.recipient_type = 'patient' AND m.recipient_id = ANY(:patients)
      AND m.purpose IN ('promotional', 'educational', 'survey')
      AND (m.status IN ('sent', 'delivered', 'read', 'unknown')
               AND coalesce(m.sent_at, m.updated_at) > now() - interval '7 days'
           OR m.status IN ('pending', 'deferred') AND m.id > b.cursor_id AND m.id <= b.judged_id
               AND b.leased_until IS NOT NULL)
    ORDER BY 3
    """
)

"""What a patient is told about a visit: each time a row, a link that answers it, and a message.

A notice that cannot be sent says why; it never keeps another from being sent.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.appointments.schemas import NoticeKind
from crm_core.base.clock import to_lagos
from crm_core.base.links import address_of, make_link
from crm_core.messaging import service as messaging
from crm_core.messaging.schemas import MessageStatus, Outgoing, Purpose, RecipientType
from crm_core.people.schemas import Actor

LINK = "visit"
REFERENCE = "appointment"
_TEMPLATES = {
    NoticeKind.BOOKED: "appointment_booked",
    NoticeKind.MOVED: "appointment_moved",
    NoticeKind.CANCELLED: "appointment_cancelled",
}
_TYPES = {
    NoticeKind.BOOKED: "appointment_confirmation",
    NoticeKind.MOVED: "appointment_moved",
    NoticeKind.CANCELLED: "appointment_cancelled",
}


def tell(session: Session, kind: NoticeKind, ids: Sequence[int], *, actor: Actor) -> None:
    """Tells the patients of these visits; visits that are over are not told of."""
    rows = session.execute(_TELL, {"ids": sorted(ids), "kind": kind.value}).scalars().all()
    send(session, rows, actor=actor)


def send(session: Session, notice_ids: Sequence[int], *, actor: Actor) -> int:
    """Puts the messages of new notices into the outbox; gives how many were not skipped."""
    if not notice_ids:
        return 0
    rows = session.execute(_NOTICES, {"ids": list(notice_ids)}).mappings().all()
    sent = messaging.queue_all(session, [_outgoing(row) for row in rows], actor=actor)
    outcomes = [
        {
            "id": row["id"],
            "message_id": message.id,
            "reason": message.error_message or "Not sent."
            if message.status is MessageStatus.SKIPPED
            else None,
        }
        for row, message in zip(rows, sent, strict=True)
    ]
    session.execute(_OUTCOMES, _columns(outcomes))
    return sum(outcome["reason"] is None for outcome in outcomes)


def when(starts_at: datetime) -> dict[str, str]:
    """Day and time as the clocks of Lagos show them, for texts."""
    local = to_lagos(starts_at)
    return {"date": f"{local:%A, %-d %B}", "time": f"{local:%H:%M}"}


def _outgoing(row: Any) -> Outgoing:
    kind = NoticeKind(row["kind"])
    token = make_link(LINK, row["id"], expires_at=row["starts_at"])
    return Outgoing(
        recipient_type=RecipientType.PATIENT,
        recipient_id=row["patient_id"],
        purpose=Purpose.REMINDER,
        message_type=_TYPES.get(kind, "appointment_reminder"),
        template=_TEMPLATES.get(kind, "appointment_reminder"),
        fields={
            **when(row["starts_at"]),
            "hospital": row["hospital_name"],
            "doctor": row["doctor_name"] or row["hospital_name"],
            "visit": row["type"].replace("_", "-"),
            "code": row["appointment_code"],
            "link": address_of(LINK, token),
        },
        reference_type=REFERENCE,
        reference_id=row["appointment_id"],
        dedupe_key=f"appointment-notice:{row['id']}",
        expires_at=row["starts_at"],
    )


def _columns(outcomes: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [one[name] for one in outcomes] for name in ("id", "message_id", "reason")}


_TELL = text(
    """
    INSERT INTO crm_appointment_notices (appointment_id, kind, starts_at)
    SELECT id, :kind, starts_at FROM crm_appointments
    WHERE id = ANY(:ids) AND starts_at > now() ORDER BY id
    RETURNING id
    """
)
_NOTICES = text(
    """
    SELECT n.id, n.kind, n.starts_at, n.appointment_id, a.appointment_code, a.patient_id, a.type,
           h.name AS hospital_name, d.name AS doctor_name
    FROM crm_appointment_notices n JOIN crm_appointments a ON a.id = n.appointment_id
    JOIN crm_hospitals h ON h.id = a.hospital_id LEFT JOIN crm_doctors d ON d.id = a.doctor_id
    WHERE n.id = ANY(:ids) ORDER BY n.id
    """
)
_OUTCOMES = text(
    """
    UPDATE crm_appointment_notices n
    SET message_id = g.message_id, address = m.address, skip_reason = g.reason,
        outcome = CASE WHEN g.reason IS NULL THEN 'queued' ELSE 'skipped' END
    FROM unnest(CAST(:id AS bigint[]), CAST(:message_id AS bigint[]), CAST(:reason AS text[]))
        AS g (id, message_id, reason)
    JOIN crm_communication_logs m ON m.id = g.message_id
    WHERE n.id = g.id
    """
)

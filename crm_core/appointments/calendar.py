"""A doctor's visits as a calendar (RFC 5545) that any program can subscribe to by a secret link.

It leaves the house, so it says no more than it must: the kind of visit, a first name, an initial.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.base.errors import NotFound
from crm_core.hospitals.doctors import calendar_hash
from crm_core.hospitals.queries import doctor_by_calendar

BACK, AHEAD = timedelta(days=14), timedelta(days=90)
MOST = 2000
_LINE = 75
"""So many octets a line may have."""


def calendar_feed(session: Session, secret: str) -> str:
    """The calendar of the doctor whose link has this secret; ``NotFound`` where nobody's has."""
    doctor = doctor_by_calendar(session, calendar_hash(secret))
    if doctor is None or not doctor.active:
        raise NotFound("This calendar is not there any more: ask for a new link.")
    now = utc_now()
    values = {"doctor_id": doctor.id, "since": now - BACK, "until": now + AHEAD, "most": MOST}
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//crm//appointments//EN", "METHOD:PUBLISH"]
    lines += [f"X-WR-CALNAME:{_escaped(doctor.name)}", "X-WR-TIMEZONE:Africa/Lagos"]
    for row in session.execute(_VISITS, values):
        who = f"{row.first_name} {row.last_name[:1]}."
        kind = row.type.replace("_", "-").capitalize()
        lines += [
            "BEGIN:VEVENT",
            f"UID:{row.appointment_code}@appointments",
            f"SEQUENCE:{row.version}",
            f"DTSTAMP:{_instant(row.updated_at)}",
            f"DTSTART:{_instant(row.starts_at)}",
            f"DTEND:{_instant(row.ends_at)}",
            f"SUMMARY:{_escaped(f'{kind}: {who}')}",
            f"LOCATION:{_escaped(row.hospital_name)}",
            f"STATUS:{'TENTATIVE' if row.status == 'scheduled' else 'CONFIRMED'}",
            "END:VEVENT",
        ]
    return "".join(f"{_folded(line)}\r\n" for line in [*lines, "END:VCALENDAR"])


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _escaped(words: str) -> str:
    for mark in ("\\", ";", ","):
        words = words.replace(mark, f"\\{mark}")
    return words.replace("\r", "").replace("\n", "\\n")


def _folded(line: str) -> str:
    """Long lines go on after a line break and a blank, never within a letter."""
    parts, part = [], ""
    for letter in line:
        if len((part + letter).encode()) > _LINE - 1:
            parts.append(part)
            part = ""
        part += letter
    return "\r\n ".join([*parts, part])


_VISITS = text(
    """
    SELECT a.appointment_code, a.type, a.status, a.starts_at, a.ends_at, a.updated_at, a.version,
           p.first_name, p.last_name, h.name AS hospital_name
    FROM crm_appointments a JOIN crm_patients p ON p.id = a.patient_id
    JOIN crm_hospitals h ON h.id = a.hospital_id
    WHERE a.doctor_id = :doctor_id AND a.starts_at > :since AND a.starts_at < :until
      AND a.status NOT IN ('cancelled', 'no_show')
    ORDER BY a.starts_at, a.id LIMIT :most
    """
)

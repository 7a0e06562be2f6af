"""Time: instants are aware UTC, days are days in Lagos."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema

LAGOS = ZoneInfo("Africa/Lagos")

Instant = Annotated[
    datetime,
    PlainSerializer(
        lambda instant: instant.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        return_type=str,
        when_used="json",
    ),
]
"""An aware instant; on the wire ISO-8601 UTC with Z, as PostgreSQL builds it for lists."""


def _whole_day(value: object) -> object:
    """A month written as ``2026-10`` is its first day."""
    return f"{value}-01" if isinstance(value, str) and len(value) == len("2026-10") else value


DayOrMonth = Annotated[date, BeforeValidator(_whole_day)]
"""A month on the wire: ``2026-10``, or any of its days."""


def _whole_minute(moment: time) -> time:
    if moment.tzinfo is not None:
        raise ValueError("give the time as the clocks of Lagos show it, such as 10:30")
    if moment.second or moment.microsecond:
        raise ValueError("give a time in whole minutes, such as 10:30")
    return moment


# JSON schema's own format of a time wants a zone.
_CLOCK = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?"}

ClockTime = Annotated[time, WithJsonSchema(_CLOCK)]
"""What the clocks of Lagos show; on the wire ``HH:MM:SS``."""

TimeOfDay = Annotated[ClockTime, AfterValidator(_whole_minute)]
"""A time that somebody gives, in whole minutes: ``HH:MM``."""


def utc_now() -> datetime:
    """The current instant, aware, in UTC."""
    return datetime.now(UTC)


def lagos_today() -> date:
    """The calendar day it is in the hospitals' zone."""
    return utc_now().astimezone(LAGOS).date()


def to_lagos(instant: datetime) -> datetime:
    """The same instant with Lagos wall-clock time, for showing."""
    return instant.astimezone(LAGOS)


def from_lagos(day: date, moment: time) -> datetime:
    """The instant at which the clocks of Lagos show this day and time."""
    return datetime.combine(day, moment, LAGOS).astimezone(UTC)


def month_start(day: date) -> date:
    """The first day of the month that ``day`` lies in."""
    return day.replace(day=1)


def month_end(day: date) -> date:
    """The last day of the month that ``day`` lies in."""
    return add_months(month_start(day), 1) - timedelta(days=1)


def add_months(first: date, months: int) -> date:
    """The first day of the month ``months`` after (or before) the month of ``first``."""
    index = first.year * 12 + first.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def last_months(count: int) -> list[date]:
    """First days of the last ``count`` months, oldest first; the present month is the last."""
    this = month_start(lagos_today())
    return [add_months(this, n) for n in range(1 - count, 1)]

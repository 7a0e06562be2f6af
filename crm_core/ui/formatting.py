"""How pages write what they show: money, days, instants, counts. Nothing here draws anything.

Money comes from ``crm_core.base.money``: ``naira_short`` on cards (₦4.5m), ``naira`` in tables
and sentences (₦4,500,000.00).
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from crm_core.base.clock import to_lagos

# What is written otherwise than an ordinary word.
_NAMES = {"sms": "SMS", "whatsapp": "WhatsApp"}


def day(value: date | None) -> str:
    """``3 Nov 2026``; a dash where there is none."""
    return f"{value.day} {value:%b %Y}" if value else "–"


def moment(value: datetime | None) -> str:
    """``3 Nov 2026, 14:05`` on a clock in Lagos; a dash where there is none."""
    if value is None:
        return "–"
    here = to_lagos(value)
    return f"{here.day} {here:%b %Y, %H:%M}"


def month(value: date) -> str:
    """``Nov 2026``."""
    return f"{value:%b %Y}"


def period(start: date, end: date) -> str:
    """``1 – 30 Nov 2026``, with as little repeated as possible."""
    if (start.year, start.month) == (end.year, end.month):
        return f"{start.day} – {day(end)}"
    return f"{day(start)} – {day(end)}"


def counted(number: int, noun: str, nouns: str = "") -> str:
    """``1 payout``, ``1,250 payouts``."""
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"


def percent(fraction: Decimal) -> str:
    """``0.0500`` → ``5 %``."""
    return f"{(fraction * 100).normalize():f} %"


def words(code: str) -> str:
    """``bank_transfer`` → ``Bank transfer``; ``sms`` → ``SMS``."""
    return _NAMES.get(code) or code.replace("_", " ").capitalize()


def short_person(person: str, names: Mapping[str, str]) -> str:
    """The name behind a key such as ``staff:12``, or the key where nobody has a name for it."""
    return names.get(person, person)

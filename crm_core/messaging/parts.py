"""What a text costs: an SMS is paid by the part, and one letter may halve what a part holds.

Of the GSM-7 alphabet a part holds 160 characters, or 153 where there are several, since each then
carries where it belongs. One character outside it turns the whole text into UCS-2: 70, or 67.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.money import round_kobo
from crm_core.messaging.schemas import Channel

Encoding = Literal["GSM-7", "UCS-2"]

# 3GPP TS 23.038, the default alphabet and its extension table.
_PLAIN = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPED = frozenset("\f^{}\\[~]|€")
_HOLDS: dict[Encoding, tuple[int, int]] = {"GSM-7": (160, 153), "UCS-2": (70, 67)}
_NAMED = 6


@dataclass(frozen=True)
class Parts:
    """How a text goes out as an SMS.

    Attributes:
        length: in units of the encoding: an escaped character of GSM-7 counts two, as does an
            emoji in UCS-2.
        forcing: the characters that GSM-7 lacks, each once, in their order.
    """

    encoding: Encoding
    parts: int
    length: int
    forcing: Sequence[str]

    @property
    def left(self) -> int:
        """Units that still fit without another part."""
        alone, several = _HOLDS[self.encoding]
        return max(0, (alone if self.parts <= 1 else several * self.parts) - self.length)


@dataclass(frozen=True)
class Prices:
    """Naira: an SMS part, an email, a WhatsApp message; what is not sent costs nothing."""

    sms_part: Decimal
    email: Decimal
    whatsapp: Decimal

    def of(self, channel: Channel, content: str) -> Decimal:
        """What one message with this text costs."""
        if channel is Channel.SMS:
            return round_kobo(self.sms_part * sms_parts(content).parts)
        prices = {Channel.EMAIL: self.email, Channel.WHATSAPP: self.whatsapp}
        return round_kobo(prices.get(channel, Decimal(0)))


def sms_parts(content: str) -> Parts:
    """The encoding, the parts and the length of a text; an empty one has no parts."""
    if _PLAIN.issuperset(content):  # nearly every text, and a campaign has a million of them
        return Parts("GSM-7", _plain_parts(len(content)), len(content), [])
    forcing = list(dict.fromkeys(_forcing(content)))
    encoding: Encoding = "UCS-2" if forcing else "GSM-7"
    units = [_units(character, encoding) for character in content]
    return Parts(encoding, _parts(units, *_HOLDS[encoding]), sum(units), forcing)


def prices_in_force(session: Session) -> Prices:
    """What messages cost, as the settings say."""
    found = {row.name: row.value for row in session.execute(_PRICES)}
    return Prices(
        sms_part=found["messaging.sms_part"],
        email=found["messaging.email"],
        whatsapp=found["messaging.whatsapp"],
    )


def warning_of(content: str) -> str | None:
    """What the naira sign and toned letters do to an SMS, in a sentence; None where they do not."""
    now = sms_parts(content)
    if not now.forcing:
        return None
    plain = sms_parts(_plainly(content)).parts
    named = ", ".join(now.forcing[:_NAMED]) + (" …" if len(now.forcing) > _NAMED else "")
    saving = f": {now.parts} parts instead of {plain}" if now.parts > plain else ""
    return (
        f"With {named} a part holds {_HOLDS['UCS-2'][0]} characters instead of"
        f" {_HOLDS['GSM-7'][0]}{saving}. NGN for ₦ and letters without tone marks and dots"
        " avoid it."
    )


def _forcing(content: str) -> Iterator[str]:
    """The letters that GSM-7 lacks; a tone mark that is written by itself goes with its letter."""
    letters: list[str] = []
    for character in content:
        if letters and unicodedata.combining(character):
            letters[-1] += character
        else:
            letters.append(character)
    return (letter for letter in letters if not set(letter) <= _PLAIN | _ESCAPED)


def _plain_parts(length: int) -> int:
    alone, several = _HOLDS["GSM-7"]
    return -(-length // several) if length > alone else min(length, 1)


def _units(character: str, encoding: Encoding) -> int:
    if encoding == "GSM-7":
        return 2 if character in _ESCAPED else 1
    return len(character.encode("utf-16-be")) // 2


def _parts(units: Sequence[int], alone: int, several: int) -> int:
    """How many parts they fill; a character of two units is never cut in two."""
    if sum(units) <= alone:
        return 1 if units else 0
    parts, used = 1, 0
    for each in units:
        if used + each > several:
            parts, used = parts + 1, 0
        used += each
    return parts


def _plainly(content: str) -> str:
    """The same text as GSM-7 could carry it, for its length only."""
    kept = (c for c in content.replace("₦", "NGN") if not unicodedata.combining(c))
    return "".join(c if c in _PLAIN or c in _ESCAPED else "x" for c in kept)


_PRICES = text(
    "SELECT name, value FROM crm_parameters"
    " WHERE name IN ('messaging.sms_part', 'messaging.email', 'messaging.whatsapp')"
)

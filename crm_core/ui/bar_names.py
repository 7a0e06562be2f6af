"""The names beside sideways bars: long ones in lines, and the room that they take."""

from collections.abc import Sequence
from textwrap import wrap

_LETTER, _EDGE = 6.4, 12  # pixels


def in_lines(label: str) -> str:
    """A long name in lines of some twenty letters: on a telephone it leaves room for the bar."""
    return "<br>".join(wrap(label, 20)) or label


def beside_bars(labels: Sequence[str]) -> int:
    """Pixels that the names take."""
    lines = [line for label in labels for line in in_lines(label).split("<br>")]
    return round(_LETTER * max(map(len, lines), default=0)) + _EDGE

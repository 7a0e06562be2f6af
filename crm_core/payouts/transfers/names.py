"""How alike two names of an account's holder are."""

import unicodedata
from difflib import SequenceMatcher

FITS = 80
"""From so many points on two names are taken for the same holder's."""

_INITIAL = 0.8
_SINGLE = 0.7  # one word in common says little
_TITLES = frozenset(
    [
        "mr",
        "mrs",
        "miss",
        "ms",
        "dr",
        "prof",
        "engr",
        "arc",
        "barr",
        "chief",
        "alhaji",
        "alhaja",
        "hajia",
        "pastor",
        "rev",
        "sir",
        "lady",
        "ltd",
        "limited",
        "plc",
        "nig",
        "nigeria",
    ]
)


def name_match(ours: str, theirs: str) -> int:
    """0 to 100: order, titles, accents and further names do not count, spelling does a little."""
    ours_words, theirs_words = _words(ours), _words(theirs)
    fewer, more = sorted((ours_words, theirs_words), key=len)
    if not fewer:
        return 0
    total = 0.0
    left = list(more)
    for word in fewer:
        best = max(left, key=lambda other: _likeness(word, other))
        total += _likeness(word, best)
        left.remove(best)
    score = total / len(fewer)
    return round(100 * score * (_SINGLE if len(fewer) == 1 and len(more) > 1 else 1))


def _likeness(one: str, other: str) -> float:
    if one[0] == other[0] and 1 in (len(one), len(other)) and one != other:
        return _INITIAL
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _words(name: str) -> list[str]:
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    letters = "".join(c if c.isalnum() or c in "'’" else " " for c in plain.casefold())
    words = letters.replace("'", "").replace("’", "").split()
    return [word for word in words if word not in _TITLES] or words

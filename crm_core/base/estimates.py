"""Large totals, remembered for half a minute: what is an estimate need not be made for each page.

Counting up to a thousand and asking the planner costs as much as the page itself. A total that
is exact is never remembered, so that a list shows at once what was added to it.
"""

import re
import time
from collections.abc import Callable

KEPT = 30.0
"""Seconds."""

_MOST = 1000  # statements kept, before the rare ones push all others out
_ESTIMATED = re.compile(r'"pagination" : \{"total" : (\d+), [^}]*"estimated" : true')
_END = 800  # characters in which the pagination stands: a cursor has at most 500


class Estimates:
    """A list's statement with its total written in, by the statement that counts it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[tuple[str, str], tuple[str, float]] = {}

    def recall(self, known: str, counted: str) -> str | None:
        """The statement that ``keep`` was given, with the total in place; None where it is old."""
        found = self._kept.get((known, counted))
        return found[0] if found is not None and found[1] > self._clock() else None

    def keep(self, known: str, counted: str, *, answer: str) -> None:
        """Remembers the total of this answer where it is an estimate.

        Args:
            known: the list's statement with a placeholder for the total.
            counted: the statement that counts, with its values written in.
            answer: what the list answered.
        """
        estimated = _ESTIMATED.search(answer[-_END:])
        if estimated is None:
            return
        if len(self._kept) >= _MOST:
            self._kept.clear()
        statement = known.replace("%(_known)s", estimated[1])
        self._kept[known, counted] = (statement, self._clock() + KEPT)

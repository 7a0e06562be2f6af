"""Working time: what lies between two instants, and when so much of it is used up.

A day is worked from its opening to its closing hour in Lagos, unless it is a public holiday. The
holidays come from the ``holidays`` package; days that were moved stand in the settings.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache

import holidays

from crm_core.base.clock import LAGOS, to_lagos

Span = tuple[datetime, datetime]
Stop = tuple[datetime, datetime | None]
"""From when to when a clock stood still; without an end where it still does."""

_FURTHEST = timedelta(days=3660)
_ESTIMATED = "estimated"


@dataclass(frozen=True)
class PublicHoliday:
    """A day of the calendar; an ``estimated`` one follows the moon and may move."""

    name: str
    estimated: bool


@cache
def public_holidays(year: int) -> Mapping[date, PublicHoliday]:
    """Nigeria's public holidays of a year, as the package knows them."""
    found = holidays.country_holidays("NG", years=year)
    return {
        day: PublicHoliday(name.replace(" (estimated)", ""), _ESTIMATED in name)
        for day, name in sorted(found.items())
    }


@dataclass(frozen=True)
class WorkCalendar:
    """When people work.

    Args:
        hours: weekday (1 is Monday) → opening and closing hour; a day off is left out.
        added: days that are holidays although the calendar does not say so.
        removed: days of the calendar that are worked after all.
    """

    hours: Mapping[int, tuple[time, time]]
    added: frozenset[date] = field(default_factory=frozenset)
    removed: frozenset[date] = field(default_factory=frozenset)

    def is_worked(self, day: date) -> bool:
        """Whether anybody works on this day."""
        if day.isoweekday() not in self.hours or day in self.added:
            return False
        return day in self.removed or day not in public_holidays(day.year)

    def spans(self, start: datetime, end: datetime) -> Iterator[Span]:
        """The working time between two instants, in pieces of at most a day."""
        day = to_lagos(start).date()
        while (midnight := datetime.combine(day, time.min, LAGOS)) < end:
            if self.is_worked(day):
                opens, closes = self.hours[day.isoweekday()]
                first = max(start, midnight.replace(hour=opens.hour, minute=opens.minute))
                last = min(end, midnight.replace(hour=closes.hour, minute=closes.minute))
                if first < last:
                    yield first, last
            day += timedelta(days=1)

    def worked(self, start: datetime, end: datetime, stops: Sequence[Stop] = ()) -> timedelta:
        """Working time between two instants, less what lies in the stops."""
        pieces = (piece for span in self.spans(start, end) for piece in _without(span, stops))
        return sum((last - first for first, last in pieces), timedelta())

    def reached(
        self, start: datetime, needed: timedelta, stops: Sequence[Stop] = ()
    ) -> datetime | None:
        """The instant at which so much working time has passed; None where a stop is in the way.

        A target that ends exactly with a working day is due at its closing hour, not the next
        morning.
        """
        left = needed
        for span in self.spans(start, start + _FURTHEST):
            for first, last in _without(span, stops):
                if last - first >= left:
                    return first + left
                left -= last - first
            if _stands_after(span[1], stops):
                return None
        return None


def _without(span: Span, stops: Sequence[Stop]) -> Iterator[Span]:
    """What is left of a span between the stops, which are in order and do not overlap."""
    first, last = span
    for stopped, resumed in stops:
        if stopped >= last:
            break
        if resumed is not None and resumed <= first:
            continue
        if stopped > first:
            yield first, stopped
        if resumed is None or resumed >= last:
            return
        first = resumed
    yield first, last


def _stands_after(instant: datetime, stops: Sequence[Stop]) -> bool:
    """Whether the clock stands still from before this instant on for ever."""
    return bool(stops) and stops[-1][1] is None and stops[-1][0] <= instant

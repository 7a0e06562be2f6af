"""How feedback is written: its clock, its people, its stars."""

from datetime import datetime, timedelta

from crm_core.base.clock import to_lagos, utc_now
from crm_core.feedback.schemas import FeedbackRead, FeedbackStatus, QueueRow

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def clock(row: QueueRow) -> str:
    """``2 h 5 min late``, ``in 45 min to answer``, ``stands, 8 h left``; empty where it ended."""
    if row.due_at is not None:
        what = "to answer" if row.answer_due else "to resolve"
        return f"{distance(row.due_at)} {what}"
    if row.minutes_left is not None:
        return f"stands, {span(timedelta(minutes=row.minutes_left))} of work left"
    return ""


def clock_of(piece: FeedbackRead) -> tuple[str, str]:
    """What the clock of a whole piece runs for, and how far it is: ``To answer``, ``in 45 min``."""
    if piece.due_at is not None:
        what = "To answer" if piece.responded_at is None else "To resolve"
        return what, distance(piece.due_at)
    if piece.minutes_left is not None:
        return "The clock stands", f"{span(timedelta(minutes=piece.minutes_left))} left"
    return "The clock", "stands" if piece.status is FeedbackStatus.WAITING else "has ended"


def distance(due: datetime) -> str:
    """How far an instant is: ``in 45 min``, ``2 h 5 min late``."""
    left = due - utc_now()
    return f"in {span(left)}" if left >= timedelta() else f"{span(-left)} late"


def span(length: timedelta) -> str:
    """``3 d 4 h``, ``2 h 5 min``, ``45 min``."""
    days, rest = divmod(length, _DAY)
    hours, rest = divmod(rest, _HOUR)
    minutes = rest // _MINUTE
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min"


def hours(minutes: float | None) -> str:
    """Working minutes as ``2 h 5 min``; a dash where there is none."""
    if minutes is None:
        return "–"
    whole, rest = divmod(round(minutes), 60)
    return f"{whole} h {rest} min" if whole and rest else f"{whole} h" if whole else f"{rest} min"


def stars(rating: int | None) -> str:
    """``★★★☆☆``; empty where nobody rated."""
    return "" if rating is None else "★" * rating + "☆" * (5 - rating)


def due(piece: FeedbackRead) -> str:
    """When it is due, on a clock in Lagos: ``24 Nov, 11:30``; a dash where it is not."""
    if piece.due_at is None:
        return "–"
    here = to_lagos(piece.due_at)
    return f"{here.day} {here:%b, %H:%M}"

"""The clocks of a case: when it is to be answered and resolved, in working time.

Both clocks run in working hours and stand still while a case waits for its giver. The clock of
the resolution begins when the case comes in, goes on where it stopped when a resolved case is
reopened, and follows priority and kind as they are now. The clock of the answer begins anew at
each reopening: the giver is to hear from us again. Everything is worked out from facts that are
kept (instants and stops), so that a changed setting moves every open case to where it belongs.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.base.parameters import Parameter
from crm_core.feedback.models import Feedback, FeedbackStop, HolidayChange, WorkingHours
from crm_core.feedback.schemas import FeedbackStatus, FeedbackType, Priority
from crm_core.feedback.worktime import Stop, WorkCalendar

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""When something is due that is not due."""


@dataclass(frozen=True)
class Target:
    """Working time until an answer, and until it is resolved."""

    response: timedelta
    resolution: timedelta


@dataclass(frozen=True)
class Basis:
    """What clocks are worked out from; ``name`` differs where any of it differs."""

    calendar: WorkCalendar
    targets: Mapping[tuple[str, str], Target]
    name: str

    def target(self, case: Feedback) -> Target:
        """The target of a case as it is now."""
        return self.targets[case.type, case.priority]


def read_basis(session: Session) -> Basis:
    """The settings in force: working hours, holidays, targets."""
    hours = session.execute(
        select(WorkingHours.weekday, WorkingHours.opens, WorkingHours.closes).order_by(
            WorkingHours.weekday
        )
    ).all()
    days = session.execute(
        select(HolidayChange.day, HolidayChange.is_holiday).order_by(HolidayChange.day)
    ).all()
    figures = session.execute(
        select(Parameter.name, Parameter.value)
        .where(Parameter.name.like("feedback.%\\_hours.%"))
        .order_by(Parameter.name)
    ).all()
    said = repr((version("holidays"), [tuple(row) for row in (*hours, *days, *figures)]))
    return Basis(
        WorkCalendar(
            hours={day: (opens, closes) for day, opens, closes in hours if opens and closes},
            added=frozenset(day for day, is_holiday in days if is_holiday),
            removed=frozenset(day for day, is_holiday in days if not is_holiday),
        ),
        _targets({name: float(value) for name, value in figures}),
        hashlib.sha256(said.encode()).hexdigest()[:16],
    )


def set_clocks(session: Session, cases: Sequence[Feedback], basis: Basis, now: datetime) -> None:
    """Works out when these open cases are due; the caller flushes."""
    stops = stops_of(session, [case.id for case in cases])
    for case in cases:
        _set_clock(case, stops.get(case.id, []), basis, now)


def stops_of(session: Session, ids: Sequence[int]) -> dict[int, list[Stop]]:
    """When the clocks of these cases stood still, in order."""
    found: dict[int, list[Stop]] = defaultdict(list)
    rows = session.execute(
        select(FeedbackStop.feedback_id, FeedbackStop.stopped_at, FeedbackStop.resumed_at)
        .where(FeedbackStop.feedback_id.in_(ids))
        .order_by(FeedbackStop.feedback_id, FeedbackStop.stopped_at, FeedbackStop.id)
    )
    for feedback_id, stopped, resumed in rows:
        found[feedback_id].append((stopped, resumed))
    return found


def due_times(case: Feedback, stops: Sequence[Stop], basis: Basis) -> tuple[datetime, datetime]:
    """When a case is to be answered and resolved; ``NEVER`` while its clock stands still."""
    target, calendar = basis.target(case), basis.calendar
    response = calendar.reached(case.response_from, target.response, stops)
    resolution = calendar.reached(case.created_at, target.resolution, stops)
    return response or NEVER, resolution or NEVER


def note_response(session: Session, case: Feedback, basis: Basis, now: datetime) -> None:
    """The giver was answered: the clock of the answer ends; its first end is what is measured."""
    if case.responded_at is not None:
        return
    case.responded_at = now
    if case.response_minutes is None:
        stops = stops_of(session, [case.id]).get(case.id, [])
        used = basis.calendar.worked(case.response_from, now, stops)
        case.response_minutes = used // timedelta(minutes=1)
        case.response_late = used > basis.target(case).response


def note_resolution(session: Session, case: Feedback, basis: Basis, now: datetime) -> None:
    """The case is resolved: how much working time it took in all its rounds."""
    stops = stops_of(session, [case.id]).get(case.id, [])
    used = basis.calendar.worked(case.created_at, now, stops)
    case.resolution_minutes = used // timedelta(minutes=1)
    case.resolution_late = used > basis.target(case).resolution


def _set_clock(case: Feedback, stops: Sequence[Stop], basis: Basis, now: datetime) -> None:
    target, calendar = basis.target(case), basis.calendar
    case.response_due_at, case.resolution_due_at = due_times(case, stops, basis)
    case.minutes_left = None
    case.clock_basis = basis.name
    pending = {case.resolution_due_at}
    if case.responded_at is None:
        pending.add(case.response_due_at)
    if case.status == FeedbackStatus.WAITING and pending == {NEVER}:
        left = target.resolution - calendar.worked(case.created_at, now, stops)
        if case.responded_at is None:
            left = min(left, target.response - calendar.worked(case.response_from, now, stops))
        case.minutes_left = left // timedelta(minutes=1)


def _targets(hours: Mapping[str, float]) -> dict[tuple[str, str], Target]:
    return {
        (kind.value, priority.value): Target(
            *(
                timedelta(hours=hours[f"feedback.{clock}_hours.{kind.value}.{priority.value}"])
                for clock in ("response", "resolution")
            )
        )
        for kind in FeedbackType
        for priority in Priority
    }

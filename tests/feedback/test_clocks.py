"""When a case is due: worked out by hand, on a calendar, before any of it was programmed.

Work is from 8 to 17 on weekdays. In 2026: Good Friday is 3 April and Easter Monday 6 April, the
first of October (a Thursday) is National Day, Christmas is a Friday, Boxing Day a Saturday that is
kept on Monday 28 December. 2 November is a Monday.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.feedback import clocks, queries, service
from crm_core.feedback.invariants import invariants
from crm_core.feedback.models import Feedback
from crm_core.feedback.schemas import FeedbackUpdate, HolidayChange, HoursChange, Priority
from crm_core.feedback.worktime import WorkCalendar, public_holidays
from tests import make_feedback as make
from tests.feedback.acts import ACTS
from tests.make_feedback import lagos
from tests.observe import sql

WEEK = WorkCalendar({day: (time(8), time(17)) for day in range(1, 6)})

# begins, working hours, due
WITHOUT_STOPS = {
    "within a day": ("2026-11-02 09:00", 3, "2026-11-02 12:00"),
    "over night": ("2026-11-02 16:00", 3, "2026-11-03 10:00"),
    "over a weekend": ("2026-11-06 16:00", 3, "2026-11-09 10:00"),
    "came in on a Saturday": ("2026-11-07 12:00", 1, "2026-11-09 09:00"),
    "came in before work": ("2026-11-02 05:30", 1, "2026-11-02 09:00"),
    "came in after work": ("2026-11-02 18:00", 1, "2026-11-03 09:00"),
    "ends with the day": ("2026-11-02 08:00", 9, "2026-11-02 17:00"),
    "ends with the week": ("2026-11-06 16:00", 1, "2026-11-06 17:00"),
    "over National Day": ("2026-09-30 16:30", 1, "2026-10-02 08:30"),
    "over Easter": ("2026-04-02 16:00", 2, "2026-04-07 09:00"),
    "over Christmas and a day kept later": ("2026-12-24 15:00", 9, "2026-12-29 15:00"),
    "over the new year": ("2026-12-31 16:00", 2, "2027-01-04 09:00"),
    "two working weeks": ("2026-11-02 08:00", 90, "2026-11-13 17:00"),
    "a quarter of an hour": ("2026-11-02 16:50", 0.25, "2026-11-03 08:05"),
}

# begins, working hours, stops (from, to), due
WITH_STOPS: dict[str, Any] = {
    "four hours of waiting": (
        "2026-11-02 09:00", 3, [("2026-11-02 10:00", "2026-11-02 14:00")], "2026-11-02 16:00",
    ),
    "waiting over a weekend": (
        "2026-11-06 15:00", 3, [("2026-11-06 16:00", "2026-11-09 09:00")], "2026-11-09 11:00",
    ),
    "waiting at night costs nothing": (
        "2026-11-02 16:00", 3, [("2026-11-02 18:00", "2026-11-03 07:00")], "2026-11-03 10:00",
    ),
    "waiting over National Day": (
        "2026-09-30 15:00", 4, [("2026-09-30 16:00", "2026-10-02 12:00")], "2026-10-02 15:00",
    ),
    "waiting twice": (
        "2026-11-02 08:00", 9,
        [("2026-11-02 10:00", "2026-11-02 12:00"), ("2026-11-02 15:00", "2026-11-03 09:00")],
        "2026-11-03 13:00",
    ),
    "waiting began after it was due": (
        "2026-11-02 09:00", 1, [("2026-11-02 11:00", None)], "2026-11-02 10:00",
    ),
    "still waiting": ("2026-11-02 09:00", 3, [("2026-11-02 10:00", None)], None),
    "resolved for a week, then reopened": (
        "2026-11-02 09:00", 9, [("2026-11-02 14:00", "2026-11-09 14:00")], "2026-11-10 09:00",
    ),
    "waited, resolved, reopened": (
        "2026-11-02 08:00", 18,
        [("2026-11-02 12:00", "2026-11-03 12:00"), ("2026-11-04 10:00", "2026-11-06 16:00")],
        "2026-11-09 14:00",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(WITHOUT_STOPS))
def test_it_is_due_when_so_much_working_time_has_passed(name: str) -> None:
    begins, hours, due = WITHOUT_STOPS[name]
    assert WEEK.reached(lagos(begins), timedelta(hours=hours)) == lagos(due)
    assert WEEK.worked(lagos(begins), lagos(due)) == timedelta(hours=hours)


@pytest.mark.parametrize("name", list(WITH_STOPS))
def test_a_clock_that_stands_still_counts_nothing(name: str) -> None:
    begins, hours, given, due = WITH_STOPS[name]
    stops = _stops(given)
    found = WEEK.reached(lagos(begins), timedelta(hours=hours), stops)
    assert found == (lagos(due) if due else None)
    if due:
        assert WEEK.worked(lagos(begins), lagos(due), stops) == timedelta(hours=hours)


def _stops(given: Sequence[Any]) -> list[tuple[datetime, datetime | None]]:
    return [(lagos(first), lagos(last) if last else None) for first, last in given]


def test_the_moon_moved_a_holiday_and_people_wrote_it_down() -> None:
    # The calendar expects the Prophet's birthday on Wednesday 26 August; it was kept on Tuesday.
    moved = WorkCalendar(
        WEEK.hours, added=frozenset({date(2026, 8, 25)}), removed=frozenset({date(2026, 8, 26)})
    )
    assert WEEK.reached(lagos("2026-08-25 16:00"), timedelta(hours=2)) == lagos("2026-08-27 09:00")
    assert moved.reached(lagos("2026-08-24 16:00"), timedelta(hours=2)) == lagos("2026-08-26 09:00")


def test_the_calendar_knows_what_it_only_estimates() -> None:
    days = public_holidays(2026)
    assert not days[date(2026, 10, 1)].estimated
    assert days[date(2026, 8, 26)].estimated
    assert "estimated" not in days[date(2026, 8, 26)].name


# What is set up, and when the answer and the resolution are due. A complaint of medium priority
# is to be answered in 9 and resolved in 45 working hours, a high one in 3 and 18, a critical one in
# 1 and 9.
CASES: dict[str, dict[str, Any]] = {
    "it came in on Friday afternoon": {
        "created": "2026-11-06 16:00",
        "answer": "2026-11-09 16:00",
        "resolution": "2026-11-13 16:00",
    },
    "it became high": {
        "created": "2026-11-06 16:00",
        "priority": "high",
        "answer": "2026-11-09 10:00",
        "resolution": "2026-11-10 16:00",
    },
    "it became critical on a holiday": {
        "created": "2026-10-01 10:00",
        "priority": "critical",
        "answer": "2026-10-02 09:00",
        "resolution": "2026-10-02 17:00",
    },
    "it waited over the weekend, then became high": {
        "created": "2026-11-06 15:00",
        "stops": [("waiting", "2026-11-06 16:00", "2026-11-09 12:00")],
        "priority": "high",
        # One hour was used on Friday: two are left for the answer, seventeen for the resolution.
        "answer": "2026-11-09 14:00",
        "resolution": "2026-11-11 11:00",
    },
    "it was lowered": {
        "created": "2026-11-02 08:00",
        "priority": "low",
        "answer": "2026-11-03 17:00",
        "resolution": "2026-11-13 17:00",
    },
    "it was resolved on Tuesday and reopened on Friday": {
        "created": "2026-11-02 08:00",
        "stops": [("resolved", "2026-11-03 10:00", "2026-11-06 10:00")],
        "reopened": "2026-11-06 10:00",
        # Eleven of 45 hours were used: 34 are left. The answer is due anew.
        "answer": "2026-11-09 10:00",
        "resolution": "2026-11-11 17:00",
    },
    "it was reopened twice, and became high": {
        "created": "2026-11-02 08:00",
        "stops": [
            ("resolved", "2026-11-02 12:00", "2026-11-04 08:00"),
            ("resolved", "2026-11-04 12:00", "2026-11-09 15:00"),
        ],
        "reopened": "2026-11-09 15:00",
        "priority": "high",
        # Four and four of 18 hours were used: ten are left.
        "answer": "2026-11-10 09:00",
        "resolution": "2026-11-10 16:00",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", list(CASES))
def test_the_clocks_of_a_case(session: Session, name: str) -> None:
    given = CASES[name]
    case = _case(session, given)
    if "priority" in given:
        change = FeedbackUpdate(priority=Priority(given["priority"]))
        service.update_feedback(session, case.id, change, actor=make.VIEWER)
    assert case.response_due_at == lagos(given["answer"])
    assert case.resolution_due_at == lagos(given["resolution"])
    session.refresh(case)
    assert case.due_at == min(lagos(given["answer"]), lagos(given["resolution"]))
    assert list(invariants(session)) == []


def _case(session: Session, given: dict[str, Any]) -> Feedback:
    begins = lagos(given.get("reopened", given["created"]))
    feedback_id = make.feedback_since(session, lagos(given["created"]), response_from=begins)
    for kind, stopped, resumed in given.get("stops", []):
        _stop(session, feedback_id, kind, stopped, resumed)
    return _set(session, feedback_id)


def _stop(session: Session, feedback_id: int, kind: str, stopped: str, resumed: str | None) -> None:
    sql(
        session,
        "INSERT INTO crm_feedback_stops (feedback_id, kind, stopped_at, resumed_at)"
        " VALUES (:id, :kind, :stopped, :resumed)",
        id=feedback_id,
        kind=kind,
        stopped=lagos(stopped),
        resumed=lagos(resumed) if resumed else None,
    )


def _set(session: Session, feedback_id: int, now: datetime | None = None) -> Feedback:
    case = session.get_one(Feedback, feedback_id, populate_existing=True)
    clocks.set_clocks(session, [case], clocks.read_basis(session), now or utc_now())
    session.flush()
    return case


def test_a_case_that_waits_is_due_never_and_says_what_is_left(session: Session) -> None:
    feedback_id = make.feedback_since(session, lagos("2026-11-06 15:00"))
    sql(session, "UPDATE crm_feedback SET status = 'in_progress' WHERE id = :id", id=feedback_id)
    sql(session, "UPDATE crm_feedback SET status = 'waiting' WHERE id = :id", id=feedback_id)
    _stop(session, feedback_id, "waiting", "2026-11-06 16:00", None)
    case = _set(session, feedback_id, lagos("2026-11-20 12:00"))
    # Nine hours until an answer, of which Friday's one was used.
    assert (case.response_due_at, case.minutes_left) == (clocks.NEVER, 8 * 60)
    assert queries.get_feedback(session, feedback_id).due_at is None


def test_waiting_does_not_forgive_what_was_late_before(session: Session) -> None:
    feedback_id = make.feedback_since(session, lagos("2026-11-02 08:00"), priority="critical")
    sql(session, "UPDATE crm_feedback SET status = 'in_progress' WHERE id = :id", id=feedback_id)
    sql(session, "UPDATE crm_feedback SET status = 'waiting' WHERE id = :id", id=feedback_id)
    _stop(session, feedback_id, "waiting", "2026-11-02 11:00", None)
    case = _set(session, feedback_id)
    assert case.response_due_at == lagos("2026-11-02 09:00")
    assert queries.get_feedback(session, feedback_id).overdue


def test_the_first_answer_is_measured_in_working_minutes(session: Session) -> None:
    late = make.feedback_since(session, lagos("2026-11-06 16:00"))
    basis = clocks.read_basis(session)
    case = session.get_one(Feedback, late, populate_existing=True)
    clocks.note_response(session, case, basis, lagos("2026-11-09 17:00"))
    assert (case.response_minutes, case.response_late) == (600, True)
    clocks.note_resolution(session, case, basis, lagos("2026-11-10 09:00"))
    assert (case.resolution_minutes, case.resolution_late) == (660, False)


def test_a_second_answer_after_reopening_does_not_change_how_fast_the_first_was(
    session: Session,
) -> None:
    piece = make.make_feedback(session)
    for act in ("reply", "resolve", "reopen", "reply"):
        ACTS[act](session, piece.id)
    case = session.get_one(Feedback, piece.id, populate_existing=True)
    assert case.responded_at is not None
    assert case.responded_at > case.response_from > case.created_at
    assert case.response_minutes == 0


def test_changed_hours_and_holidays_move_open_cases_and_leave_ended_ones(session: Session) -> None:
    open_one = make.feedback_since(session, lagos("2026-11-06 16:00"))
    _set(session, open_one)
    ended = make.make_feedback(session)
    ACTS["resolve"](session, ended.id)
    before = session.get_one(Feedback, ended.id, populate_existing=True).resolution_due_at
    moved = HolidayChange(day=date(2026, 11, 9), name="Election day")
    service.set_holiday(session, moved, actor=make.ADMIN)
    longer = HoursChange(weekday=2, opens=time(7), closes=time(19))
    service.set_hours(session, longer, actor=make.ADMIN)
    assert service.refresh_clocks(session) == 1
    assert service.refresh_clocks(session) == 0
    session.expire_all()
    # One hour on Friday, none on Monday, eight from seven o'clock on Tuesday.
    assert session.get_one(Feedback, open_one).response_due_at == lagos("2026-11-10 15:00")
    assert session.get_one(Feedback, ended.id).resolution_due_at == before

"""Reads of what administrators set: targets, working hours, days off, words of alarm."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.feedback import clocks
from crm_core.feedback.models import AlarmWord, HolidayChange, WorkingHours
from crm_core.feedback.schemas import (
    AlarmWordRead,
    DayOff,
    FeedbackType,
    HolidayRead,
    HoursRead,
    Priority,
    TargetRead,
)
from crm_core.feedback.worktime import public_holidays


def list_targets(session: Session) -> list[TargetRead]:
    """Every kind with every priority, the most urgent first."""
    targets = clocks.read_basis(session).targets
    return [
        TargetRead(
            type=kind,
            priority=priority,
            response_hours=targets[kind, priority].response.total_seconds() / 3600,
            resolution_hours=targets[kind, priority].resolution.total_seconds() / 3600,
        )
        for kind in FeedbackType
        for priority in reversed(Priority)
    ]


def list_hours(session: Session) -> list[HoursRead]:
    """Monday to Sunday."""
    found = session.scalars(select(WorkingHours).order_by(WorkingHours.weekday))
    return [HoursRead.model_validate(day) for day in found]


def list_changes(session: Session) -> list[HolidayRead]:
    """Days that differ from the calendar, the latest first, at most 500."""
    found = session.scalars(select(HolidayChange).order_by(HolidayChange.day.desc()).limit(500))
    return [HolidayRead.model_validate(day) for day in found]


def days_off(session: Session, year: int) -> list[DayOff]:
    """The public holidays of a year as they count, the changes among them."""
    changes = {change.day: change for change in list_changes(session) if change.day.year == year}
    kept = [
        DayOff(day=day, name=holiday.name, estimated=holiday.estimated, added=False)
        for day, holiday in public_holidays(year).items()
        if day not in changes
    ]
    kept += [
        DayOff(day=change.day, name=change.name, estimated=False, added=True)
        for change in changes.values()
        if change.is_holiday
    ]
    return sorted(kept, key=lambda one: one.day)


def list_alarm_words(session: Session) -> list[AlarmWordRead]:
    """Every word, by topic and name."""
    found = session.scalars(select(AlarmWord).order_by(AlarmWord.topic, AlarmWord.word))
    return [AlarmWordRead.model_validate(word) for word in found]

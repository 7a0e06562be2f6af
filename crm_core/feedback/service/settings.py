"""What administrators set: targets, working hours, moved holidays, words of alarm."""

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from crm_core.base.db import refusing_violations
from crm_core.base.errors import Conflict, NotFound
from crm_core.base.parameters import change_parameter
from crm_core.feedback.alarm import folded
from crm_core.feedback.models import AlarmWord, WorkingHours
from crm_core.feedback.models import HolidayChange as KeptHoliday
from crm_core.feedback.schemas import (
    AlarmWordCreate,
    AlarmWordRead,
    HolidayChange,
    HolidayRead,
    HoursChange,
    HoursRead,
    TargetChange,
)
from crm_core.people.schemas import Actor, Permission


def set_target(session: Session, data: TargetChange, *, actor: Actor) -> None:
    """Working hours for one kind and priority; open cases follow within a minute."""
    actor.require(Permission.SETTINGS_WRITE)
    key = f"{data.type.value}.{data.priority.value}"
    change_parameter(session, f"feedback.response_hours.{key}", data.response_hours)
    change_parameter(session, f"feedback.resolution_hours.{key}", data.resolution_hours)


def set_hours(session: Session, data: HoursChange, *, actor: Actor) -> HoursRead:
    """When people work on a weekday; at least one day of the week is worked."""
    actor.require(Permission.SETTINGS_WRITE)
    days = session.scalars(
        select(WorkingHours)
        .order_by(WorkingHours.weekday)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    day = next(one for one in days if one.weekday == data.weekday)
    if data.opens is None and not any(one.opens for one in days if one is not day):
        raise Conflict("Somebody has to work: leave at least one day with hours.")
    day.opens, day.closes = data.opens, data.closes
    session.flush()
    return HoursRead.model_validate(day)


def set_holiday(session: Session, data: HolidayChange, *, actor: Actor) -> HolidayRead:
    """A day off that the calendar lacks, or one of its days that is worked after all."""
    actor.require(Permission.SETTINGS_WRITE)
    kept = session.scalars(
        insert(KeptHoliday)
        .values(**data.model_dump())
        .on_conflict_do_update(
            index_elements=["day"], set_={"is_holiday": data.is_holiday, "name": data.name}
        )
        .returning(KeptHoliday),
        execution_options={"populate_existing": True},
    ).one()
    return HolidayRead.model_validate(kept)


def remove_holiday(session: Session, holiday_id: int, *, actor: Actor) -> None:
    """The day is again what the calendar says."""
    actor.require(Permission.SETTINGS_WRITE)
    gone = delete(KeptHoliday).where(KeptHoliday.id == holiday_id).returning(KeptHoliday.id)
    if session.execute(gone).first() is None:
        raise NotFound("This day is not there any more.")


def add_alarm_word(session: Session, data: AlarmWordCreate, *, actor: Actor) -> AlarmWordRead:
    """A word that makes what is said from now on critical."""
    actor.require(Permission.SETTINGS_WRITE)
    star = "*" if data.word.endswith("*") else ""
    word = AlarmWord(word=folded(data.word) + star, topic=data.topic.value)
    session.add(word)
    with refusing_violations(uq_crm_feedback_alarm_words_word="This word is on the list already."):
        session.flush()
    return AlarmWordRead.model_validate(word)


def remove_alarm_word(session: Session, word_id: int, *, actor: Actor) -> None:
    """What was said stays as urgent as it is."""
    actor.require(Permission.SETTINGS_WRITE)
    gone = delete(AlarmWord).where(AlarmWord.id == word_id).returning(AlarmWord.id)
    if session.execute(gone).first() is None:
        raise NotFound("This word is not there any more.")

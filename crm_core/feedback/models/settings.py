"""The tables of settings: working hours, moved holidays, words of alarm."""

from datetime import date, time

from sqlalchemy import (
    Boolean,
    SmallInteger,
    String,
)
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.base.db import Base


class WorkingHours(Base):
    """When people work on a weekday."""

    __tablename__ = "crm_feedback_hours"

    weekday: Mapped[int] = mapped_column(SmallInteger, unique=True)
    opens: Mapped[time | None] = mapped_column()
    closes: Mapped[time | None] = mapped_column()


class HolidayChange(Base):
    """A day that differs from the calendar of public holidays."""

    __tablename__ = "crm_feedback_holidays"

    day: Mapped[date] = mapped_column(unique=True)
    is_holiday: Mapped[bool] = mapped_column(Boolean)
    name: Mapped[str] = mapped_column(String)


class AlarmWord(Base):
    """A word that makes what is said critical."""

    __tablename__ = "crm_feedback_alarm_words"

    word: Mapped[str] = mapped_column(String, unique=True)
    topic: Mapped[str] = mapped_column(String)

"""How many patients a segment has: exactly, within a second; else what the planner expects."""

from datetime import date

import psycopg
from psycopg import sql
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Select, func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from crm_core.base.clock import lagos_today
from crm_core.campaigns.segments.compiling import segment_of
from crm_core.campaigns.segments.health import require_choice
from crm_core.campaigns.segments.schemas import Criteria
from crm_core.people.schemas import Actor, Permission

PATIENCE = 900
"""Milliseconds that a count may take; somebody is watching it."""


class SegmentCount(BaseModel):
    """How many patients match; ``estimated`` where counting them would have taken too long."""

    model_config = ConfigDict(frozen=True)

    count: int
    estimated: bool


def count_segment(
    session: Session, criteria: Criteria, *, actor: Actor, today: date | None = None
) -> SegmentCount:
    """Counts the patients in care who match.

    Raises:
        Forbidden: the criteria choose by health, and the actor may not.
    """
    actor.require(Permission.CAMPAIGNS_READ)
    require_choice(session, criteria, actor=actor)
    matching = segment_of(criteria, today or lagos_today())
    try:
        with session.begin_nested():
            session.execute(text(f"SET LOCAL statement_timeout = {PATIENCE}"))
            session.execute(text("SET LOCAL work_mem = '64MB'"))
            counted = select(func.count()).select_from(matching.subquery())
            return SegmentCount(count=session.execute(counted).scalar_one(), estimated=False)
    except OperationalError as error:
        if not _took_too_long(error):
            raise
        return SegmentCount(count=_estimate(session, matching), estimated=True)


def _took_too_long(error: OperationalError) -> bool:
    """The time limit ran out; somebody who cancels by hand wants no estimate either."""
    cancelled = isinstance(error.orig, psycopg.errors.QueryCanceled)
    return cancelled and "statement timeout" in str(error.orig)


def _estimate(session: Session, matching: Select[int]) -> int:
    compiled = matching.compile(session.connection().engine)
    values = {name: sql.Literal(value).as_string(None) for name, value in compiled.params.items()}
    found: int = session.execute(select(func.crm_estimate(str(compiled) % values))).scalar_one()
    return found

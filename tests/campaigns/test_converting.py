"""Who did what a campaign was for, or booked since a day, is found without reading every visit."""

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from crm_core.base.db import SessionFactory
from crm_core.campaigns import service
from crm_core.campaigns.segments.counting import count_segment
from tests.make_campaigns import DRAFTER, criteria, where
from tests.observe import Executed, executed, plan_of, sql


@pytest.fixture
def session(own_database: str) -> Iterator[Session]:
    """In a new database: what other tests have left of pages and statistics changes plans."""
    with SessionFactory() as session:
        yield session


def plans(session: Session, seen: list[Executed]) -> str:
    """How they would be run where both tables are too large to be read through or looked up in."""
    for way in ("seqscan", "nestloop", "mergejoin"):
        sql(session, f"SET LOCAL enable_{way} = off")
    wanted = [one for one in seen if "crm_appointments" in one.statement]
    return "\n".join(plan_of(session, one) for one in wanted)


@pytest.mark.parametrize("column", ["booked_at", "completed_at"])
def test_what_people_did_since_a_launch_is_looked_up(session: Session, column: str) -> None:
    with executed(session) as seen:
        service.count_conversions(session)

    assert f"ix_crm_appointments_{column}" in plans(session, seen)


def test_who_booked_since_a_day_is_looked_up(session: Session) -> None:
    with executed(session) as seen:
        since = criteria(where("booked", "since", "2026-11-01"))
        count_segment(session, since, actor=DRAFTER)

    assert "ix_crm_appointments_booked_at" in plans(session, seen)

"""Made-up feedback: what must hold of true feedback holds, and it comes after what was there."""

import psycopg
import pytest

from crm_core.base.db import SessionFactory, connect, reading
from crm_core.base.errors import Conflict
from crm_core.feedback.figures import queries as figures
from crm_core.feedback.figures.schemas import StatsFilter
from crm_core.generate import generate_feedback
from crm_core.verify import faults
from tests.make_business import make_hospital, make_owner
from tests.make_feedback import make_feedback, worker
from tests.make_patients import make_patient

OWNER = "&options=-c%20role%3Dcrm_owner"


def made(url: str, pieces: int = 400) -> int:
    return generate_feedback(url + OWNER, pieces=pieces, seed=3, say=lambda _: None).rows


def shape(url: str) -> list[str]:
    """Indexes, constraints and triggers with their states."""
    with psycopg.connect(url) as connection:
        return sorted(str(row) for row in connection.execute(_SHAPE).fetchall())


def test_it_is_true_and_leaves_the_tables_as_they_were(own_database: str) -> None:
    with SessionFactory.begin() as session:
        hospital = make_hospital(session)
        make_owner(session, hospital_id=hospital.id)
        make_patient(session)
        worker(session)
        make_feedback(session, rating=2)
    before = shape(own_database)
    assert made(own_database) > 800
    assert shape(own_database) == before
    engine = connect(own_database)  # the generator has let go of the one that was there
    with reading() as session:
        assert list(faults(session)) == []
        assert figures.totals(session, StatsFilter(months=36)).pieces > 380
    with SessionFactory.begin() as session:
        assert make_feedback(session).feedback_code == "FDB-402"
    engine.dispose()


def test_where_nobody_is_there_it_says_so(own_database: str) -> None:
    with pytest.raises(Conflict, match="nobody yet"):
        made(own_database, 10)


_SHAPE = """
    SELECT indexname FROM pg_indexes WHERE tablename LIKE 'crm_feedback%'
    UNION ALL SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint
        WHERE conname LIKE '%crm_feedback%'
    UNION ALL SELECT tgrelid::regclass || tgname || tgenabled::text FROM pg_trigger
        WHERE tgconstraint = 0 AND tgrelid::regclass::text LIKE 'crm_feedback%'
"""

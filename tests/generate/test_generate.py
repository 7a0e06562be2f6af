"""Made-up patients: the same by the same seed, and whatever must hold of true ones holds."""

from decimal import Decimal

import psycopg
import pytest
from sqlalchemy.orm import Session

from crm_core.base.db import SessionFactory, reading
from crm_core.base.errors import Conflict
from crm_core.generate import generate
from crm_core.generate.loading import TABLES
from crm_core.loyalty import queries
from crm_core.loyalty.figures import queries as figures
from crm_core.loyalty.schemas import MemberFilter
from crm_core.verify import faults
from tests.make_business import make_hospital
from tests.make_patients import make_patient, make_reward


@pytest.fixture
def owner(own_database: str) -> str:
    """The address of a database with a hospital and a reward, as the owner of the tables."""
    with SessionFactory.begin() as session:
        make_hospital(session)
        make_reward(session, name="Towel")
    return own_database + "&options=-c%20role%3Dcrm_owner"


def make(owner: str, patients: int = 60, transactions: int = 600, seed: int = 7) -> int:
    made = generate(
        owner, patients=patients, transactions=transactions, seed=seed, say=lambda _: None
    )
    return made.rows


def contents(owner: str) -> dict[str, str]:
    """A digest of what each table holds, the clock's and the sequence's own columns left out."""
    with psycopg.connect(owner) as connection:
        return {
            table: str(connection.execute(_DIGEST.format(table)).fetchone()) for table in TABLES
        }


_DIGEST = """
    SELECT count(*), md5(string_agg((to_jsonb(t) - 'search')::text, ',' ORDER BY id)) FROM {} t
"""


def shape(owner: str) -> list[str]:
    """Indexes, constraints and triggers with their states."""
    with psycopg.connect(owner) as connection:
        return sorted(str(row) for row in connection.execute(_SHAPE).fetchall())


_SHAPE = """
    SELECT indexdef FROM pg_indexes WHERE tablename LIKE 'crm_%'
    UNION ALL SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint
    UNION ALL SELECT tgrelid::regclass || tgname || tgenabled::text FROM pg_trigger
        WHERE tgconstraint = 0
"""


def test_what_must_always_hold_holds(owner: str) -> None:
    with SessionFactory.begin() as session:
        make_patient(session)

    make(owner)

    with reading() as session:
        assert list(faults(session)) == []


def test_so_many_patients_and_about_so_many_rows_are_made(owner: str) -> None:
    rows = make(owner, 200, 2000)

    with psycopg.connect(owner) as connection:
        counted = [
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # our own names
            for table in TABLES
        ]
    found = dict(zip(TABLES, [int(row[0]) if row else 0 for row in counted], strict=True))
    assert found["crm_patients"] == 200
    assert 1000 < found["crm_loyalty_transactions"] < 3000
    assert rows == sum(found.values())


def test_indexes_constraints_and_triggers_are_as_before(owner: str) -> None:
    before = shape(owner)

    make(owner)

    assert shape(owner) == before


def test_a_patient_registered_afterwards_follows_them(owner: str) -> None:
    make(owner)

    with SessionFactory.begin() as session:
        patient = make_patient(session, "Zara Zubair")

    assert patient.id > 60
    with reading() as session:
        assert list(faults(session)) == []
        found = queries.list_members(MemberFilter(search="zubiar")).page(session)
    assert patient.id in [member.id for member in found.rows]


def test_more_can_be_added(owner: str) -> None:
    make(owner, seed=1)
    make(owner, seed=2)

    with reading() as session:
        assert queries.loyalty_stats(session).members == 120
        assert list(faults(session)) == []


def test_the_figures_have_something_to_show(owner: str) -> None:
    make(owner, 300, 3000)

    with reading() as session:
        months = figures.programme_by_month(session)
        assert sum(month.earned for month in months) > 0
        assert months[-1].all_members == 300
        assert months[-1].outstanding == queries.loyalty_stats(session).points_outstanding
        assert sum(each.points for each in figures.ending_by_month(session)) == (
            months[-1].outstanding
        )
        assert figures.take_up_by_month(session)
        assert _shares(session) > Decimal(0)


def _shares(session: Session) -> Decimal:
    found = figures.retention(session)
    return sum((Decimal(each.earning) for each in found if each.quarter > each.cohort), Decimal(0))


def test_without_a_hospital_it_is_refused(own_database: str) -> None:
    with pytest.raises(Conflict, match="load the sample data first"):
        make(own_database + "&options=-c%20role%3Dcrm_owner")


def test_the_same_seed_makes_the_same(owner: str) -> None:
    make(owner)
    first = contents(owner)
    with psycopg.connect(owner) as connection:
        connection.execute(_FORGET)

    make(owner)

    assert contents(owner) == first


_FORGET = """
    SET LOCAL ROLE NONE;
    SET LOCAL session_replication_role = replica;
    TRUNCATE crm_patients, crm_loyalty_accounts, crm_loyalty_transactions, crm_loyalty_lots,
        crm_loyalty_consumptions, crm_loyalty_tier_movements, crm_redemptions, crm_loyalty_sums,
        crm_loyalty_sum_changes RESTART IDENTITY CASCADE;
    ALTER SEQUENCE crm_patient_codes RESTART
"""


def test_another_seed_makes_others(owner: str) -> None:
    make(owner, seed=1)
    make(owner, seed=2)

    with psycopg.connect(owner) as connection:
        row = connection.execute(
            "SELECT count(DISTINCT phone), count(*) FROM crm_patients"
        ).fetchone()
    assert row == (120, 120)

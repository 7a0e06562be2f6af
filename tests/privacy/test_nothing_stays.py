"""After an erasure no table of the database holds the person, and the books still agree."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from crm_core import verify
from crm_core.privacy.packs import PARTS
from crm_core.privacy.registry import HELD
from tests.observe import sql
from tests.privacy.acts import erased
from tests.privacy.lives import left_of, lived


def test_no_table_holds_the_person_afterwards(session: Session) -> None:
    life = lived(session)
    assert len(left_of(session)) > 20

    erased(session, life.gone.patient_code)

    assert left_of(session) == []


def test_everything_that_must_hold_still_holds(session: Session) -> None:
    life = lived(session)

    erased(session, life.patient.patient_code)

    assert list(verify.faults(session)) == []
    assert sql(
        session,
        "SELECT sum(points), max(id) FILTER (WHERE transaction_type = 'expired') IS NOT NULL"
        " FROM crm_loyalty_transactions WHERE patient_id = :id",
        id=life.patient.id,
    ).one() == (0, True)


def test_somebody_else_keeps_everything(session: Session) -> None:
    life = lived(session)
    before = sql(session, _OF, id=life.other.id).mappings().one()

    erased(session, life.patient.patient_code)

    assert sql(session, _OF, id=life.other.id).mappings().one() == before


def test_every_column_of_a_persons_tables_is_erased_or_kept_for_a_reason(session: Session) -> None:
    """A column that is added comes into the registry, or this fails."""
    found = {
        (table, column)
        for table, column in sql(session, _COLUMNS, tables=[held.table for held in HELD])
    }
    declared = {(held.table, column) for held in HELD for column in held.fates}

    assert found - declared == set()
    assert declared - found == set()


def test_every_table_that_knows_patients_is_in_the_registry(session: Session) -> None:
    """A table that comes to know patients is declared, or named here with why it need not be."""
    why_not = {
        "crm_feedback_escalations",  # when a piece was late: no words, and nobody's name
        "crm_feedback_stops",  # when a clock stood
        "crm_loyalty_consumptions",  # points of lots, by number
        "crm_loyalty_undone_visits",  # points of rows, by number
    }
    held = {each.table for each in HELD}

    assert {table for table, _ in PARTS.values()} - held == set()
    assert _knowing(session, ["crm_patients", *held]) - held - why_not == set()


def test_what_the_history_tells_of_a_persons_tables_is_forgotten(session: Session) -> None:
    """Each table of the registry that the history tells of is among those whose lines go."""
    told = set(
        sql(
            session, "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = :t", t=_TOLD
        ).scalars()
    )
    forgotten = sql(
        session, "SELECT prosrc FROM pg_proc WHERE proname = 'crm_erasure_records'"
    ).scalar_one()

    named = {table for table in told if f"'{table}'" in forgotten}
    assert (told & {held.table for held in HELD}) - named == set()


def _knowing(session: Session, tables: Iterable[str]) -> set[str]:
    """Tables with a foreign key to one of these."""
    return set(sql(session, _REFERENCES, tables=list(tables)).scalars())


_TOLD = "history_update"
_OF = """
    SELECT p.first_name, p.last_name, p.phone, p.email, a.balance, a.merged, k.word,
           (SELECT count(*) FROM crm_history h WHERE h.table_name = 'crm_patients'
            AND h.record_id = p.id AND h.after IS NOT NULL) AS told
    FROM crm_patients p JOIN crm_loyalty_accounts a USING (id)
    JOIN crm_name_words k ON k.word = lower(p.last_name)
    WHERE p.id = :id
"""
_COLUMNS = """
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = ANY(:tables)
"""
_REFERENCES = """
    SELECT DISTINCT conrelid::regclass::text FROM pg_constraint
    WHERE contype = 'f' AND confrelid::regclass::text = ANY(:tables)
"""

"""Carrying an erasure out: one transaction, one statement a table.

The tables of every domain are written here, and not through their services: what an erasure
empties is one registry, held against the database by a test, and no domain may be forgotten.
"""

from sqlalchemy import CursorResult, text
from sqlalchemy.orm import Session

from crm_core.loyalty import service as loyalty
from crm_core.privacy import elsewhere
from crm_core.privacy.person import Person
from crm_core.privacy.registry import HELD, Erased, Held
from crm_core.privacy.schemas import HeldRows


def erase(session: Session, erasure_id: int, person: Person) -> dict[str, int]:
    """Empties everything about a locked person for an approved erasure; gives rows by table.

    The database lets the words of what is only ever added to go for as long as this runs.
    """
    session.execute(_BEGIN, {"erasure": str(erasure_id)})
    others = elsewhere.searches_of(session, person)
    found = {
        table: list(session.scalars(rows, person.values)) for table, rows in _BY_ADDRESS.items()
    }
    rows = elsewhere.erase_elsewhere(session, person)
    # The person's own record is the last: by what it says the others are found.
    counts = {held.table: _empty(session, held, person) for held in reversed(HELD)}
    for table, ids in rows.items():
        counts[table] = counts.get(table, 0) + len(ids)
    session.expire_all()
    counts["points_ended"] = loyalty.close_members(session, person.ids)
    counts["crm_name_words"] = elsewhere.forget_names(session, person.words)
    others += elsewhere.lines_of(session, rows | found)
    forget = {"erasure": erasure_id, "others": others}
    counts["crm_history"] = session.execute(_FORGET, forget).scalar_one()
    session.execute(_BEGIN, {"erasure": ""})
    return {name: count for name, count in counts.items() if count}


def look(session: Session, person: Person) -> list[HeldRows]:
    """What is held of the person, and what would become of it; changes nothing."""
    found = [_held(session, held, person) for held in HELD]
    return [held for held in found if held.rows]


def _empty(session: Session, held: Held, person: Person) -> int:
    if not held.statement:
        return 0
    done = session.execute(text(held.statement), person.values)
    return done.rowcount if isinstance(done, CursorResult) else 0


def _held(session: Session, held: Held, person: Person) -> HeldRows:
    count = text(f"SELECT count(*) FROM {held.table} WHERE {held.where}")  # noqa: S608
    kept: dict[str, list[str]] = {}
    for column, fate in held.fates.items():
        if not isinstance(fate, Erased):
            kept.setdefault(fate.why, []).append(column)
    return HeldRows(
        table=held.table,
        rows=session.execute(count, person.values).scalar_one(),
        erased=[column for column, fate in held.fates.items() if isinstance(fate, Erased)],
        kept=kept,
    )


_BEGIN = text("SELECT set_config('crm.erasure', :erasure, true)")
_FORGET = text("SELECT crm_erasure_forget(:erasure, CAST(:others AS bigint[]))")
# The database does not know whose these are: they are found by addresses, before those are erased.
_BY_ADDRESS = {
    held.table: text(f"SELECT id FROM {held.table} WHERE {held.where}")  # noqa: S608
    for held in HELD
    if held.table in {"crm_suppressed_addresses", "crm_appointment_answers"}
}

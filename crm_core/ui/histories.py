"""What happened to a record whose state is what matters: who moved it, when and why."""

from crm_core.insights.schemas import Happening
from crm_core.insights.timelines import history_of
from crm_core.people.schemas import Actor
from crm_core.ui import past, tables
from crm_core.ui.formatting import words
from crm_core.ui.page import load
from crm_core.ui.tables import Table

_COLUMNS = {
    "When": tables.at(width=150),
    "Who": tables.text(width=150),
    "What": tables.text(width=260),
    "Why": tables.text(width=280),
}

# What every change moves by itself.
_SILENT = {"version", "updated_at"}


def show(table: str, record_id: int, actor: Actor, *, noun: str, made: str) -> None:
    """The changes of state of one record, the latest first, and the record as it was.

    Args:
        table: where the record is kept, such as ``crm_appointments``.
        noun: what the record is, for people who do not see the table.
        made: what its first line says, such as ``Booked``.
    """
    with load() as session:
        happened = history_of(session, table, record_id)
    tables.show(
        Table(
            rows=[
                {
                    "When": each.at,
                    "Who": each.who_name,
                    "What": _said(each, made),
                    "Why": each.why,
                }
                for each in reversed(happened)
            ],
            columns=_COLUMNS,
            alt=f"History of the {noun}, the latest first",
            empty="Nothing has happened yet.",
            name=f"{noun}-history",
        )
    )
    past.show(table, record_id, actor)


def _said(happening: Happening, made: str) -> str:
    if happening.action == "insert":
        return made
    status = happening.changes.get("status")
    if status is None:
        if happening.action != "update":
            return words(happening.action)
        named = sorted(words(name).lower() for name in happening.changes if name not in _SILENT)
        return f"Changed: {', '.join(named)}" if named else "Changed"
    return f"{words(str(status[0]))} → {words(str(status[1])).lower()}"

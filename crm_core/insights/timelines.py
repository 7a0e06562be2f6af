"""What happened to one record, oldest first, for everybody who may see the record itself."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.base.history import History
from crm_core.insights.schemas import Happening
from crm_core.people.names import names_of

MOST = 200


def history_of(session: Session, table: str, record_id: int) -> list[Happening]:
    """The record's latest 200 changes and readings, oldest first.

    Whoever calls it has checked that the person may see records of this table; the history as a
    whole takes a permission of its own (``insights.history``).
    """
    latest = session.scalars(
        select(History)
        .where(History.table_name == table, History.record_id == record_id)
        .order_by(History.id.desc())
        .limit(MOST)
    ).all()
    names = names_of(session, {each.who for each in latest})
    return [_happening(each, names) for each in reversed(latest)]


def _happening(each: History, names: Mapping[str, str]) -> Happening:
    before, after = each.before or {}, each.after or {}
    return Happening(
        id=each.id,
        at=each.at,
        who_name=names[each.who],
        why=each.why,
        action=each.action,
        changes={name: (before.get(name), after.get(name)) for name in _changed(before, after)},
    )


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [name for name in after if before.get(name) != after[name]]

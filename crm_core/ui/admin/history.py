"""The tab of the history: who changed what, when and why, and how far it is sealed."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st
from pydantic import ValidationError

from crm_core.insights import history
from crm_core.insights.schemas import HistoryFilter, HistoryRead, SealState
from crm_core.people.names import names_of
from crm_core.people.queries import list_staff
from crm_core.people.schemas import Actor, Permission, StaffFilter
from crm_core.ui import address_bar, facts, past, tables
from crm_core.ui.formatting import moment, words
from crm_core.ui.page import load
from crm_core.ui.plain import plain
from crm_core.ui.tables import Table

_COLUMNS = {
    "What": tables.text(width=185),
    "When": tables.at(width=150),
    "Who": tables.text(width=140),
    "Change": tables.text(width="large"),
    "Why": tables.text(width="medium"),
}
_FIELDS = {
    "Field": tables.text(width="medium"),
    "Before": tables.text(width="large"),
    "After": tables.text(width="large"),
}
_DONE = {
    "insert": "made",
    "update": "changed",
    "delete": "removed",
    "reveal": "shown whole",
    "read": "opened",
    "export": "exported",
}


def show(actor: Actor) -> None:
    """The seal, the filters, the changes, and the chosen one field by field."""
    if not actor.may(Permission.HISTORY_READ):
        tables.nothing("The history takes the admin role.")
        return
    everybody = StaffFilter(limit=100)
    with load() as session:
        sealed = history.seal_state(session, actor=actor)
        names = {f"staff:{p.id}": p.name for p in list_staff(everybody).page(session).rows}
        table_names = history.tracked_tables(session)
    _seal(sealed)
    wanted = _filters(table_names, names)
    with load() as session:
        found = history.list_history(wanted, actor=actor).page(session)
        names |= names_of(session, {each.who for each in found.rows})
    tables.pick_one(
        Table(
            rows=[_row(each, names) for each in found.rows],
            columns=_COLUMNS,
            ids=[each.id for each in found.rows],
            alt="Changes, latest first",
            empty="Nothing was changed like this.",
            name="history",
        ),
        opens=lambda change_id: {"change": str(change_id)},
    )
    _ways(found.next_cursor)
    _chosen(found.rows)
    if wanted.table_name and wanted.record_id:
        with st.container(border=True):
            st.subheader("The record as it was", anchor=False)
            past.show(wanted.table_name, wanted.record_id, actor, asked=True)


def _seal(sealed: SealState) -> None:
    with st.container(border=True):
        facts.show(
            {
                "Last sealed": moment(sealed.sealed_at),
                "Not sealed yet": f"{sealed.unsealed:,} changes",
                "Last seal": sealed.head and f"{sealed.head[:16]}…",
                "To verify": "python -m crm_core verify",
            }
        )


def _filters(table_names: Sequence[str], names: Mapping[str, str]) -> HistoryFilter:
    options = {name: _called(name) for name in table_names}
    with st.grid(4, min_column_width=170):
        given: dict[str, object] = {
            "table_name": address_bar.choice("table", "Kind of record", options, any_label="All"),
            "who": address_bar.choice("who", "Who", names, any_label="Everybody"),
            "record_id": _number(address_bar.search("Number of the record", param="record")),
            "action": address_bar.choice("action", "What was done", _DONE, any_label="Anything"),
        }
    with address_bar.more("since", "until", "why"):
        given |= {
            "since": address_bar.day("since", "First day"),
            "until": address_bar.day("until", "Last day"),
            "why": address_bar.search("Words in why", param="why"),
        }
    given |= {"cursor": st.query_params.get("after"), "limit": tables.PAGE}
    try:
        return HistoryFilter.model_validate(given)
    except ValidationError as error:
        st.warning(plain(error.errors()[0]["msg"].removeprefix("Value error, ").capitalize() + "."))
        return HistoryFilter.model_validate(given | {"why": None})


def _number(written: str | None) -> int | None:
    readable = written and written.isascii() and written.isdecimal() and len(written) < 19
    return int(written) or None if written and readable else None


def _ways(next_cursor: str | None) -> None:
    with st.container(horizontal=True):
        if "after" in st.query_params:
            _way("Latest", None, icon=":material/first_page:")
        if next_cursor:
            _way("Older", next_cursor, icon=":material/chevron_right:")


def _way(label: str, cursor: str | None, *, icon: str) -> None:
    params = {"after": cursor, "change": None}
    st.button(label, icon=icon, on_click=address_bar.go, args=(params,))


def _chosen(changes: Sequence[HistoryRead]) -> None:
    chosen = address_bar.number("change")
    change = next((each for each in changes if each.id == chosen), None)
    if change is None:
        return
    before, after = change.before or {}, change.after or {}
    with st.container(border=True):
        st.subheader("The change, field by field", anchor=False)
        st.text(f"Request {change.request_id or '–'}, by {change.who}")
        _whole_record(change)
        tables.show(
            Table(
                rows=[
                    {"Field": name, "Before": _told(before, name), "After": _told(after, name)}
                    for name in sorted(before.keys() | after.keys())
                ],
                columns=_FIELDS,
                alt="The fields of the change",
                empty="No field of the record is told.",
            )
        )


def _whole_record(change: HistoryRead) -> None:
    """From a change to the record on either side of it."""
    if change.record_id is None or change.action not in ("insert", "update", "delete"):
        return
    here = {"table": change.table_name, "record": str(change.record_id), "after": None}
    with st.container(horizontal=True):
        for label, side in (("The record before it", "before"), ("The record after it", None)):
            st.button(label, on_click=address_bar.go, args=({**here, "side": side},))


def _row(change: HistoryRead, names: Mapping[str, str]) -> dict[str, object]:
    number = "" if change.record_id is None else f" {change.record_id}"
    done = _DONE.get(change.action, change.action)
    return {
        "When": change.at,
        "Who": names.get(change.who, change.who),
        "What": f"{_called(change.table_name)}{number} {done}",
        "Change": _difference(change.before or {}, change.after or {}),
        "Why": change.why,
    }


def _difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    if not before:
        return ", ".join(f"{name} {_told(after, name)}" for name in after if after[name])
    names = sorted(before.keys() | after.keys())
    return ", ".join(f"{name}: {_told(before, name)} → {_told(after, name)}" for name in names)


def _told(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    return "–" if value is None else str(value)


def _called(table_name: str) -> str:
    return words(table_name.removeprefix("crm_"))

"""A record as it was on a day, at a time or beside a change, and as it is now."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import streamlit as st

from crm_core.base.clock import from_lagos
from crm_core.base.money import naira
from crm_core.insights.past import record_as_it_was
from crm_core.insights.schemas import AsOf, FieldThen, Happening, RecordThen, Side, Standing
from crm_core.insights.timelines import history_of
from crm_core.people.schemas import Actor
from crm_core.ui import address_bar, tables
from crm_core.ui.formatting import day, moment, words
from crm_core.ui.page import load
from crm_core.ui.plain import plain
from crm_core.ui.states import TONES, label_of
from crm_core.ui.tables import Table

PARAMS = ("past", "then", "clock", "change", "side")
"""What stands in the address for this."""

_NAMES = {"nin_last4": "NIN", "account_last4": "Account number", "lga": "Local area"}
_DONE = {"insert": "made", "update": "changed", "delete": "removed"}
_SIDES = {Side.BEFORE.value: "Before it"}
_COLUMNS = {
    "Field": tables.text(width=170),
    "As it was": tables.text(width="large"),
    "As it is now": tables.text(width="large"),
    "Since": tables.state(["changed"], width=100),
}


def show(table: str, record_id: int, actor: Actor, *, asked: bool = False) -> None:
    """A switch; and behind it the moment, and the record then and now, what differs first.

    Args:
        asked: the person has come for this, so that there is no switch.
    """
    if not asked and not address_bar.switch("past", "As it was on a day"):
        return
    with load() as session:
        happened = history_of(session, table, record_id)
    wanted = _moment(happened)
    if wanted is None:
        st.text("Choose a day, or one of the record's changes, to see it as it was then.")
        return
    with load() as session:
        found = record_as_it_was(session, table, record_id, wanted, actor=actor)
    _told(found)


def _moment(happened: list[Happening]) -> AsOf | None:
    """What the address says: a change goes before a day. A day without a time is its end."""
    labels = {
        str(each.id): f"{moment(each.at)}, {each.who_name}: {_DONE[each.action]}"
        for each in reversed(happened)
        if each.action in _DONE
    }
    with st.grid(4, min_column_width=170):
        on = address_bar.day("then", "On the day")
        at = address_bar.clock("clock", "Time (else its end)")
        change = address_bar.choice("change", "Or beside a change", labels, any_label="None")
        side = address_bar.choice("side", "Which side of it", _SIDES, any_label="After it")
    if change:
        return AsOf(change=int(change), side=Side(side or Side.AFTER))
    if on is None:
        return None
    return AsOf(as_of=on if at is None else from_lagos(on, at))


def _told(found: RecordThen) -> None:
    if found.standing is Standing.THERE:
        st.text(found.sentence)
    else:
        st.info(plain(found.sentence))
    if not found.exists_now:
        st.text("There is no such record any more.")
    shown = [each for each in found.fields if not _empty(each)]
    tables.show(
        Table(
            rows=[_row(each) for each in shown],
            columns=_COLUMNS,
            alt="The record as it was and as it is now, what differs first",
            empty="Nothing is known of it.",
            name="past",
        )
    )


def _row(each: FieldThen) -> Mapping[str, object]:
    return {
        "Field": _NAMES.get(each.name) or words(each.name),
        "As it was": _value(each.kind, each.then),
        "As it is now": _value(each.kind, each.now),
        "Since": ["changed"] if each.differs else [],
    }


def _empty(each: FieldThen) -> bool:
    return each.then in _NOTHING and each.now in _NOTHING


def _value(kind: str, value: Any) -> str:
    if value in _NOTHING:
        return "–"
    if kind in _WRITTEN:
        return _WRITTEN[kind](value)
    if isinstance(value, dict):
        parts = (f"{words(name)}: {_value('text', part)}" for name, part in value.items())
        return "; ".join(parts)
    if isinstance(value, list):
        return ", ".join(_value("text", part) for part in value)
    return _plain(value)


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return _yes(value)
    written = str(value)
    if written.startswith("hidden "):
        return f"not shown ({written.removeprefix('hidden ')})"
    return label_of(written) if written in TONES else written


def _yes(value: object) -> str:
    return "Yes" if value else "No"


_NOTHING: tuple[object, ...] = (None, "", [], {})
_WRITTEN: Mapping[str, Callable[[Any], str]] = {
    "money": lambda amount: naira(Decimal(amount)),
    "kobo": lambda amount: naira(Decimal(amount)),
    "instant": lambda written: moment(datetime.fromisoformat(written)),
    "day": lambda written: day(datetime.fromisoformat(written).date()),
    "flag": _yes,
}

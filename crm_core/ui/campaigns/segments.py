"""The builder of a segment: conditions one by one, joined by all or any, with a live count."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import streamlit as st
from pydantic import ValidationError

from crm_core.base.clock import lagos_today
from crm_core.base.validation import problems_of
from crm_core.campaigns.segments.live import LIVE
from crm_core.campaigns.segments.schemas import (
    FIELDS,
    Criteria,
    FieldSpec,
    Group,
    Operator,
    SegmentField,
)
from crm_core.campaigns.segments.values import Kind
from crm_core.people.schemas import Actor, Permission
from crm_core.ui.campaigns import choices, words
from crm_core.ui.plain import plain

_LOOK_EVERY = 1.0
_MOST = 12
"""Conditions that the form has room for; a larger segment comes over the API."""

Row = dict[str, Any]  # what one row of the builder holds


class Builder:
    """The rows of one form, kept while it is open.

    Args:
        name: tells it from other forms; the live count is kept under it too.
        before: what the segment is now.
    """

    def __init__(self, name: str, before: Criteria) -> None:
        self.name = f"segment-{name}"
        self.whole = any(isinstance(part, Group) for part in before.conditions)
        self.before = before
        st.session_state.setdefault(self.name, _rows_of(before))

    def show(self, actor: Actor) -> Criteria | None:
        """Draws the builder; gives the criteria, or None where a row is not complete yet."""
        if self.whole:
            st.info("This segment has groups in groups: it is changed over the API.")
            st.text(words.told(self.before))
            return self.before
        match = st.radio(
            "Patients for whom",
            list(words.MATCHES),
            list(words.MATCHES).index(self.before.match.value),
            horizontal=True,
            format_func=words.MATCHES.__getitem__,
            key=f"{self.name}-match",
        )
        rows: list[Row] = st.session_state[self.name]
        conditions = [self._row(number, row, actor) for number, row in enumerate(rows)]
        if len(rows) < _MOST:
            st.button("Add a condition", icon=":material/add:", on_click=self._add)
        return self._checked(match, conditions)

    def _row(self, number: int, row: Row, actor: Actor) -> Mapping[str, object]:
        fields = [
            field
            for field, spec in FIELDS.items()
            if not spec.sensitive or actor.may(Permission.SENSITIVE_READ)
        ]
        key = f"{self.name}-{row['key']}"
        # On a telephone the fields lie below each other: the frame holds them together.
        with st.container(border=True):
            what, how, value, gone = st.columns([5, 6, 7, 3], vertical_alignment="bottom")
        field = what.selectbox(
            "What",
            fields,
            fields.index(row["field"]) if row["field"] in fields else 0,
            format_func=lambda one: FIELDS[one].label,
            key=f"{key}-field",
        )
        spec = FIELDS[field]
        operators = list(spec.operators)
        same = row["field"] == field and row["operator"] in operators
        operator = how.selectbox(
            "How",
            operators,
            operators.index(row["operator"]) if same else 0,
            format_func=words.operator,
            key=f"{key}-{field}-operator",
        )
        kept = row["value"] if same and row["operator"] == operator else None
        with value:
            given = _value(spec, operator, kept, f"{key}-{field}-{operator}")
        gone.button(
            "Remove",
            icon=":material/close:",
            key=f"{key}-gone",
            type="tertiary",
            on_click=self._remove,
            args=(number,),
        )
        return {"field": field.value, "operator": operator.value, "value": given}

    def _checked(self, match: str, conditions: Sequence[Mapping[str, object]]) -> Criteria | None:
        if empty := [each for each in conditions if each["value"] == []]:
            called = FIELDS[SegmentField(str(empty[0]["field"]))].label
            st.caption(f"{called}: choose at least one.")
            return None
        asked = {"version": 1, "match": match, "conditions": list(conditions)}
        try:
            return Criteria.model_validate(asked)
        except ValidationError as error:
            # Before the colon stand the field and the operator as the API names them.
            message = problems_of(error)[0].message
            said = message.partition(": ")[2] or message
            st.warning(plain(said[0].upper() + said[1:]))
            return None

    def _add(self) -> None:
        rows: list[Row] = st.session_state[self.name]
        number = max((row["key"] for row in rows), default=0) + 1
        st.session_state[self.name] = [*rows, _new_row(number)]

    def _remove(self, number: int) -> None:
        rows: list[Row] = st.session_state[self.name]
        st.session_state[self.name] = [row for n, row in enumerate(rows) if n != number]


def live_count(key: str, criteria: Criteria, actor: Actor) -> None:
    """How many match; never blocks the page, and ends the count that the form asked before."""
    LIVE.ask(key, criteria, actor=actor)
    look = LIVE.look(key)
    waits = look is not None and look.under_way
    st.fragment(_told, run_every=_LOOK_EVERY if waits else None)(key)


def _told(key: str) -> None:
    look = LIVE.look(key)
    if look is None or look.under_way:
        st.text("Counting …")
    elif look.counted is None:
        st.warning(plain(look.refused or ""))
    else:
        about = "about " if look.counted.estimated else ""
        st.metric("Patients in this segment", f"{about}{look.counted.count:,}", border=True)


def _rows_of(before: Criteria) -> list[Row]:
    rows = [
        {
            "key": number,
            "field": SegmentField(condition.field),
            "operator": Operator(condition.operator),
            "value": condition.value,
        }
        for number, condition in enumerate(before.every_condition())
    ]
    return rows or [_new_row(0)]


def _new_row(number: int) -> Row:
    return {"key": number, "field": SegmentField.AGE, "operator": Operator.AT_LEAST, "value": None}


def _value(spec: FieldSpec, operator: Operator, kept: Any, key: str) -> object:
    """What the operator compares with, asked for by its kind."""
    kind = spec.operators[operator]
    if kind is Kind.NOTHING:
        return None
    if kind is Kind.DAY:
        return f"{st.date_input('Day', kept or lagos_today() - timedelta(days=90), key=key)}"
    if kind in (Kind.NUMBER, Kind.DAYS):
        label = "Days" if kind is Kind.DAYS else "Number"
        first = 30 if kept is None else int(kept)
        return int(st.number_input(label, 0, 2_000_000_000, first, key=key))
    if kind is Kind.NUMBERS:
        low, high = st.columns(2)
        first, last = kept or (18, 60)
        return [
            int(low.number_input("From", 0, 2_000_000_000, int(first), key=f"{key}-low")),
            int(high.number_input("To", 0, 2_000_000_000, int(last), key=f"{key}-high")),
        ]
    if kind is Kind.EXPIRING:
        return _expiring(kept, key)
    return _several(kind, spec, kept, key)


def _expiring(kept: Any, key: str) -> object:
    days, points = st.columns(2)
    before = kept or {"days": 30, "points": 1}
    return {
        "days": int(days.number_input("Within days", 0, 40_000, before["days"], key=f"{key}-d")),
        "points": int(points.number_input("At least", 1, 10**9, before["points"], key=f"{key}-p")),
    }


def _several(kind: Kind, spec: FieldSpec, kept: Any, key: str) -> object:
    if kind is Kind.WORDS:
        return st.multiselect(
            spec.label, kept or [], kept or [], key=key, accept_new_options=True, placeholder="Type"
        )
    options = choices.options(kind, spec, kept or ())
    return st.multiselect(
        spec.label, list(options), kept or [], format_func=options.__getitem__, key=key
    )

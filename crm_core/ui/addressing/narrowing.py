"""Fields that narrow a list, each under its own parameter."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

import streamlit as st
from pydantic import ValidationError

from crm_core.base.paging import PageRequest
from crm_core.ui.addressing.writing import filter_key, number, set_widget, written
from crm_core.ui.states import label_of

State = TypeVar("State", bound=StrEnum)
Filters = TypeVar("Filters", bound=PageRequest)
_MOST = 10**9


def choice(
    param: str, label: str, options: Mapping[str, str], *, any_label: str, pages: str = "page"
) -> str | None:
    """A select box with "any" at its head; the chosen key, or None.

    Args:
        options: what stands in the address → what the person reads.
        pages: the page of the list that it narrows, which begins anew.
    """
    key = filter_key(param)
    asked = st.query_params.get(param, "")
    set_widget(key, asked if asked in options else "")
    labels = {"": any_label, **options}
    st.selectbox(
        label,
        list(labels),
        format_func=labels.__getitem__,
        key=key,
        on_change=written,
        args=(param, pages),
    )
    return st.session_state[key] or None


def state(param: str, label: str, states: type[State]) -> State | None:
    """A choice of one state of a domain's."""
    options = {each.value: label_of(each.value) for each in states}
    chosen = choice(param, label, options, any_label="All")
    return states(chosen) if chosen else None


def switch(param: str, label: str) -> bool:
    """A toggle: ``?param=yes`` or nothing."""
    key = filter_key(param)
    set_widget(key, st.query_params.get(param) == "yes")
    return st.toggle(label, key=key, on_change=written, args=(param,))


def at_least(param: str, label: str, *, step: int = 100) -> int | None:
    """A whole number from nought up."""
    key = filter_key(param)
    asked = number(param)
    set_widget(key, None if asked is None else min(asked, _MOST))
    given = st.number_input(
        label, 0, _MOST, None, step, key=key, on_change=written, args=(param,), placeholder="Any"
    )
    return None if given is None else int(given)


def search(label: str, *, param: str = "q") -> str | None:
    """A search box that answers while the person types."""
    key = filter_key(param)
    set_widget(key, st.query_params.get(param, "")[:100])
    typed = st.text_input(
        label,
        key=key,
        type="search",
        live="300ms",
        max_chars=100,
        on_change=written,
        args=(param,),
    )
    return (typed or "").strip() or None


def look_up(label: str, *, param: str, pages: str = "page") -> str | None:
    """A box that answers when the person is done: for lists that are dear to look for."""
    key = filter_key(param)
    set_widget(key, st.query_params.get(param, "")[:100])
    typed = st.text_input(
        label, key=key, type="search", max_chars=100, on_change=written, args=(param, pages)
    )
    return (typed or "").strip() or None


def filters(schema: type[Filters], fields: Mapping[str, str], **fixed: object) -> Filters:
    """The filters that the address holds; what does not fit its field is left out.

    Args:
        fields: parameter of the address → field of the filter class.
        fixed: fields that are not in the address, such as ``limit``.
    """
    given: dict[str, object] = dict(fixed)
    for param, name in fields.items():
        written = st.query_params.get(param, "")
        value = "true" if written == "yes" else written
        if value and _fits(schema, name, value):
            given[name] = value
    return schema.model_validate(given)


def _fits(schema: type[PageRequest], name: str, value: str) -> bool:
    try:
        schema.model_validate({name: value})
    except ValidationError:
        return False
    return True

"""The URL holds the state: which tab, which filters, which page, which record.

It is the only truth. A widget is set from the address before it is drawn and writes its value
there when a person changes it, so that a card or a chart sets a filter that is not on the screen
by writing the address, and a refresh, a new tab and signing in find everything again.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, time
from enum import StrEnum
from typing import TypeVar

import streamlit as st
from pydantic import ValidationError

from crm_core.base.clock import add_months, lagos_today, month_start
from crm_core.base.paging import PageRequest
from crm_core.ui.formatting import month
from crm_core.ui.plain import plain
from crm_core.ui.states import label_of

State = TypeVar("State", bound=StrEnum)
Filters = TypeVar("Filters", bound=PageRequest)

_LONGEST_ID = 18
_MOST = 10**9
EARLIEST, _LATEST = date(1900, 1, 1), date(2100, 12, 31)
"""Days that may stand in the address."""


def number(param: str) -> int | None:
    """The id that the address names, where it is one."""
    value = st.query_params.get(param, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) <= _LONGEST_ID else None


def go(params: Mapping[str, str | None], *, keep: bool = True) -> None:
    """Writes the address; a callback that does so shows the new place in the run that follows.

    Args:
        params: what to set; None removes.
        keep: leave other parameters in place.
    """
    if not keep:
        st.query_params.clear()
    for name, value in params.items():
        if value is None:
            st.query_params.pop(name, None)
        else:
            st.query_params[name] = value


def tabs(shows: Mapping[str, Callable[[], None]]) -> None:
    """Tabs of which only the open one is computed; ``?tab=`` names it.

    Args:
        shows: the tab's label → what draws it; the first one opens by itself.
    """
    slugs = {_slug(label): label for label in shows}
    first = next(iter(shows))
    set_widget("_tab", slugs.get(_slug(st.query_params.get("tab", "")), first))

    def moved() -> None:
        go({"tab": _slug(st.session_state["_tab"]), "page": None, "after": None})

    for tab, (_, show) in zip(
        st.tabs(list(shows), key="_tab", on_change=moved), shows.items(), strict=True
    ):
        if tab.open:
            with tab:
                show()


def doing(labels: Mapping[str, str]) -> str | None:
    """A choice among things to do with a record; ``?do=`` names it, so that a refresh keeps it.

    Args:
        labels: what stands in the address → what the person reads.
    """
    asked = st.query_params.get("do", "")
    set_widget("_do", asked if asked in labels else None)

    def written() -> None:
        go({"do": st.session_state["_do"]})

    return st.pills(
        "What to do",
        list(labels),
        format_func=labels.__getitem__,
        key="_do",
        on_change=written,
        label_visibility="collapsed",
    )


def choice(
    param: str, label: str, options: Mapping[str, str], *, any_label: str, pages: str = "page"
) -> str | None:
    """A select box with "any" at its head; the chosen key, or None.

    Args:
        options: what stands in the address → what the person reads.
        pages: the page of the list that it narrows, which begins anew.
    """
    key = _filter_key(param)
    asked = st.query_params.get(param, "")
    set_widget(key, asked if asked in options else "")
    labels = {"": any_label, **options}
    st.selectbox(
        label,
        list(labels),
        format_func=labels.__getitem__,
        key=key,
        on_change=_written,
        args=(param, pages),
    )
    return st.session_state[key] or None


def state(param: str, label: str, states: type[State]) -> State | None:
    """A choice of one state of a domain's."""
    options = {each.value: label_of(each.value) for each in states}
    chosen = choice(param, label, options, any_label="All")
    return states(chosen) if chosen else None


def recent_month(param: str, label: str, *, months: int = 24) -> date | None:
    """A choice among the last months, as ``2026-11``; gives the month's first day."""
    this = month_start(lagos_today())
    options = {f"{first:%Y-%m}": month(first) for first in _back(this, months)}
    chosen = choice(param, label, options, any_label="All months")
    return date.fromisoformat(f"{chosen}-01") if chosen else None


def switch(param: str, label: str) -> bool:
    """A toggle: ``?param=yes`` or nothing."""
    key = _filter_key(param)
    set_widget(key, st.query_params.get(param) == "yes")
    return st.toggle(label, key=key, on_change=_written, args=(param,))


def day(
    param: str, label: str, *, usual: date | None = None, since: date = EARLIEST
) -> date | None:
    """A day, as ``2026-11-03`` in the address.

    Args:
        usual: what is meant where the address names none.
        since: the first day that may be chosen.
    """
    key = _filter_key(param)
    set_widget(key, day_in(param, since=since) or usual)
    st.date_input(
        label,
        None,
        since,
        _LATEST,
        key=key,
        format="DD/MM/YYYY",
        on_change=_written,
        args=(param,),
    )
    return day_in(param, since=since) or usual


def day_in(param: str, *, since: date = EARLIEST) -> date | None:
    """The day that the address names, where it is one that may be chosen."""
    try:
        found = date.fromisoformat(st.query_params.get(param, ""))
    except ValueError:
        return None
    return found if since <= found <= _LATEST else None


def clock(param: str, label: str) -> time | None:
    """A time on the clocks of Lagos, as ``14:05`` in the address."""
    key = _filter_key(param)
    set_widget(key, _time(st.query_params.get(param, "")))

    def written() -> None:
        given = st.session_state[key]
        go({param: f"{given:%H:%M}" if given else None})

    st.time_input(label, None, key=key, on_change=written, step=60)
    return _time(st.query_params.get(param, ""))


def at_least(param: str, label: str, *, step: int = 100) -> int | None:
    """A whole number from nought up."""
    key = _filter_key(param)
    asked = number(param)
    set_widget(key, None if asked is None else min(asked, _MOST))
    given = st.number_input(
        label, 0, _MOST, None, step, key=key, on_change=_written, args=(param,), placeholder="Any"
    )
    return None if given is None else int(given)


def search(label: str, *, param: str = "q") -> str | None:
    """A search box that answers while the person types."""
    key = _filter_key(param)
    set_widget(key, st.query_params.get(param, "")[:100])
    typed = st.text_input(
        label,
        key=key,
        type="search",
        live="300ms",
        max_chars=100,
        on_change=_written,
        args=(param,),
    )
    return (typed or "").strip() or None


def look_up(label: str, *, param: str, pages: str = "page") -> str | None:
    """A box that answers when the person is done: for lists that are dear to look for."""
    key = _filter_key(param)
    set_widget(key, st.query_params.get(param, "")[:100])
    typed = st.text_input(
        label, key=key, type="search", max_chars=100, on_change=_written, args=(param, pages)
    )
    return (typed or "").strip() or None


def narrowed(param: str, what: str) -> None:
    """Says that the list is narrowed by what a figure or another page has set, and the way out."""
    if st.query_params.get(param):
        st.button(
            f"Only {plain(what)}: show all",
            key=f"all-{param}",
            icon=":material/close:",
            on_click=go,
            args=({param: None, "page": None},),
        )


def narrowed_to_state() -> None:
    """The same for ``?state=``, the state of the hospital."""
    narrowed("state", f"in {st.query_params.get('state', '')[:100]}")


def link_back(label: str, *, without: Sequence[str]) -> None:
    """A button that leaves a record for the list behind it, filters and tab as they were."""
    st.button(
        plain(label),
        icon=":material/arrow_back:",
        type="tertiary",
        on_click=go,
        args=(dict.fromkeys(without),),
    )


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


def page_of(param: str = "page") -> int:
    """Which page of a list the address asks for, from 1."""
    return max(1, min(number(param) or 1, 100_000))


def set_widget(key: str, value: object) -> None:
    """Gives a widget its value before it is drawn."""
    # Setting what is set already would overwrite what a person is typing at this moment.
    if st.session_state.get(key) != value:
        st.session_state[key] = value


def _fits(schema: type[PageRequest], name: str, value: str) -> bool:
    try:
        schema.model_validate({name: value})
    except ValidationError:
        return False
    return True


def _written(param: str, pages: str = "page") -> None:
    """A person changed a filter: into the address with it, and back to the first page."""
    value = st.session_state[_filter_key(param)]
    value = "yes" if value is True else value
    go({param: str(value) if value else None, pages: None, "after": None})


def _time(written: str) -> time | None:
    try:
        return time.fromisoformat(written).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        return None


def _filter_key(param: str) -> str:
    return f"_filter_{param}"


def _back(first: date, months: int) -> list[date]:
    return [add_months(first, -n) for n in range(months)]


def _slug(label: str) -> str:
    return label.lower().replace(" ", "-")

"""From tab to tab, from a record back to its list, out of a filter."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import streamlit as st

from crm_core.ui.addressing.writing import go, set_widget
from crm_core.ui.plain import plain


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


@contextmanager
def more(*params: str) -> Iterator[None]:
    """Filters that few need, behind a button that says how many of them are set.

    A closed one costs the browser nothing, and the list begins higher up.
    """
    chosen = sum(bool(st.query_params.get(param)) for param in params)
    label = f"More filters: {chosen} set" if chosen else "More filters"
    with st.popover(label, key=f"more-{params[0]}", icon=":material/tune:"):
        yield


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


def _slug(label: str) -> str:
    return label.lower().replace(" ", "-")

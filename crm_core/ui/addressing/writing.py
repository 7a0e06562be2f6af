"""Reading and writing the address itself, and a widget that follows it."""

from collections.abc import Mapping

import streamlit as st

_LONGEST_ID = 18


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


def page_of(param: str = "page") -> int:
    """Which page of a list the address asks for, from 1."""
    return max(1, min(number(param) or 1, 100_000))


def set_widget(key: str, value: object) -> None:
    """Gives a widget its value before it is drawn."""
    # Setting what is set already would overwrite what a person is typing at this moment.
    if st.session_state.get(key) != value:
        st.session_state[key] = value


def written(param: str, pages: str = "page") -> None:
    """A person changed a filter: into the address with it, and back to the first page."""
    value = st.session_state[filter_key(param)]
    value = "yes" if value is True else value
    go({param: str(value) if value else None, pages: None, "after": None})


def filter_key(param: str) -> str:
    return f"_filter_{param}"

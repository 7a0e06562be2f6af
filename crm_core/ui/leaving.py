"""Leaving for another page by a click in a table or a chart.

A callback cannot switch pages. It notes where the click leads, and from where: the run that follows
goes there before it draws anything, so neither rows that changed since nor a run that ends early
are in the way. Whoever opened another page or address in between has gone elsewhere already, and
the note is void.
"""

from collections.abc import Mapping

import streamlit as st

_PAGE, _LEAVES = "_page", "_leaves"


def leave(page: str, params: Mapping[str, str | None]) -> None:
    """For a callback: the run that follows opens this page.

    Args:
        page: its file, such as ``pages/owners.py``.
        params: what its address says; None is left out.
    """
    given = {name: value for name, value in params.items() if value is not None}
    st.session_state[_LEAVES] = (_here(), page, given)


def arrive(page: str) -> None:
    """Every page says by its title that it runs, and goes where a click on it leads."""
    st.session_state[_PAGE] = page
    follow()


def follow() -> None:
    """Goes where the last click leads; called by what may be a fragment, which runs by itself."""
    clicked_at, page, given = st.session_state.pop(_LEAVES, (None, "", {}))
    if clicked_at == _here():
        st.switch_page(page, query_params=given)


def _here() -> tuple[str, dict[str, str]]:
    return st.session_state.get(_PAGE, ""), st.query_params.to_dict()

"""What waits for the person who looks: one line each, which leads to its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from crm_core.ui.plain import plain

Params = Mapping[str, str | None]


@dataclass(frozen=True)
class Need:
    """One thing to do.

    Attributes:
        page: file of the page that shows its rows.
        opens: parameters of that page's address.
    """

    sentence: str
    icon: str
    page: str
    opens: Params


def show(needs: Sequence[Need]) -> None:
    """The list; says so where nothing waits."""
    if not needs:
        st.text("Nothing waits for you.")
    for need in needs:
        params = {name: value for name, value in need.opens.items() if value is not None}
        st.page_link(need.page, label=plain(need.sentence), icon=need.icon, query_params=params)

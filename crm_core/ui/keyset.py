"""Lists that are too long to number their pages: the latest, and the way back in time."""

from collections.abc import Mapping
from typing import TypeVar

import streamlit as st
from pydantic import BaseModel

from crm_core.base.paging import Page
from crm_core.ui import address_bar
from crm_core.ui.formatting import counted

Row = TypeVar("Row", bound=BaseModel)

PARAM = "after"


def cursor() -> str | None:
    """Where the address asks to go on from."""
    return st.query_params.get(PARAM) or None


def ways(found: Page[Row], noun: str, nouns: str = "") -> None:
    """How many there are, and the buttons to the first and the next of them."""
    counting = counted(found.total, noun, nouns)
    total = f"about {counting}" if found.estimated else counting
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(total)
        if cursor():
            _way("To the first", {PARAM: None}, icon=":material/first_page:")
        if found.next_cursor:
            _way("Further", {PARAM: found.next_cursor}, icon=":material/chevron_right:")


def _way(label: str, params: Mapping[str, str | None], *, icon: str) -> None:
    st.button(label, icon=icon, on_click=address_bar.go, args=(params,))

"""The first page after signing in."""

import streamlit as st

from crm_core.ui.entries import open_to
from crm_core.ui.page import open_page


def today() -> None:
    """Greets the person and leads on to the pages they may see."""
    actor = open_page("Home", needs=None)
    st.text(f"Good day, {actor.name}.")
    for entry in open_to(actor):
        st.page_link(f"pages/{entry.path}.py", label=entry.title, icon=entry.icon)

"""The tab of sign-ins: which browsers are signed in, and ending one."""

import streamlit as st

from crm_core.people import queries, service
from crm_core.people.schemas import Actor, SessionFilter
from crm_core.ui import address_bar
from crm_core.ui.admin import tables
from crm_core.ui.page import act, load
from crm_core.ui.plain import plain
from crm_core.ui.tables import pages


def show(actor: Actor) -> None:
    """Sign-ins that have not ended, and the one that is chosen."""
    page = address_bar.page_of()
    with load() as session:
        found = queries.list_sessions(SessionFilter(page=page, limit=50)).page(session)
    tables.sessions_table(found.rows)
    pages(found, "sign-in")
    chosen = address_bar.number("session")
    sign_in = next((each for each in found.rows if each.id == chosen), None)
    if sign_in is None:
        st.text("Choose a sign-in to end it.")
    elif st.button(f"End this sign-in of {plain(sign_in.name)}", type="primary"):
        with act(f"{sign_in.name} is signed out in that browser") as session:
            service.end_session(session, sign_in.id, actor=actor)

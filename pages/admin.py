"""People, API tokens, sign-ins; settings, the history, other systems, jobs, data subjects."""

import streamlit as st

from crm_core.people.schemas import Permission
from crm_core.ui.admin import (
    history,
    integrations,
    people,
    settings,
    sign_ins,
    subjects,
    tokens,
    work,
)
from crm_core.ui.page import open_page

actor = open_page("Admin", needs=Permission.PEOPLE_MANAGE)

TABS = {
    "People": people.show,
    "API tokens": tokens.show,
    "Sign-ins": sign_ins.show,
    "Settings": settings.show,
    "History": history.show,
    "Integrations": integrations.show,
    "Jobs and channels": work.show,
    "Data subjects": subjects.show,
}

# Only the open tab is computed; the address remembers which one it is.
for tab, show in zip(
    st.tabs(list(TABS), key="tab", on_change="rerun", bind="query-params"),
    TABS.values(),
    strict=True,
):
    if tab.open:
        with tab:
            show(actor)

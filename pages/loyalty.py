"""The loyalty programme: its figures and trends, rewards, the ledger, and exports for analysts."""

from functools import partial

import streamlit as st

from crm_core.people.schemas import Permission
from crm_core.ui import address_bar, asking
from crm_core.ui.loyalty import exports, figures, ledger, rewards, trends
from crm_core.ui.page import open_page

actor = open_page("Loyalty", needs=Permission.LOYALTY_READ)

TABS = {
    "Figures": figures.show,
    "Trends": trends.show,
    "Rewards": rewards.show,
    "Ledger": ledger.show,
}
if asking.tab(actor, Permission.EXPORT, "exports"):
    TABS["Exports"] = exports.show
address_bar.tabs({label: partial(show, actor) for label, show in TABS.items()})
if actor.may(Permission.SETTINGS_WRITE) and actor.may(Permission.PEOPLE_MANAGE):
    st.page_link(
        "pages/admin.py",
        label="Points, tiers and what a point is worth are settings",
        icon=":material/settings:",
        query_params={"tab": "Settings"},
    )

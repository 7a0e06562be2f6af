"""Campaigns: the list, drafting, and each campaign's own page by URL."""

import streamlit as st

from crm_core.people.schemas import Permission
from crm_core.ui import address_bar, asking
from crm_core.ui.campaigns import editing, listing, record
from crm_core.ui.page import open_page

actor = open_page("Campaigns", needs=Permission.CAMPAIGNS_READ)

editing.open_drafted()
campaign_id = address_bar.number("campaign")
if campaign_id is not None:
    record.show(actor, campaign_id)
elif asking.step(actor, Permission.CAMPAIGNS_DRAFT, asked=st.query_params.get("do") == "draft"):
    editing.new(actor)
else:
    listing.show(actor)

"""One campaign: where it stands, what may be done next, who gets it and who does not, and why."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from crm_core.campaigns import queries
from crm_core.campaigns.schemas import CampaignRead
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, asking, beside, histories, past
from crm_core.ui.campaigns import content, editing, explaining, listing, progress, seen, steps
from crm_core.ui.page import load
from crm_core.ui.plain import plain
from crm_core.ui.states import chips, label_of

_HERE = ["campaign", "tab", "do", "fate", "who", "people", *past.PARAMS]


def show(actor: Actor, campaign_id: int) -> None:
    """The campaign at ``?campaign=``."""
    beside.way_back(
        "All campaigns",
        queries.CAMPAIGNS,
        listing.filters_of_address(),
        record=("campaign", campaign_id),
        without=_HERE,
    )
    with load() as session:
        campaign = queries.get_campaign(session, campaign_id)
    st.header(plain(campaign.name), anchor=False)
    chips([campaign.status.value])
    if campaign.status_note:
        st.info(plain(campaign.status_note))
    seen.tell(campaign)
    if asking.step(actor, Permission.CAMPAIGNS_DRAFT, asked=st.query_params.get("do") == "edit"):
        if campaign.status.editable:
            editing.edit(actor, campaign)
            return
        st.info(plain(f"It is {label_of(campaign.status).lower()}: it is not edited any more."))
    steps.show(campaign, actor)
    shows: dict[str, Callable[[], None]] = {
        "Who and why": partial(explaining.show, campaign, actor),
        "Message": partial(content.show, campaign, actor),
        "History": partial(_history, campaign, actor),
    }
    if campaign.start_date is not None:
        shows = {
            "Progress": partial(progress.show, campaign.id),
            "Effect": partial(progress.effect, campaign, actor),
        } | shows
    address_bar.tabs(shows)


def _history(campaign: CampaignRead, actor: Actor) -> None:
    histories.show("crm_campaigns", campaign.id, actor, noun="campaign", made="Drafted")

"""What a person had before them when they clicked: a click goes for that version of a campaign.

The version is part of each button's key. So a click on what has changed meanwhile reaches no button
of the page as it is now, and neither does the second one of a double click.
"""

from collections.abc import Callable
from functools import partial

import streamlit as st

from crm_core.campaigns.schemas import CampaignRead

_CLICKED, _DONE = "_clicked_campaign", "_done_campaign"


def clicked(campaign: CampaignRead) -> Callable[[], None]:
    """For a button's ``on_click``: notes which version it stood beside."""
    return partial(_note, _mark(campaign))


def done(campaign: CampaignRead) -> dict[str, str]:
    """For ``act(keep=…)``: what the person changed themselves is no surprise to them."""
    return {_DONE: _mark(campaign)}


def tell(campaign: CampaignRead) -> None:
    """Says so where the click that led here was on another version."""
    mark = st.session_state.pop(_CLICKED, None)
    if mark not in (None, _mark(campaign), st.session_state.get(_DONE)):
        st.warning(
            "This campaign changed while you looked at it, so nothing was done:"
            " look at it again as it is now."
        )


def _note(mark: str) -> None:
    st.session_state[_CLICKED] = mark


def _mark(campaign: CampaignRead) -> str:
    return f"{campaign.id}-{campaign.version}"

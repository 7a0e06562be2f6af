"""Which version of a campaign a person had before them when they clicked."""

from collections.abc import Callable

from crm_core.campaigns.schemas import CampaignRead
from crm_core.ui import seen

_THING = "campaign"


def clicked(campaign: CampaignRead) -> Callable[[], None]:
    """For a button's ``on_click``: notes which version it stood beside."""
    return seen.clicked(_THING, _mark(campaign))


def done(campaign: CampaignRead) -> dict[str, str]:
    """For ``act(keep=…)``: what the person changed themselves is no surprise to them."""
    return seen.done(_THING, _mark(campaign))


def tell(campaign: CampaignRead) -> None:
    """Says so where the click that led here was on another version."""
    seen.tell(_THING, _mark(campaign))


def _mark(campaign: CampaignRead) -> str:
    return f"{campaign.id}-{campaign.version}"

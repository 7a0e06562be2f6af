"""The URL holds the state: which tab, which filters, which page, which record.

It is the only truth. A widget is set from the address before it is drawn and writes its value
there when a person changes it, so that a card or a chart sets a filter that is not on the screen
by writing the address, and a refresh, a new tab and signing in find everything again.
"""

from crm_core.ui.addressing.days import EARLIEST, clock, day, day_in, recent_month
from crm_core.ui.addressing.moving import doing, link_back, more, narrowed, narrowed_to_state, tabs
from crm_core.ui.addressing.narrowing import (
    at_least,
    choice,
    filters,
    look_up,
    search,
    state,
    switch,
)
from crm_core.ui.addressing.writing import go, number, page_of, set_widget

__all__ = [
    "EARLIEST",
    "at_least",
    "choice",
    "clock",
    "day",
    "day_in",
    "doing",
    "filters",
    "go",
    "link_back",
    "look_up",
    "more",
    "narrowed",
    "narrowed_to_state",
    "number",
    "page_of",
    "recent_month",
    "search",
    "set_widget",
    "state",
    "switch",
    "tabs",
]

"""The sandbox's outbox: what would have reached people, had a provider been chosen."""

import streamlit as st

from crm_core.messaging.gateways.outbox import read_outbox
from crm_core.messaging.gateways.sandbox import NOTICE
from crm_core.messaging.schemas import Channel
from crm_core.ui import address_bar, tables
from crm_core.ui.messages.words import ALL_CHANNELS, CHANNELS

_COLUMNS = {
    "To": tables.text(width=150),
    "By": tables.text(width=75),
    "Subject": tables.text(width=140),
    "Text": tables.text(width=270),
    "Taken": tables.at(width=145),
}


def show() -> None:
    """The latest hundred letters; a row opens its message."""
    address_bar.link_back("All channels", without=["outbox", "by"])
    st.info(NOTICE)
    chosen = address_bar.choice("by", "By", CHANNELS, any_label="All")
    letters = read_outbox(channel=Channel(chosen) if chosen else None)
    tables.pick_one(
        tables.Table(
            rows=[
                {
                    "To": each.address,
                    "By": ALL_CHANNELS[each.channel],
                    "Subject": each.subject,
                    "Text": " ".join(each.content.split())[:160],
                    "Taken": each.at,
                }
                for each in letters
            ],
            columns=_COLUMNS,
            ids=[each.id for each in letters],
            alt="Letters in the sandbox's outbox, the latest first",
            empty="The outbox is empty: write to a patient, and it lands here.",
            name="outbox",
        ),
        opens=lambda message_id: {"message": str(message_id), "outbox": None, "by": None},
    )

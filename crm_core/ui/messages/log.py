"""The log: every message to anybody, filtered; the address holds how."""

import streamlit as st

from crm_core.base.paging import Page
from crm_core.insights.communications import CommunicationRow, list_log
from crm_core.messaging.schemas import CommunicationFilter, MessageStatus, RecipientType
from crm_core.people.schemas import Actor
from crm_core.ui import address_bar, beside, keyset, tables, views
from crm_core.ui.formatting import moment
from crm_core.ui.messages import resending
from crm_core.ui.messages.words import ALL_CHANNELS, COLUMNS, PAGE, PURPOSES, row
from crm_core.ui.page import load

FILTERS = ("to", "person", "by", "status", "why", "campaign", "provider", "from", "until")
_FIELDS = {
    "to": "recipient_type",
    "person": "recipient_id",
    "by": "channel",
    "status": "status",
    "why": "purpose",
    "campaign": "campaign_id",
    "provider": "provider",
    "from": "sent_from",
    "until": "sent_to",
    "after": "cursor",
}

# The list of patients or owners behind the person's page has filters of its own.
_OF_PERSON = {"channel": "channel", "became": "status", "after": "cursor"}
PARAMS_OF_PERSON = tuple(_OF_PERSON)


def filters_of_address() -> CommunicationFilter:
    """The list that the address holds, also while one of its messages is open."""
    return address_bar.filters(CommunicationFilter, _FIELDS, limit=tables.PAGE)


def show(actor: Actor) -> None:
    """The tab Log."""
    if resending.decided(actor):
        return
    views.bar(actor, "messages", FILTERS)
    with st.grid(4, min_column_width=150):
        address_bar.state("to", "To", RecipientType)
        address_bar.choice("by", "By", ALL_CHANNELS, any_label="All")
        address_bar.state("status", "Status", MessageStatus)
        address_bar.choice("why", "What for", PURPOSES, any_label="All")
    wanted = filters_of_address()
    _narrowed(wanted)
    with load() as session:
        found = list_log(wanted).page(session)
    table(found, empty="No message is like this: take a filter away, or write to a patient.")
    keyset.ways(found, "message")
    resending.offer(actor, found.rows)
    beside.take_away(actor, "messages", wanted)


def of_person(kind: RecipientType, recipient_id: int, actor: Actor) -> None:
    """Everything that was sent to one person; a row opens the message on the messages page."""
    if resending.decided(actor):
        return
    with address_bar.more("channel", "became"):
        address_bar.choice("channel", "By", ALL_CHANNELS, any_label="All")
        address_bar.state("became", "Status", MessageStatus)
    fixed = {"recipient_type": kind, "recipient_id": recipient_id, "limit": tables.PAGE}
    wanted = address_bar.filters(CommunicationFilter, _OF_PERSON, **fixed)
    with load() as session:
        found = list_log(wanted).page(session)
    table(found, empty="No message like this was sent to this person.", page=PAGE)
    keyset.ways(found, "message")
    resending.offer(actor, found.rows)


def table(found: Page[CommunicationRow], *, empty: str, page: str = "") -> None:
    """Messages whose rows open them."""
    tables.pick_one(
        tables.Table(
            rows=[row(message) for message in found.rows],
            columns=COLUMNS,
            ids=[message.id for message in found.rows],
            alt="Messages, the newest first",
            empty=empty,
            name="messages",
            version=tuple(message.status for message in found.rows),
        ),
        opens=lambda message_id: {"message": str(message_id)},
        page=page,
    )


def _narrowed(wanted: CommunicationFilter) -> None:
    """What a chart or another page has set, and the way out of it."""
    told = {
        ("person", "to"): "one person" if wanted.recipient_id else "",
        ("campaign",): "one campaign" if wanted.campaign_id else "",
        ("provider",): f"the provider {wanted.provider}" if wanted.provider else "",
        ("from", "until"): (
            f"what was sent from {moment(wanted.sent_from)} to {moment(wanted.sent_to)}"
            if wanted.sent_from
            else ""
        ),
    }
    for params, sentence in told.items():
        if sentence:
            st.button(
                f"Only {sentence}: show all",
                key=f"all-{params[0]}",
                icon=":material/close:",
                on_click=address_bar.go,
                args=(dict.fromkeys([*params, "after"]),),
            )

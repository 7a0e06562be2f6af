"""The tab of other systems: what they told us, whom we tell, and what was sent."""

import json

import streamlit as st

from crm_core.integrations.incoming import list_events
from crm_core.integrations.incoming.schemas import (
    EventState,
    IntegrationEventFilter,
    IntegrationEventRead,
    Source,
)
from crm_core.people.schemas import Actor
from crm_core.ui import address_bar, tables
from crm_core.ui.admin import deliveries, subscriptions
from crm_core.ui.formatting import words
from crm_core.ui.page import load
from crm_core.ui.plain import plain

_PARTS = {"told": "Whom we tell", "sent": "What was sent"}
_FIELDS = {"source": "source", "became": "state", "q": "event_id", "page": "page"}
_COLUMNS = {
    "Event": tables.text(width=200),
    "From": tables.text(width=110),
    "What became of it": tables.state(EventState, width=130),
    "Why it was refused": tables.text(width="large"),
    "Came": tables.at(width=150),
}


def show(actor: Actor) -> None:
    """One of its three parts."""
    part = address_bar.choice("part", "Show", _PARTS, any_label="What came in")
    if part == "told":
        subscriptions.show(actor)
    elif part == "sent":
        deliveries.show(actor)
    else:
        _incoming()


def _incoming() -> None:
    with st.grid(3, min_column_width=170):
        address_bar.state("source", "From", Source)
        address_bar.state("became", "What became of it", EventState)
        address_bar.search("The sender's id of the event")
    wanted = address_bar.filters(IntegrationEventFilter, _FIELDS, limit=tables.PAGE)
    with load() as session:
        found = tables.page_of(session, list_events, wanted)
    tables.pick_one(
        tables.Table(
            rows=[_row(event) for event in found.rows],
            columns=_COLUMNS,
            ids=[event.id for event in found.rows],
            alt="Events of other systems, the latest first",
            empty="No event is like this: other systems send theirs to /api/crm-v2/integrations.",
            name="events",
        ),
        opens=lambda event_id: {"event": str(event_id)},
    )
    tables.pages(found, "event")
    chosen = address_bar.number("event")
    for event in found.rows:
        if event.id == chosen:
            _event(event)


def _row(event: IntegrationEventRead) -> dict[str, object]:
    return {
        "Event": event.event_id,
        "From": words(event.source),
        "What became of it": event.state,
        "Why it was refused": event.refusal or "",
        "Came": event.received_at,
    }


def _event(event: IntegrationEventRead) -> None:
    with st.container(border=True):
        st.subheader(plain(f"Event {event.event_id}"), anchor=False)
        if event.refusal:
            st.error(plain(event.refusal))
        st.caption("What came")
        st.code(_written(event.body), language="json", wrap_lines=True)
        if event.answer is not None:
            st.caption("What was answered")
            st.code(_written(event.answer), language="json", wrap_lines=True)


def _written(body: object) -> str:
    return json.dumps(body, indent=2, ensure_ascii=False)

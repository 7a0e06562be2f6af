"""The queue: what is to be done, the most pressing first, with its clock on each row."""

from collections.abc import Mapping

import streamlit as st

from crm_core.feedback import queries
from crm_core.feedback.schemas import FeedbackFilter, FeedbackSort, FeedbackType, Priority
from crm_core.hospitals.queries import all_hospitals
from crm_core.people.schemas import Actor
from crm_core.ui import address_bar, cards, tables
from crm_core.ui.cards import Card
from crm_core.ui.feedback import rows
from crm_core.ui.page import load

FIELDS = {
    "type": "type",
    "priority": "priority",
    "hospital": "hospital_id",
    "state": "state",
    "assigned": "assigned_to",
    "unassigned": "unassigned",
    "overdue": "overdue",
    "escalated": "escalated",
    "page": "page",
}
_SWITCHES = ("assigned", "mine", "unassigned", "overdue", "escalated")


def filters_of_address(actor: Actor) -> FeedbackFilter:
    """The queue that the address holds, also while one of its cases is open.

    ``?mine=yes`` is of whoever looks, so that the address can be given to a colleague.
    """
    filters = address_bar.filters(
        FeedbackFilter, FIELDS, open=True, sort=FeedbackSort.DUE, limit=tables.PAGE
    )
    mine = staff_id(actor) if st.query_params.get("mine") == "yes" else None
    return filters.model_copy(update={"assigned_to": mine}) if mine else filters


def show(actor: Actor) -> None:
    """The figures of the queue, its filters, and the page that they give."""
    mine = staff_id(actor)
    with load() as session:
        counts = queries.open_counts(session, mine)
        places = {str(place.id): place.name for place in all_hospitals(session)}
    cards.show(_cards(counts), columns=5)
    with st.grid(3, min_column_width=150):
        address_bar.state("type", "Kind", FeedbackType)
        address_bar.state("priority", "Priority", Priority)
        address_bar.choice("hospital", "Hospital", places, any_label="All hospitals")
    address_bar.narrowed_to_state()
    with load() as session:
        found = tables.page_of(session, queries.list_queue, filters_of_address(actor))
    tables.pick_one(
        tables.Table(
            rows=[rows.row(piece) for piece in found.rows],
            columns=rows.QUEUE,
            ids=[piece.id for piece in found.rows],
            alt="Feedback to work on: what is late first, then by due time, priority and age",
            empty="Nothing is to be done here. Take a filter away, or take feedback in.",
            name="queue",
        ),
        opens=rows.opens,
    )
    tables.pages(found, "case")


def staff_id(actor: Actor) -> int | None:
    """The account that this person signs in with."""
    kind, _, number = actor.person.partition(":")
    return int(number) if kind == "staff" and number.isdecimal() else None


def _cards(counts: Mapping[str, int]) -> list[Card]:
    shown = [
        ("Open", "open", {}),
        ("Past their time", "overdue", {"overdue": "yes"}),
        ("Escalated", "escalated", {"escalated": "yes"}),
        ("With nobody", "unassigned", {"unassigned": "yes"}),
        ("With me", "mine", {"mine": "yes"}),
    ]
    return [
        Card(
            label,
            f"{counts[name]:,}",
            opens={**dict.fromkeys((*_SWITCHES, "page")), **params},
            action="Show only these" if params else "Show all",
        )
        for label, name, params in shown
    ]

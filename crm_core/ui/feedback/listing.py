"""All feedback: filtered, searched, sorted; the address holds how. Figures open their rows here."""

from collections.abc import Mapping

import streamlit as st

from crm_core.feedback import queries
from crm_core.feedback.figures.queries import first_month
from crm_core.feedback.figures.schemas import StatsFilter
from crm_core.feedback.schemas import (
    Band,
    FeedbackFilter,
    FeedbackStatus,
    FeedbackType,
    Priority,
    SourceType,
)
from crm_core.hospitals.queries import all_hospitals
from crm_core.people.schemas import Actor
from crm_core.ui import address_bar, beside, tables, views
from crm_core.ui.feedback import rows
from crm_core.ui.page import load

FIELDS = {
    "q": "search",
    "status": "status",
    "type": "type",
    "priority": "priority",
    "hospital": "hospital_id",
    "state": "state",
    "department": "department_id",
    "category": "category",
    "month": "month",
    "since": "since",
    "without": "without",
    "band": "band",
    "late": "late",
    "source": "source_type",
    "patient": "patient_id",
    "owner": "owner_id",
    "about": "about_staff_id",
    "assigned": "assigned_to",
    "rated": "rated",
    "scored": "scored",
    "unmerged": "unmerged",
    "sort": "sort",
    "page": "page",
}
_SORTS = {"newest": "Newest first", "oldest": "Oldest first", "due": "Due first"}
_LATE = {
    "response": "Answered late",
    "resolution": "Resolved late",
    "response_in_time": "Answered in time",
    "resolution_in_time": "Resolved in time",
}
_SET_ELSEWHERE = {
    "department": "of one department",
    "category": "of one category",
    "patient": "of one patient",
    "owner": "of one owner",
    "about": "of one colleague",
    "assigned": "of one colleague's cases",
    "rated": "with stars",
    "scored": "with a score of 0 to 10",
    "since": "of the months of a figure",
    "without": "with no {} named",
    "unmerged": "what went into no other",
}


def opens_list(**filters: str) -> Mapping[str, str | None]:
    """Parameters that show the list with these filters and no others."""
    return {**dict.fromkeys(FIELDS), "tab": "all-feedback", "sort": "newest", **filters}


def opens_counted(counted: StatsFilter, **filters: str) -> Mapping[str, str | None]:
    """The rows that a figure counts: of its months and its hospital, each merged case once."""
    given = {"unmerged": "yes", "since": f"{first_month(counted):%Y-%m}", **filters}
    if "month" in filters:
        del given["since"]
    if counted.hospital_id is not None:
        given["hospital"] = str(counted.hospital_id)
    return opens_list(**given)


def filters_of_address() -> FeedbackFilter:
    """The list that the address holds, also while one of its records is open."""
    return address_bar.filters(FeedbackFilter, FIELDS, limit=tables.PAGE)


def show(actor: Actor) -> None:
    """The filters and the page of the list that they give."""
    views.bar(actor, "feedback", [name for name in FIELDS if name != "page"])
    _filter_widgets()
    filters = filters_of_address()
    with load() as session:
        found = tables.page_of(session, queries.list_queue, filters)
    tables.pick_one(
        tables.Table(
            rows=[rows.row(piece) for piece in found.rows],
            columns=rows.LIST,
            ids=[piece.id for piece in found.rows],
            alt="Feedback",
            empty="No feedback is like this: take a filter away, or take some in.",
            name="feedback",
        ),
        opens=rows.opens,
    )
    tables.pages(found, "piece")
    beside.take_away(actor, "feedback", filters)


def _filter_widgets() -> None:
    with load() as session:
        places = {str(place.id): place.name for place in all_hospitals(session)}
    address_bar.search("Search by number, subject or words of what was said")
    with st.grid(5, min_column_width=150):
        address_bar.state("status", "State", FeedbackStatus)
        address_bar.state("type", "Kind", FeedbackType)
        address_bar.state("priority", "Priority", Priority)
        address_bar.choice("hospital", "Hospital", places, any_label="All hospitals")
        address_bar.choice("sort", "Order", _SORTS, any_label="Most critical first")
    with st.container(horizontal=True):
        with address_bar.more("month", "band", "late", "source"):
            address_bar.recent_month("month", "Came in")
            address_bar.state("band", "Stars", Band)
            address_bar.choice("late", "In time", _LATE, any_label="All")
            address_bar.state("source", "From", SourceType)
        for param, what in _SET_ELSEWHERE.items():
            said = what.format(st.query_params.get(param)) if param == "without" else what
            address_bar.narrowed(param, said)
        address_bar.narrowed_to_state()

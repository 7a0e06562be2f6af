"""What a patient said of us: complaints, suggestions, compliments and stars."""

import streamlit as st

from crm_core.feedback import queries
from crm_core.feedback.schemas import FeedbackFilter
from crm_core.loyalty.schemas import MemberRead
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, tables
from crm_core.ui.feedback import rows
from crm_core.ui.page import load
from crm_core.ui.tables import Table

_PAGE = "pages/feedback.py"


def show(patient: MemberRead, actor: Actor) -> None:
    """The tab Feedback."""
    if actor.may(Permission.FEEDBACK_WRITE):
        st.page_link(
            _PAGE, label="Take feedback in", icon=":material/add:", query_params={"tab": "take-in"}
        )
    filters = FeedbackFilter(patient_id=patient.id, limit=20, page=address_bar.page_of("said"))
    with load() as session:
        found = tables.page_of(session, queries.list_queue, filters)
    tables.pick_one(
        Table(
            rows=[rows.row(piece) for piece in found.rows],
            columns=rows.LIST,
            ids=[piece.id for piece in found.rows],
            alt="Feedback of the patient",
            empty="This patient has not said anything yet.",
            name="patient-feedback",
        ),
        opens=lambda feedback_id: {"feedback": str(feedback_id)},
        page=_PAGE,
    )
    tables.pages(found, "piece", param="said")

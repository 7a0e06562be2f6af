"""A patient's own page: who, the points and how they came, the rewards, and what happened."""

from functools import partial

import streamlit as st

from crm_core.base.clock import lagos_today
from crm_core.loyalty import queries
from crm_core.loyalty.schemas import MemberRead
from crm_core.messaging.schemas import RecipientType
from crm_core.patients.schemas import age_on
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, asking, beside, past
from crm_core.ui.formatting import counted
from crm_core.ui.messages import person as messages
from crm_core.ui.messages.log import PARAMS_OF_PERSON
from crm_core.ui.page import load
from crm_core.ui.patients import (
    directory,
    editing,
    feedback,
    merging,
    opening,
    overview,
    points,
    rewards,
    timeline,
    visits,
)
from crm_core.ui.plain import plain
from crm_core.ui.states import Tone, chips, label_of, tone_of

_HERE = (
    "patient",
    "tab",
    "do",
    "kind",
    "ledger",
    "redemption",
    "other",
    "find",
    "stays",
    "readings",
    "visits",
    "said",
    *past.PARAMS,
    *PARAMS_OF_PERSON,
)
_DOING = {
    "edit": editing.edit,
    "status": editing.change_status,
    "merge": merging.show,
}
_BUTTONS = {
    "edit": ("Edit", ":material/edit:"),
    "status": ("Change the status", ":material/swap_horiz:"),
    "merge": ("Merge with another", ":material/merge:"),
}


def show(patient_id: int, actor: Actor) -> None:
    """The record that the address names."""
    beside.way_back(
        "All patients",
        queries.MEMBERS,
        directory.filters_of_address(),
        record=("patient", patient_id),
        without=_HERE,
    )
    with load() as session:
        patient = queries.get_member(session, patient_id)
    opening.note(patient.id, actor)
    doing = _DOING.get(st.query_params.get("do", ""))
    if not asking.step(actor, Permission.PATIENTS_WRITE, asked=doing is not None):
        doing = None
    _heading(patient, actor, busy=doing is not None)
    if doing is not None:
        address_bar.link_back("Back to the patient", without=["do", "other", "find", "stays"])
        doing(patient, actor)
        return
    address_bar.tabs(
        {
            "Who": partial(overview.show, patient, actor),
            "Points": partial(points.show, patient, actor),
            "Rewards": partial(rewards.show, patient, actor),
            "Visits": partial(visits.show, patient, actor),
            "Messages": partial(messages.show, RecipientType.PATIENT, patient.id, actor),
            "Feedback": partial(feedback.show, patient, actor),
            "History": partial(timeline.show, patient, actor),
        }
    )


def _heading(patient: MemberRead, actor: Actor, *, busy: bool) -> None:
    asked = opening.led_from(patient.id)
    if asked and asked.upper() != patient.patient_code:
        st.info(plain(f"The record {asked} was merged into this one."))
    with st.container(horizontal=True, vertical_alignment="center"):
        age = age_on(patient.date_of_birth, lagos_today())
        st.header(plain(f"{patient.name}, {age}"), anchor=False, width="content")
        if actor.may(Permission.PATIENTS_WRITE) and not busy:
            for what, (label, icon) in _BUTTONS.items():
                st.button(label, icon=icon, on_click=editing.start, args=(patient.id, what))
    tier = (f"{label_of(patient.loyalty_tier)} member", tone_of(patient.loyalty_tier))
    has = (counted(patient.loyalty_points, "point"), Tone.TEAL)
    allergic = [(f"Allergic: {each}", Tone.ROSE) for each in patient.allergies]
    chips([patient.status.value, tier, has, *allergic])

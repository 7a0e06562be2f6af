"""Who a patient is: the person, the care, whom to call, and what was agreed to."""

import streamlit as st
from pydantic import BaseModel

from crm_core.base.words import Reason
from crm_core.hospitals import queries as hospitals
from crm_core.loyalty.schemas import MemberRead
from crm_core.patients import queries, service
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import facts
from crm_core.ui.formatting import day, moment
from crm_core.ui.forms import Form
from crm_core.ui.page import act, load
from crm_core.ui.patients import fields, opening
from crm_core.ui.plain import plain
from crm_core.ui.states import Tone, chips, label_of


class _Asked(BaseModel):
    reason: Reason


def show(patient: MemberRead, actor: Actor) -> None:
    """The tab Who."""
    left, right = st.columns([3, 2])
    with left:
        _person(patient, actor)
        _care(patient)
    with right:
        _emergency(patient)
        _messages(patient)
        _referrals(patient)


def _person(patient: MemberRead, actor: Actor) -> None:
    with st.container(border=True):
        st.subheader("Person", anchor=False)
        facts.show(
            {
                "Code": patient.patient_code,
                "Born": day(patient.date_of_birth),
                "Gender": label_of(patient.gender),
                "Middle name": patient.middle_name,
                "Phone": patient.phone,
                "Other phone": patient.alternate_phone,
                "Email": patient.email,
                "NIN": patient.nin,
                "NHIS number": patient.nhis_number,
                "Address": f"{patient.address}\n{patient.city}",
                "Local area": patient.lga,
                "State": patient.state,
            }
        )
        if patient.nin is not None and actor.may(Permission.IDENTIFIERS_REVEAL):
            _reveal(patient.id, actor)


def _reveal(patient_id: int, actor: Actor) -> None:
    number = opening.shown_number()
    if number is not None:
        st.code(number, language=None)
        st.button("Hide the NIN", on_click=opening.hide_number)
        return
    with (
        st.popover("Show the whole NIN", icon=":material/visibility:"),
        Form(f"reveal-{patient_id}", border=False) as form,
    ):
        st.text("Your reason is kept in the history.")
        form.reason()
        sent = form.submit("Show it", primary=False)
    if not sent:
        return
    why = str(form.values["reason"])
    kept: dict[str, str] = {}
    with act("Shown, and noted in the history", why=why, once=form.token, keep=kept) as session:
        asked = _Asked.model_validate(form.values)
        nin = service.reveal_nin(session, patient_id, why=asked.reason, actor=actor)
        kept |= opening.show_number(nin)


def _care(patient: MemberRead) -> None:
    with load() as session:
        places = {place.id: place.name for place in hospitals.all_hospitals(session)}
    with st.container(border=True):
        st.subheader("Care", anchor=False)
        facts.show(
            {
                "Blood group": patient.blood_group,
                "Genotype": patient.genotype,
                "Allergies": ", ".join(patient.allergies) or "None known",
                "Chronic conditions": ", ".join(patient.chronic_conditions) or "None known",
                "Preferred hospital": places.get(patient.preferred_hospital_id or 0),
                "Visits": f"{patient.visit_count:,}",
                "Last visit": day(patient.last_visit_date),
                "Registered": day(patient.registration_date),
            }
        )


def _emergency(patient: MemberRead) -> None:
    with st.container(border=True):
        st.subheader("In an emergency", anchor=False)
        if not patient.emergency_contact_phone:
            st.warning("Nobody to call is known: ask for a name and a phone.")
        if patient.emergency_contact_name or patient.emergency_contact_phone:
            facts.show(
                {
                    "Call": patient.emergency_contact_name,
                    "Phone": patient.emergency_contact_phone,
                    "Who this is": patient.emergency_contact_relationship,
                }
            )


def _messages(patient: MemberRead) -> None:
    agreed = patient.communication_preferences.model_dump()
    with st.container(border=True):
        st.subheader("Messages agreed to", anchor=False)
        chips(
            [
                (label, Tone.TEAL) if agreed[name] else (f"No {label}", Tone.GREY)
                for name, label in fields.CHANNELS.items()
            ]
        )
        source = fields.SOURCES.get(patient.consent_source, patient.consent_source)
        facts.show({"How we know": source, "Since": moment(patient.consent_at)})


def _referrals(patient: MemberRead) -> None:
    with st.container(border=True):
        st.subheader("Referrals", anchor=False)
        facts.show({"Code to give to friends": patient.referral_code})
        if patient.referred_by_id is None:
            return
        with load() as session:
            names = queries.names_of(session, [patient.referred_by_id])
        st.button(
            plain(f"Referred by {names[patient.referred_by_id]}"),
            type="tertiary",
            icon=":material/arrow_forward:",
            on_click=opening.go_to,
            args=(patient.referred_by_id,),
        )

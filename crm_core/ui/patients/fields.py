"""The fields of a patient, in the order in which one asks a person at the desk."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from crm_core.base.clock import lagos_today
from crm_core.hospitals.schemas import HospitalRead
from crm_core.patients.places import find_state, states
from crm_core.patients.schemas import (
    ADULT,
    BloodGroup,
    CommunicationPreferences,
    Gender,
    Genotype,
    age_on,
)
from crm_core.ui.live import LiveForm
from crm_core.ui.states import label_of

Known = Mapping[str, Any]
"""What is in the fields at first: a patient as ``model_dump`` gives one."""

Options = Mapping[int, str] | Mapping[str, str]

CHANNELS = {"sms": "SMS", "email": "Email", "whatsapp": "WhatsApp", "push": "App"}
SOURCES = {
    "registration": "Said so at the desk",
    "paper form": "Signed a paper form",
    "telephone": "Said so on the telephone",
    "website": "Ticked it on the website",
}
_GENDERS = {each.value: label_of(each.value) for each in Gender}
_GROUPS = {each.value: each.value for each in BloodGroup}
_GENOTYPES = {each.value: each.value for each in Genotype}
_ALLERGIES = ("Penicillin", "Sulfonamides", "Chloroquine", "Aspirin", "Latex", "Groundnuts", "Eggs")
_CONDITIONS = ("Hypertension", "Diabetes", "Asthma", "Sickle cell disease", "Epilepsy", "HIV")


def who(form: LiveForm, now: Known) -> None:
    """Names, day of birth, telephone and numbers: what tells one person from another."""
    kept = f"{now['nin']} is kept: leave this empty, or give another." if now.get("nin") else None
    with _section("Who"):
        _row(
            partial(_text, form, "first_name", "First name", now),
            partial(_text, form, "middle_name", "Middle name (optional)", now),
            partial(_text, form, "last_name", "Last name", now),
        )
        _row(
            partial(form.long_ago, "date_of_birth", "Date of birth", now.get("date_of_birth")),
            partial(form.choice, "gender", "Gender", _GENDERS, now.get("gender")),
            partial(form.number, "nin", "NIN (optional)", help=kept or "11 digits"),
        )
        _row(
            partial(_text, form, "phone", "Phone", now),
            partial(_text, form, "alternate_phone", "Other phone (optional)", now),
            partial(_text, form, "email", "Email (optional)", now),
        )


def where(form: LiveForm, now: Known) -> None:
    """The address; the areas offered are those of the state."""
    names = {each.name: each.name for each in states()}
    with _section("Where"):
        _row(
            partial(_text, form, "address", "Address", now),
            partial(_text, form, "city", "Town or city", now),
        )
        _row(
            partial(form.choice, "state", "State", names, now.get("state")),
            partial(_area, form, now),
        )


def health(form: LiveForm, now: Known, places: Sequence[HospitalRead]) -> None:
    """What whoever treats the patient should know first."""
    hospitals = {place.id: place.name for place in places}
    with _section("Health"):
        _row(
            partial(_choice, form, "blood_group", "Blood group (optional)", _GROUPS, now),
            partial(_choice, form, "genotype", "Genotype (optional)", _GENOTYPES, now),
            partial(_text, form, "nhis_number", "NHIS number (optional)", now),
        )
        _row(
            partial(_several, form, "allergies", "Allergies", _ALLERGIES, now),
            partial(_several, form, "chronic_conditions", "Chronic conditions", _CONDITIONS, now),
            partial(_choice, form, "preferred_hospital_id", "Preferred hospital", hospitals, now),
        )


def somebody_to_call(form: LiveForm, now: Known) -> None:
    """The emergency contact: a must for a child, and asked of everybody."""
    born = form.values["date_of_birth"]
    with _section("Somebody to call in an emergency"):
        if isinstance(born, date) and age_on(born, lagos_today()) < ADULT:
            st.warning("The patient is under 18: a name and a phone are needed here.")
        else:
            st.text("Not a must for an adult, but ask: it is needed when nobody can answer.")
        _row(
            partial(_text, form, "emergency_contact_name", "Name of the contact", now),
            partial(_text, form, "emergency_contact_phone", "Phone of the contact", now),
            partial(_text, form, "emergency_contact_relationship", "Who this is", now),
        )
        form.mark("")


def messages(form: LiveForm, now: Known) -> None:
    """The channels that the patient agrees to, and how we know."""
    given = now.get("communication_preferences") or CommunicationPreferences().model_dump()
    source = now.get("consent_source") or "registration"
    with _section("Messages that the patient agrees to"):
        form.switches("communication_preferences", CHANNELS, given)
        sources = SOURCES if source in SOURCES else {source: source, **SOURCES}
        form.choice("consent_source", "How we know", sources, source)


def _area(form: LiveForm, now: Known) -> None:
    state = form.values["state"]
    areas = find_state(state).areas if isinstance(state, str) else ()
    given = now.get("lga") if now.get("state") == state else None
    label = "Local government area (optional)" if areas else "Local area: choose a state first"
    form.choice("lga", label, {area: area for area in areas}, given)


def _row(*asks: Callable[[], None]) -> None:
    """Fields beside each other; on a small screen, and for the tab key, one after the other."""
    for column, ask in zip(st.columns(len(asks)), asks, strict=True):
        with column:
            ask()


def _text(form: LiveForm, path: str, label: str, now: Known) -> None:
    form.text(path, label, now.get(path) or "")


def _choice(form: LiveForm, path: str, label: str, options: Options, now: Known) -> None:
    form.choice(path, label, options, now.get(path))


def _several(form: LiveForm, path: str, label: str, usual: Sequence[str], now: Known) -> None:
    form.several(path, label, usual, now.get(path) or ())


def _section(title: str) -> DeltaGenerator:
    box = st.container(border=True)
    box.subheader(title, anchor=False)
    return box

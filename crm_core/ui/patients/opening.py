"""Opening a patient: whom the address means, and that the record was read."""

import streamlit as st

from crm_core.base.db import transaction
from crm_core.patients import queries, service
from crm_core.people.schemas import Actor
from crm_core.ui import address_bar
from crm_core.ui.page import load

_OPENED = "_patient_opened"
_LED = "_patient_led_from"
_REVEALED = "_patient_nin"


def patient_asked_for() -> int | None:
    """The patient at ``?patient=``, by id or code; a merged one leads to the one that stayed."""
    asked = st.query_params.get("patient", "").strip()
    if not asked:
        return None
    given = address_bar.number("patient")
    with load() as session:
        if given is not None:
            found = queries.surviving_id(session, given)
        else:
            found = queries.surviving_by_code(session, asked)
    if str(found) != asked:
        st.session_state[_LED] = f"{found}|{asked}"
        address_bar.go({"patient": str(found)})
    return found


def led_from(patient_id: int) -> str:
    """What the address asked for, where it was not this patient's id; empty else."""
    here, _, asked = str(st.session_state.get(_LED, "")).partition("|")
    return asked if here == str(patient_id) else ""


def note(patient_id: int, actor: Actor) -> None:
    """Writes into the history that this person read the record: once an opening, not a rerun."""
    if st.session_state.get(_OPENED) == patient_id:
        return
    with transaction(who=actor.key, why="opened the patient's page") as session:
        service.note_reading(session, patient_id)
    st.session_state[_OPENED] = patient_id


def close_unless(patient_id: int | None) -> None:
    """What was opened or revealed of another patient is forgotten."""
    if st.session_state.get(_OPENED) != patient_id:
        for name in (_OPENED, _REVEALED):
            st.session_state.pop(name, None)


def show_number(number: str) -> dict[str, str]:
    """What to keep for the runs that show the whole NIN."""
    return {_REVEALED: number}


def shown_number() -> str | None:
    """The whole NIN, where it was asked for on this page."""
    return st.session_state.get(_REVEALED)


def hide_number() -> None:
    """Forgets the whole NIN."""
    st.session_state.pop(_REVEALED, None)


def go_to(patient_id: int) -> None:
    """From one patient's page to another's."""
    address_bar.go({"patient": str(patient_id), "tab": None, "do": None})

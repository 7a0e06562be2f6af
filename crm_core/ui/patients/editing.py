"""Changing a patient: what was opened is what is changed, or the change is refused."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from crm_core.hospitals import queries as hospitals
from crm_core.loyalty.schemas import MemberRead
from crm_core.patients import service
from crm_core.patients.schemas import PatientStatus, PatientUpdate, StatusChange
from crm_core.people.schemas import Actor
from crm_core.ui import address_bar
from crm_core.ui.forms import Form, beside
from crm_core.ui.live import LiveForm, how_far
from crm_core.ui.page import act, forget_token, load
from crm_core.ui.patients import fields
from crm_core.ui.states import label_of

_OPENED, _CLOSE = "_patient_as_opened", "_patient_form_done"
_DONE = {_CLOSE: "yes"}
_STATUSES = {
    PatientStatus.ACTIVE.value: "Active: in care",
    PatientStatus.INACTIVE.value: "Inactive: has left",
    PatientStatus.DECEASED.value: "Deceased: nothing is sent any more",
}


def edit(patient: MemberRead, actor: Actor) -> None:
    """The form at ``?do=edit``; refuses where somebody else changed the patient meanwhile."""
    opened = _as_opened(patient)
    with load() as session:
        places = hospitals.all_hospitals(session)
    st.subheader("Edit", anchor=False)
    if opened["version"] != patient.version:
        _changed_meanwhile(patient.id)
    form = LiveForm(_form_name(patient.id), border=False)
    with form:
        fields.who(form, opened)
        fields.where(form, opened)
        fields.health(form, opened, places)
        fields.somebody_to_call(form, opened)
        fields.messages(form, opened)
    changes = _changed(form.values, opened)
    problems = form.judge(PatientUpdate, changes)
    told = how_far(problems) if problems else _told(changes)
    if form.send("Save", told, allowed=len(changes) > 1):
        _save(form, patient.id, changes, actor)


def change_status(patient: MemberRead, actor: Actor) -> None:
    """The form at ``?do=status``."""
    with st.container(border=True):
        st.subheader("Change the status", anchor=False)
        with Form(f"leaving-{patient.id}", border=False) as form:
            others = {code: said for code, said in _STATUSES.items() if code != patient.status}
            form.choice("status", f"{label_of(patient.status)} becomes", others)
            form.reason()
            sent = form.submit("Change it")
    if not sent:
        return
    why = str(form.values["reason"])
    with act("The status was changed", why=why, once=form.token, keep=_DONE) as session:
        data = StatusChange.model_validate(form.given())
        service.change_status(session, patient.id, data, actor=actor)


def start(patient_id: int, what: str) -> None:
    """Opens one of the forms with the patient as it is now."""
    _forget(patient_id)
    address_bar.go({"do": what})


def close_when_done() -> None:
    """After a form was saved: the patient's page without it."""
    if st.session_state.pop(_CLOSE, None):
        address_bar.go({"do": None})


def _save(form: LiveForm, patient_id: int, changes: Mapping[str, object], actor: Actor) -> None:
    with act("Saved", once=form.token, keep={**_DONE, _OPENED: ""}) as session:
        data = PatientUpdate.model_validate(changes)
        with beside("email", where="email address"), beside("nin", where="NIN"):
            service.update_patient(session, patient_id, data, actor=actor)


def _told(changes: Mapping[str, object]) -> str:
    names = [name.replace("_", " ") for name in changes if name != "version"]
    return f"Changed: {', '.join(names)}" if names else "Nothing is changed yet"


def _as_opened(patient: MemberRead) -> Mapping[str, Any]:
    """The patient as the person saw it when they began to type, whatever others did since."""
    kept = st.session_state.get(_OPENED)
    if not kept or kept["id"] != patient.id:
        kept = patient.model_dump(mode="python")
        st.session_state[_OPENED] = kept
    return dict(kept)


def _changed_meanwhile(patient_id: int) -> None:
    st.warning("Somebody changed this patient since you opened this form: saving it is refused.")
    st.button("Show what it is now", on_click=_forget, args=(patient_id,))


def _forget(patient_id: int) -> None:
    st.session_state.pop(_OPENED, None)
    # A new token makes new fields: the old ones would keep what was typed.
    forget_token(_form_name(patient_id))


def _form_name(patient_id: int) -> str:
    return f"patient-{patient_id}"


def _changed(asked: Mapping[str, object], opened: Mapping[str, Any]) -> dict[str, object]:
    """What is not as it was when the form was opened; a NIN left empty stays."""
    changed = {name: value for name, value in asked.items() if value != opened.get(name)}
    if asked["nin"] is None:
        changed.pop("nin", None)
    return {**changed, "version": opened["version"]}

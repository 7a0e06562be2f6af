"""Registering a patient: judged while it is typed, and compared with those who are here."""

import html
from collections.abc import Sequence

import streamlit as st

from crm_core.base.errors import Problem
from crm_core.hospitals import queries as hospitals
from crm_core.loyalty import service
from crm_core.patients import queries
from crm_core.patients.likeness import Likeness
from crm_core.patients.schemas import PatientCreate, Resemblance
from crm_core.people.schemas import Actor
from crm_core.ui import address_bar
from crm_core.ui.formatting import counted, day
from crm_core.ui.forms import beside
from crm_core.ui.live import LiveForm, how_far
from crm_core.ui.page import act, load
from crm_core.ui.patients import fields

_REGISTERED = "_patient_registered"
_LIKE = ("first_name", "last_name", "date_of_birth", "phone", "nin")


def open_registered() -> None:
    """After a patient was registered: writes the patient's own address."""
    if registered := st.session_state.pop(_REGISTERED, None):
        address_bar.go({"patient": registered, "new": None})


def show(actor: Actor) -> None:
    """The form at ``?new=yes``."""
    address_bar.link_back("All patients", without=["new"])
    st.header("Register a patient", anchor=False)
    with load() as session:
        places = hospitals.all_hospitals(session)
    form = LiveForm("new-patient", border=False)
    with form:
        fields.who(form, {})
        alike_here = st.container()
        fields.where(form, {})
        fields.health(form, {}, places)
        fields.somebody_to_call(form, {})
        fields.messages(form, {})
        _referral(form)
    problems = form.judge(PatientCreate, form.given())
    alike = _alike(form, problems)
    with alike_here:
        _show_alike(alike)
    if _sent(form, problems, alike):
        _register(form, actor)


def _referral(form: LiveForm) -> None:
    with st.container(border=True):
        st.subheader("Referred by another patient", anchor=False)
        help_ = "Both are thanked with points after the first visit."
        form.text("referral_code", "That patient's referral code (optional)", help=help_)


def _alike(form: LiveForm, problems: Sequence[Problem]) -> list[Resemblance]:
    """Who is here already with what was given so far; a field that is wrong finds nobody."""
    wrong = {problem.path for problem in problems}
    known = {path: form.values[path] for path in _LIKE if path not in wrong}
    if not any(known.get(path) for path in ("phone", "nin", "date_of_birth")):
        return []
    with load() as session:
        return queries.resembling(session, Likeness.model_validate(known))


def _show_alike(alike: Sequence[Resemblance]) -> None:
    if not alike:
        return
    with st.container(border=True):
        if any(each.same_nin for each in alike):
            st.error("Somebody is registered with this NIN: open that record instead.")
        else:
            st.warning("Perhaps this person is registered already. Look before you register.")
        st.html("".join(_line(each) for each in alike))


def _line(each: Resemblance) -> str:
    """A link that opens beside the form: what was typed stays."""
    said = f"{each.patient_code} {each.name}, born {day(each.date_of_birth)}, {each.phone}"
    return (
        f'<div style="padding:.3rem 0"><a href="/patients?patient={each.id}" target="_blank" '
        f'rel="noopener" style="color:inherit">{html.escape(said)}</a> '
        f'<span style="opacity:.8">· {html.escape(_what_is_same(each))}</span></div>'
    )


def _what_is_same(each: Resemblance) -> str:
    same = {
        "NIN": each.same_nin,
        "name and date of birth": each.same_name_and_birth,
        "phone": each.same_phone,
    }
    return "same " + ", ".join(what for what, is_same in same.items() if is_same)


def _sent(form: LiveForm, problems: Sequence[Problem], alike: Sequence[Resemblance]) -> bool:
    told = how_far(problems)
    if alike:
        told = f"{counted(len(alike), 'patient')} like this one · {told}"
    return form.send(
        "Register anyway" if alike else "Register",
        told,
        agreed="-".join(str(each.id) for each in alike),
        allowed=not any(each.same_nin for each in alike),
    )


def _register(form: LiveForm, actor: Actor) -> None:
    kept: dict[str, str] = {}
    with act("The patient was registered", once=form.token, keep=kept) as session:
        data = PatientCreate.model_validate(form.given())
        with beside("email", where="email address"), beside("nin", where="NIN"):
            patient = service.register_patient(session, data, actor=actor)
        kept[_REGISTERED] = str(patient.id)

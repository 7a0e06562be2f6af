"""One visit's own page: who, when, what may be done next, what the patient was told and said."""

from collections.abc import Callable
from functools import partial

import streamlit as st
from sqlalchemy.orm import Session

from crm_core.appointments import queries, service
from crm_core.appointments.schemas import (
    AHEAD,
    AppointmentRead,
    AppointmentStatus,
    Cancellation,
    NoticeRead,
    StepBack,
)
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, asking, beside, facts, histories, past, tables
from crm_core.ui.appointments import booking, listing
from crm_core.ui.formatting import moment, words
from crm_core.ui.forms import Form
from crm_core.ui.page import act, load
from crm_core.ui.plain import plain
from crm_core.ui.states import Tone, chips, label_of
from crm_core.ui.tables import Table

_S = AppointmentStatus
_Step = Callable[..., AppointmentRead]
_STEPS: dict[AppointmentStatus, tuple[str, str, _Step]] = {
    _S.CONFIRMED: ("Confirm", ":material/event_available:", service.confirm_appointment),
    _S.ARRIVED: ("Arrived", ":material/login:", service.arrive),
    _S.IN_PROGRESS: ("Start", ":material/play_arrow:", service.start),
    _S.COMPLETED: ("Complete", ":material/check:", service.complete),
    _S.NO_SHOW: ("Did not come", ":material/person_off:", service.mark_no_show),
}
_NOTICES = {
    "When": tables.at(width=150),
    "What": tables.text(width=120),
    "For": tables.at(width=150),
    "Outcome": tables.state(["queued", "skipped"], width=100),
    "Why not": tables.text(width=160),
    "Answer": tables.text(width=90),
    "Answered by": tables.text(width=110),
}


def show(actor: Actor, visit_id: int) -> None:
    """The visit at ``?visit=``."""
    beside.way_back(
        "Back to the visits",
        queries.APPOINTMENTS,
        listing.filters_of_address(),
        record=("visit", visit_id),
        without=["visit", "do", *past.PARAMS],
    )
    with load() as session:
        visit = queries.get_appointment(session, visit_id)
        notices = queries.notices_of(session, visit_id)
    may = actor.may(Permission.APPOINTMENTS_WRITE)
    move = st.query_params.get("do") == "move"
    may_move = asking.step(actor, Permission.APPOINTMENTS_WRITE, asked=move)
    if may_move and visit.status in AHEAD:
        booking.reschedule(actor, visit)
        return
    _head(visit)
    if may:
        _actions(visit, actor)
    left, right = st.columns([3, 2])
    with left:
        _facts(visit)
    with right.container(border=True):
        _whom(visit)
    _told(notices)
    _history(visit, actor)


def _head(visit: AppointmentRead) -> None:
    st.header(plain(f"{visit.patient_name}, {moment(visit.starts_at)}"), anchor=False)
    told: list[str | tuple[str, Tone]] = [visit.status.value]
    if visit.asked:
        told.append(("Asked, no answer yet", Tone.AMBER))
    if visit.walk_in:
        told.append(("Walked in", Tone.INDIGO))
    if visit.overlap_accepted:
        told.append(("At the same time as another visit of this patient", Tone.ROSE))
    chips(told)


def _actions(visit: AppointmentRead, actor: Actor) -> None:
    with st.container(horizontal=True):
        for status, (label, icon, step) in _STEPS.items():
            if visit.status.can_become(status) and st.button(label, icon=icon, key=f"do-{status}"):
                with act(f"The visit is {words(status).lower()}") as session:
                    step(session, visit.id, actor=actor)
        if visit.status in AHEAD:
            st.button(
                "Another time",
                icon=":material/update:",
                on_click=address_bar.go,
                args=({"do": "move", "day": None, "at": None, "doctor": None},),
            )
        if visit.status.can_become(_S.CANCELLED):
            _with_reason("Cancel", ":material/event_busy:", partial(_cancel, visit.id, actor))
        if visit.previous_status and actor.may(Permission.APPOINTMENTS_SUPERVISE):
            _with_reason("Undo the last step", ":material/undo:", partial(_undo, visit.id, actor))


def _with_reason(label: str, icon: str, step: Callable[[Session, str], None]) -> None:
    with st.popover(label, icon=icon), Form(f"visit-{label}", border=False) as form:
        form.reason()
        sent = form.submit(label, primary=False)
    if sent:
        reason = str(form.values["reason"])
        with act("Done, and kept in the history", why=reason, once=form.token) as session:
            step(session, reason)


def _cancel(visit_id: int, actor: Actor, session: Session, reason: str) -> None:
    data = Cancellation.model_validate({"reason": reason})
    service.cancel_appointment(session, visit_id, data, actor=actor)


def _undo(visit_id: int, actor: Actor, session: Session, reason: str) -> None:
    service.undo(session, visit_id, StepBack.model_validate({"reason": reason}), actor=actor)


def _facts(visit: AppointmentRead) -> None:
    known: dict[str, str | None] = {
        "Code": visit.appointment_code,
        "Kind": label_of(visit.type),
        "Length": f"{visit.duration_minutes} minutes",
        "Hospital": visit.hospital_name,
        "Department": visit.department_name,
        "Doctor": visit.doctor_name,
        "Booked": moment(visit.booked_at),
        "Confirmed": moment(visit.confirmed_at),
        "Arrived": moment(visit.checked_in_at),
        "Started": moment(visit.started_at),
        "Completed": moment(visit.completed_at),
        "Cancelled": moment(visit.cancelled_at),
    }
    more = {
        "Reason": visit.reason,
        "Notes": visit.notes,
        "Why outside the hours": visit.override_reason,
        "Why cancelled": visit.cancellation_reason,
    }
    with st.container(border=True):
        st.subheader("Visit", anchor=False)
        facts.show(known | {name: text for name, text in more.items() if text})


def _whom(visit: AppointmentRead) -> None:
    st.subheader("Patient", anchor=False)
    facts.show({"Name": visit.patient_name, "Phone": visit.patient_phone})
    st.page_link(
        "pages/patients.py",
        label="Open the patient",
        icon=":material/arrow_forward:",
        query_params={"patient": str(visit.patient_id)},
    )


def _told(notices: list[NoticeRead]) -> None:
    st.subheader("What the patient was told", anchor=False)
    tables.show(
        Table(
            rows=[
                {
                    "When": notice.created_at,
                    "What": words(notice.kind),
                    "For": notice.starts_at,
                    "Outcome": notice.outcome,
                    "Why not": words(notice.skip_reason) if notice.skip_reason else "",
                    "Answer": words(notice.answer) if notice.answer else "",
                    "Answered by": notice.answered_by or "",
                }
                for notice in notices
            ],
            columns=_NOTICES,
            alt="Confirmations and reminders of this visit, with the answers",
            empty="Nothing was sent about this visit yet.",
            name="notices",
        )
    )


def _history(visit: AppointmentRead, actor: Actor) -> None:
    st.subheader("History", anchor=False)
    histories.show("crm_appointments", visit.id, actor, noun="visit", made="Booked")

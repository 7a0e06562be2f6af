"""All visits: filtered, searched, and changed in bulk as preflight and proof."""

from collections.abc import Sequence

import streamlit as st

from crm_core.appointments import queries, service
from crm_core.appointments.figures import WEEKDAYS
from crm_core.appointments.schemas import (
    FIRST_DAY,
    MOVES,
    AppointmentFilter,
    AppointmentRead,
    AppointmentStatus,
    AppointmentType,
    StatusCommit,
    StatusSelection,
)
from crm_core.hospitals import queries as hospitals
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, beside, plans, tables, views
from crm_core.ui.forms import Form
from crm_core.ui.page import load
from crm_core.ui.states import label_of
from crm_core.ui.tables import Table

NAME = "visits"
FIELDS = {
    "q": "search",
    "status": "status",
    "type": "type",
    "hospital": "hospital_id",
    "state": "state",
    "doctor": "doctor_id",
    "no-doctor": "without_doctor",
    "weekday": "weekday",
    "patient_id": "patient_id",
    "from": "date_from",
    "to": "date_to",
    "unanswered": "unanswered",
    "sort": "sort",
    "page": "page",
}
_WEEKDAYS = {str(number): name for number, name in enumerate(WEEKDAYS, start=1)}
_COLUMNS = {
    "Visit": tables.text(width=95),
    "When": tables.at(width=150),
    "Patient": tables.text(width=150),
    "Phone": tables.text(width=120),
    "Kind": tables.text(width=110),
    "Doctor": tables.text(width=140),
    "Hospital": tables.text(width=150),
    "State": tables.state(AppointmentStatus, width=100),
}


def filters_of_address() -> AppointmentFilter:
    """The list that the address holds, also while one of its visits is open."""
    return address_bar.filters(AppointmentFilter, FIELDS, limit=tables.PAGE)


def show(actor: Actor) -> None:
    """The tab All visits."""
    proposal = plans.opened(NAME)
    if proposal is not None:
        _decide(actor, proposal)
        return
    views.bar(actor, "visits", [name for name in FIELDS if name != "page"])
    _filter_widgets()
    filters = filters_of_address()
    with load() as session:
        found = tables.page_of(session, queries.list_appointments, filters)
    table = Table(
        rows=[row(visit) for visit in found.rows],
        columns=_COLUMNS,
        ids=[visit.id for visit in found.rows],
        alt="Visits",
        empty="No visit is like this: take a filter away, or book one.",
        name=NAME,
    )
    if actor.may(Permission.APPOINTMENTS_WRITE):
        chosen = tables.pick_many(table, open_column="Visit", opens=opens)
        _bulk(actor, chosen)
    else:
        tables.pick_one(table, opens=opens)
    tables.pages(found, "visit")
    beside.take_away(actor, "visits", filters)


def opens(visit_id: int) -> dict[str, str | None]:
    """Where a visit is shown."""
    return {"visit": str(visit_id), "do": None}


def row(visit: AppointmentRead) -> dict[str, object]:
    """A line of the list."""
    return {
        "Visit": visit.appointment_code,
        "When": visit.starts_at,
        "Patient": visit.patient_name,
        "Phone": visit.patient_phone,
        "Kind": label_of(visit.type),
        "Doctor": visit.doctor_name or "",
        "Hospital": visit.hospital_name,
        "State": visit.status,
    }


def _filter_widgets() -> None:
    with load() as session:
        places = {str(each.id): each.name for each in hospitals.all_hospitals(session)}
        place = address_bar.number("hospital")
        doctors = hospitals.doctors_of(session, place) if place else []
    address_bar.search("Name of the patient, or a code")
    with st.grid(5, min_column_width=140):
        address_bar.state("status", "State", AppointmentStatus)
        address_bar.state("type", "Kind", AppointmentType)
        address_bar.choice("hospital", "Hospital", places, any_label="All hospitals")
        if doctors:
            named = {str(each.id): each.name for each in doctors}
            address_bar.choice("doctor", "Doctor", named, any_label="All doctors")
        address_bar.day("from", "From", since=FIRST_DAY)
        address_bar.day("to", "To", since=FIRST_DAY)
    with st.container(horizontal=True, vertical_alignment="center"):
        with address_bar.more("sort", "weekday", "unanswered", "no-doctor"):
            latest = {"latest": "Latest first"}
            address_bar.choice("sort", "Order", latest, any_label="Earliest first")
            address_bar.choice("weekday", "Day of the week", _WEEKDAYS, any_label="All days")
            address_bar.switch("unanswered", "Only those who have not confirmed yet")
            address_bar.switch("no-doctor", "Only those without a doctor")
        address_bar.narrowed_to_state()


def _bulk(actor: Actor, chosen: Sequence[int]) -> None:
    if not chosen:
        return
    with st.bottom, Form("move-visits", border=False) as form:
        labels = {status.value: label_of(status) for status in MOVES}
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.text(f"{len(chosen):,} chosen")
            form.choice("status", "Mark as", labels)
            form.text("reason", "Reason, where it is cancelled")
            sent = form.submit("Look at what would change")
    if not sent:
        return
    if not form.values["status"]:
        st.error("Choose what the visits are to become.")
        return
    asked = StatusSelection.model_validate({"ids": list(chosen), **form.given()})
    with load() as session:
        plan = service.plan_move(session, asked, actor=actor)
    plans.open_plan(NAME, plan, asked=asked)


def _decide(actor: Actor, proposal: plans.Proposal) -> None:
    asked = proposal.subject["asked"]
    if not isinstance(asked, StatusSelection):
        plans.close(NAME)
        return
    view = plans.View(
        title=f"Mark as {label_of(asked.status).lower()}",
        totals=dict.fromkeys(proposal.plan.totals, "Visits"),
        verb="Change {}",
        noun="visit",
    )
    if plans.confirmed(NAME, proposal, view):
        commit_it = StatusCommit(**asked.model_dump(), fingerprint=proposal.plan.fingerprint)
        with plans.committing(NAME, "Visits changed", why=asked.reason or "") as commit:
            commit.keep(service.commit_move(commit.session, commit_it, actor=actor), clear=NAME)

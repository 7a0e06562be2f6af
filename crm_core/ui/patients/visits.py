"""A patient's visits: the next and the past ones, and the way to book another."""

import streamlit as st

from crm_core.appointments import queries
from crm_core.appointments.schemas import AppointmentFilter, AppointmentSort, AppointmentStatus
from crm_core.loyalty.schemas import MemberRead
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, tables
from crm_core.ui.page import load
from crm_core.ui.states import label_of
from crm_core.ui.tables import Table

_PAGE = "pages/appointments.py"
_COLUMNS = {
    "Visit": tables.text(width=100),
    "When": tables.at(width=150),
    "Kind": tables.text(width=120),
    "Doctor": tables.text(width=150),
    "Hospital": tables.text(width=170),
    "State": tables.state(AppointmentStatus, width=105),
}


def show(patient: MemberRead, actor: Actor) -> None:
    """The tab Visits."""
    if actor.may(Permission.APPOINTMENTS_WRITE):
        st.page_link(
            _PAGE,
            label="Book a visit",
            icon=":material/event:",
            query_params={"do": "book", "for": str(patient.id)},
        )
    filters = AppointmentFilter(
        patient_id=patient.id,
        sort=AppointmentSort.LATEST,
        limit=20,
        page=address_bar.page_of("visits"),
    )
    with load() as session:
        found = tables.page_of(session, queries.list_appointments, filters)
    tables.pick_one(
        Table(
            rows=[
                {
                    "Visit": visit.appointment_code,
                    "When": visit.starts_at,
                    "Kind": label_of(visit.type),
                    "Doctor": visit.doctor_name or "",
                    "Hospital": visit.hospital_name,
                    "State": visit.status,
                }
                for visit in found.rows
            ],
            columns=_COLUMNS,
            ids=[visit.id for visit in found.rows],
            alt="Visits of the patient, the latest first",
            empty="This patient has no visit yet.",
            name="patient-visits",
        ),
        opens=lambda visit_id: {"visit": str(visit_id)},
        page=_PAGE,
    )
    tables.pages(found, "visit", param="visits")

"""The tab of hospitals: the list, a new one, and what the chosen one takes in."""

import streamlit as st

from crm_core.hospitals import queries, service
from crm_core.hospitals.schemas import HospitalCreate, HospitalFilter, HospitalRead
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, facts, tables
from crm_core.ui.forms import Form
from crm_core.ui.owners import revenue
from crm_core.ui.page import act, load
from crm_core.ui.plain import plain
from crm_core.ui.tables import Table

_COLUMNS = {
    "Hospital": tables.text(width="large"),
    "Code": tables.text(width=110),
    "City": tables.text(width="medium"),
    "State": tables.text(width="medium"),
    "With us since": tables.on_day(width=120),
}


def show(actor: Actor) -> None:
    """The hospital that the address names, else the list of them."""
    chosen = address_bar.number("hospital")
    if chosen is None:
        _list(actor)
        return
    address_bar.link_back("All hospitals", without=["hospital"])
    with load() as session:
        hospital = queries.get_hospital(session, chosen)
    _hospital(hospital)
    revenue.show([hospital], actor)


def _list(actor: Actor) -> None:
    search = address_bar.search("Search by name, city or state")
    wanted = HospitalFilter(search=search, page=address_bar.page_of(), limit=tables.PAGE)
    with load() as session:
        found = tables.page_of(session, queries.list_hospitals, wanted)
    tables.pick_one(
        Table(
            rows=[_row(hospital) for hospital in found.rows],
            columns=_COLUMNS,
            ids=[hospital.id for hospital in found.rows],
            alt="Hospitals, newest first",
            empty="No hospital fits." if search else "No hospitals yet: add the first one.",
            name="hospitals",
        ),
        opens=lambda hospital_id: {"hospital": str(hospital_id)},
    )
    tables.pages(found, "hospital")
    if actor.may(Permission.OWNERS_WRITE):
        _new(actor)


def _hospital(hospital: HospitalRead) -> None:
    st.header(plain(hospital.name), anchor=False)
    with st.container(border=True):
        facts.show({"Code": hospital.hospital_code, "City": hospital.city, "State": hospital.state})
        with st.container(horizontal=True):
            _way("Its owners", {"tab": None})
            _way("Its contracts", {"tab": "contracts"})


def _way(label: str, params: dict[str, str | None]) -> None:
    st.button(
        label,
        type="tertiary",
        icon=":material/arrow_forward:",
        on_click=address_bar.go,
        args=(params,),
    )


def _new(actor: Actor) -> None:
    with st.expander("New hospital"), Form("hospital", border=False) as form:
        form.text("name", "Name")
        form.text("city", "City")
        form.text("state", "State")
        sent = form.submit("Add the hospital")
    if not sent:
        return
    with act("The hospital was added", once=form.token) as session:
        data = HospitalCreate.model_validate(form.given())
        service.create_hospital(session, data, actor=actor)


def _row(hospital: HospitalRead) -> dict[str, object]:
    return {
        "Hospital": hospital.name,
        "Code": hospital.hospital_code,
        "City": hospital.city,
        "State": hospital.state,
        "With us since": hospital.created_at,
    }

"""Doctors and departments of a hospital: their week, their leave, their calendar link."""

from datetime import datetime, time, timedelta

import streamlit as st

from crm_core.base.clock import lagos_today, to_lagos, utc_now
from crm_core.hospitals import doctors as service
from crm_core.hospitals import queries
from crm_core.hospitals.schemas import (
    DepartmentCreate,
    DoctorCreate,
    DoctorFilter,
    DoctorRead,
    DoctorUpdate,
    LeaveCreate,
    LeaveRead,
    Shift,
    WeekChange,
)
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, facts, tables
from crm_core.ui.formatting import moment
from crm_core.ui.forms import Form
from crm_core.ui.page import act, load
from crm_core.ui.plain import plain
from crm_core.ui.states import chips
from crm_core.ui.tables import Table

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SECRET = "calendar-secret"  # noqa: S105  (where the page keeps it, and none itself)
_LATEST = 60  # days of leave ahead that are shown; past leave is in the history
_COLUMNS = {
    "Doctor": tables.text(width=180),
    "Specialty": tables.text(width=150),
    "Department": tables.text(width=150),
    "Hospital": tables.text(width=170),
    "State": tables.state(["active", "inactive"], width=90),
    "Code": tables.text(width=100),
}


def show(actor: Actor) -> None:
    """The tab Doctors."""
    with load() as session:
        places = {each.id: each.name for each in queries.all_hospitals(session)}
    named = {str(place): name for place, name in places.items()}
    chosen = address_bar.choice("hospital", "Hospital", named, any_label="All hospitals")
    search = address_bar.search("Search by name")
    filters = DoctorFilter(
        search=search,
        hospital_id=int(chosen) if chosen else None,
        page=address_bar.page_of(),
        limit=tables.PAGE,
    )
    with load() as session:
        found = tables.page_of(session, queries.list_doctors, filters)
    tables.pick_one(
        Table(
            rows=[_row(doctor) for doctor in found.rows],
            columns=_COLUMNS,
            ids=[doctor.id for doctor in found.rows],
            alt="Doctors by name",
            empty="No doctor fits." if search else "No doctor works here yet: add one below.",
            name="doctors",
        ),
        opens=lambda doctor_id: {"who": str(doctor_id)},
    )
    tables.pages(found, "doctor")
    if _may_change(actor):
        _new_doctor(actor, places)
        _new_department(actor, places)


def show_one(actor: Actor, doctor_id: int) -> None:
    """The doctor at ``?who=``."""
    address_bar.link_back("All doctors", without=["who"])
    with load() as session:
        doctor = queries.get_doctor(session, doctor_id)
        shifts = queries.hours_of(session, doctor_id)
        leave = queries.leave_of(session, doctor_id, utc_now() - timedelta(days=1))
    st.header(plain(doctor.name), anchor=False)
    chips(["active" if doctor.active else "inactive"])
    facts.show(
        {
            "Code": doctor.doctor_code,
            "Specialty": doctor.specialty,
            "Department": doctor.department_name,
            "Hospital": doctor.hospital_name,
        }
    )
    may = _may_change(actor)
    left, right = st.columns(2)
    with left.container(border=True):
        _week(doctor, shifts, actor, may=may)
    with right.container(border=True):
        _leave(doctor, leave, actor, may=may)
    if may:
        _calendar(doctor, actor)
        _place(doctor, actor)
        _activity(doctor, actor)


def _may_change(actor: Actor) -> bool:
    return actor.may(Permission.APPOINTMENTS_SUPERVISE)


def _row(doctor: DoctorRead) -> dict[str, object]:
    return {
        "Doctor": doctor.name,
        "Specialty": doctor.specialty,
        "Department": doctor.department_name or "",
        "Hospital": doctor.hospital_name,
        "State": "active" if doctor.active else "inactive",
        "Code": doctor.doctor_code,
    }


def _new_doctor(actor: Actor, places: dict[int, str]) -> None:
    with st.expander("Add a doctor"), Form("new-doctor", border=False) as form:
        form.text("name", "Name, as patients read it")
        form.text("specialty", "Specialty")
        form.choice("hospital_id", "Hospital", places)
        sent = form.submit("Add the doctor")
    if sent:
        with act("The doctor was added", once=form.token) as session:
            service.create_doctor(session, DoctorCreate.model_validate(form.given()), actor=actor)


def _new_department(actor: Actor, places: dict[int, str]) -> None:
    with st.expander("Add a department"), Form("new-department", border=False) as form:
        form.text("name", "Name")
        form.choice("hospital_id", "Hospital", places)
        sent = form.submit("Add the department")
    if sent:
        with act("The department was added", once=form.token) as session:
            data = DepartmentCreate.model_validate(form.given())
            service.create_department(session, data, actor=actor)


def _week(doctor: DoctorRead, shifts: list[Shift], actor: Actor, *, may: bool) -> None:
    st.subheader("Working hours", anchor=False)
    if not shifts:
        st.text("No hours are known: this doctor is booked at any time.")
    for shift in shifts:
        st.text(f"{_DAYS[shift.weekday - 1]}  {shift.opens:%H:%M} – {shift.closes:%H:%M}")
    if not may:
        return
    with st.expander("Change the week"), Form(f"week-{doctor.id}", border=False) as form:
        st.text("Write each day's hours as 08:00-12:00, 13:00-17:00; leave free days empty.")
        for number, name in enumerate(_DAYS, start=1):
            form.text(f"day{number}", name, _written(shifts, number))
        sent = form.submit("Save the week", primary=False)
    if sent:
        with act("The week was changed", once=form.token) as session:
            week = {"shifts": _shifts({k: str(v or "") for k, v in form.values.items()})}
            service.set_hours(session, doctor.id, WeekChange.model_validate(week), actor=actor)


def _written(shifts: list[Shift], weekday: int) -> str:
    return ", ".join(
        f"{shift.opens:%H:%M}-{shift.closes:%H:%M}" for shift in shifts if shift.weekday == weekday
    )


def _shifts(given: dict[str, str]) -> list[dict[str, object]]:
    """What was typed, for the schema to judge: ``08:00-12:00`` → opens and closes."""
    found: list[dict[str, object]] = []
    for number in range(1, len(_DAYS) + 1):
        for part in given.get(f"day{number}", "").replace("–", "-").split(","):
            opens, _, closes = part.strip().partition("-")
            if part.strip():
                found.append({"weekday": number, "opens": opens.strip(), "closes": closes.strip()})
    return found


def _leave(doctor: DoctorRead, leave: list[LeaveRead], actor: Actor, *, may: bool) -> None:
    st.subheader("Leave", anchor=False)
    if not leave:
        st.text("No leave is planned.")
    for one in leave[:_LATEST]:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(f"{moment(one.starts_at)} – {moment(one.ends_at)}: {one.reason}")
            gone = may and st.button("Remove", key=f"leave-{one.id}", type="tertiary")
        if gone:
            with act("The leave was removed") as session:
                service.remove_leave(session, doctor.id, one.id, actor=actor)
    if not may:
        return
    with st.expander("Add leave"), Form(f"leave-{doctor.id}", border=False) as form:
        form.day("first", "First day", lagos_today())
        form.day("last", "Last day", lagos_today())
        form.text("reason", "Why")
        sent = form.submit("Add the leave", primary=False)
    if sent:
        with act("The leave was added", once=form.token) as session:
            first, last = form.values["first"], form.values["last"]
            data = LeaveCreate.model_validate(
                {
                    "starts_at": _midnight(first),
                    "ends_at": _midnight(last, days=1),
                    "reason": form.values["reason"] or "",
                }
            )
            service.add_leave(session, doctor.id, data, actor=actor)


def _midnight(day: object, *, days: int = 0) -> datetime | None:
    """The beginning of a day in Lagos, or of one after it."""
    if not hasattr(day, "toordinal"):
        return None
    here = to_lagos(utc_now()).tzinfo
    begins = datetime.combine(datetime.fromordinal(day.toordinal()), time(), here)
    return begins + timedelta(days=days)


def _calendar(doctor: DoctorRead, actor: Actor) -> None:
    with st.container(border=True):
        st.subheader("Calendar", anchor=False)
        st.text("A calendar program subscribes by a secret link. Patients' names are shortened.")
        shown = str(st.session_state.pop(_SECRET, ""))
        if shown:
            st.code(service.calendar_address(shown), language=None)
            st.text("It is shown only now. A new link ends this one.")
        kept: dict[str, str] = {}
        if st.button("Make a new link", key="new-calendar"):
            with act("The link before has ended", keep=kept) as session:
                kept[_SECRET] = service.renew_calendar(session, doctor.id, actor=actor)


def _place(doctor: DoctorRead, actor: Actor) -> None:
    """Which department the doctor works in, and as what."""
    with load() as session:
        known = {each.id: each.name for each in queries.departments_of(session, doctor.hospital_id)}
    with st.expander("Department and specialty"), Form(f"place-{doctor.id}", border=False) as form:
        form.choice("department_id", "Department", known, doctor.department_id)
        form.text("specialty", "Specialty", doctor.specialty)
        sent = form.submit("Save", primary=False)
    if sent:
        with act("The doctor was changed", once=form.token) as session:
            data = DoctorUpdate.model_validate(form.given())
            service.update_doctor(session, doctor.id, data, actor=actor)


def _activity(doctor: DoctorRead, actor: Actor) -> None:
    label = "Takes no new visits any more" if doctor.active else "Takes new visits again"
    if st.button(label, key="doctor-activity"):
        with act("The doctor was changed") as session:
            data = DoctorUpdate(active=not doctor.active)
            service.update_doctor(session, doctor.id, data, actor=actor)

"""Booking in a few clicks: the patient, the place and kind, a free time."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import streamlit as st

from crm_core.appointments import service
from crm_core.appointments.schemas import (
    AppointmentCreate,
    AppointmentRead,
    AppointmentType,
    Reschedule,
    Slot,
    SlotFilter,
    WalkIn,
)
from crm_core.appointments.slots import free_slots
from crm_core.base.clock import lagos_today, to_lagos
from crm_core.hospitals import queries as hospitals
from crm_core.loyalty import queries as patients
from crm_core.loyalty.schemas import MemberFilter, MemberRead
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, tables
from crm_core.ui.formatting import moment
from crm_core.ui.forms import Form
from crm_core.ui.page import act, load
from crm_core.ui.plain import plain
from crm_core.ui.states import label_of
from crm_core.ui.tables import Table

_STEPS = ("do", "for", "at", "kind", "doctor", "find", "days")
_DAYS = {"3": "Three days", "7": "A week", "14": "Two weeks"}
_SHOWN = 40
"""So many free times of a doctor are offered; a longer list is a narrower question."""


def show(actor: Actor) -> None:
    """The way from a search for the patient to the booked visit."""
    address_bar.link_back("Back, book nothing", without=_STEPS)
    st.header("Book a visit", anchor=False)
    patient = _patient()
    if patient is None:
        return
    hospital_id, kind = _place_and_kind(patient)
    if hospital_id is None:
        return
    chosen = pick_time(hospital_id, kind)
    _book(actor, patient, hospital_id, kind, chosen)
    _walk_in(actor, patient, hospital_id, kind)
    if actor.may(Permission.APPOINTMENTS_SUPERVISE):
        _outside_hours(actor, patient, hospital_id, kind)


def reschedule(actor: Actor, visit: AppointmentRead) -> None:
    """Another time for a visit, by the same choice."""
    address_bar.link_back("Back, move nothing", without=_STEPS)
    st.subheader(plain(f"Another time for {visit.patient_name}"), anchor=False)
    chosen = pick_time(visit.hospital_id, visit.type)
    if chosen is None:
        return
    sent = st.button(plain(f"Move to {_when(chosen)}"), type="primary", key="move-visit")
    if sent:
        here = to_lagos(chosen.starts_at)
        data = Reschedule(
            appointment_date=here.date(), appointment_time=here.time(), doctor_id=chosen.doctor_id
        )
        with act("The visit was moved, the patient is told", keep=opened(visit.id)) as session:
            service.reschedule_appointment(session, visit.id, data, actor=actor)


def pick_time(hospital_id: int, kind: AppointmentType) -> Slot | None:
    """Free times by doctor and day; gives the chosen one, which the address names."""
    with load() as session:
        doctors = {str(each.id): each.name for each in hospitals.doctors_of(session, hospital_id)}
    with st.grid(3, min_column_width=160):
        first = address_bar.day("day", "From day", usual=lagos_today()) or lagos_today()
        days = address_bar.choice("days", "How far", _DAYS, any_label="This day")
        doctor = address_bar.choice("doctor", "Doctor", doctors, any_label="Any doctor")
    asked = SlotFilter(
        hospital_id=hospital_id,
        date=max(first, lagos_today()),
        days=int(days or 1),
        doctor_id=int(doctor) if doctor else None,
        type=kind,
    )
    with load() as session:
        slots = free_slots(session, asked)
    chosen = _chosen(slots)
    if not slots:
        tables.nothing("No doctor is free then: look at more days, or put the patient on the list.")
    for name in dict.fromkeys(slot.doctor_name for slot in slots):
        _times(name, [slot for slot in slots if slot.doctor_name == name], chosen)
    return chosen


def _patient() -> MemberRead | None:
    """Whom the address names; otherwise the search for them."""
    known = address_bar.number("for")
    if known is not None:
        with load() as session:
            patient = patients.get_member(session, known)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(plain(f"{patient.name} · {patient.phone}"), anchor=False, width="content")
            st.button(
                "Somebody else", type="tertiary", on_click=address_bar.go, args=({"for": None},)
            )
        return patient
    words = address_bar.search("Who comes? Name, phone or code", param="find")
    if not words:
        return None
    with load() as session:
        found = patients.list_members(MemberFilter(search=words, limit=8)).page(session)
    tables.pick_one(
        Table(
            rows=[
                {
                    "Patient": one.name,
                    "Phone": one.phone,
                    "Code": one.patient_code,
                    "Town": one.city,
                }
                for one in found.rows
            ],
            columns={
                "Patient": tables.text(width=200),
                "Phone": tables.text(width=140),
                "Code": tables.text(width=100),
                "Town": tables.text(width=140),
            },
            ids=[one.id for one in found.rows],
            alt="Patients that fit",
            empty="Nobody fits: try the phone number, or register the patient first.",
            name="who-comes",
        ),
        opens=lambda patient_id: {"for": str(patient_id), "find": None},
    )
    return None


def _place_and_kind(patient: MemberRead) -> tuple[int | None, AppointmentType]:
    with load() as session:
        places = {str(each.id): each.name for each in hospitals.all_hospitals(session)}
    if not places:
        tables.nothing("There is no hospital yet: add one on the owners page.")
        return None, AppointmentType.CONSULTATION
    preferred = str(patient.preferred_hospital_id or next(iter(places)))
    rest = {one: name for one, name in places.items() if one != preferred}
    kinds = {kind.value: label_of(kind) for kind in AppointmentType}
    first = kinds.pop(AppointmentType.CONSULTATION.value)
    with st.grid(2, min_column_width=220):
        place = address_bar.choice(
            "hospital", "Hospital", rest, any_label=places.get(preferred, "Hospital")
        )
        kind = address_bar.choice("kind", "Kind of visit", kinds, any_label=first)
    return int(place or preferred), AppointmentType(kind or AppointmentType.CONSULTATION)


def _times(name: str, slots: Sequence[Slot], chosen: Slot | None) -> None:
    with st.container(border=True):
        st.markdown(f"**{plain(name)}**")
        for day in dict.fromkeys(to_lagos(slot.starts_at).date() for slot in slots):
            of_day = [slot for slot in slots if to_lagos(slot.starts_at).date() == day]
            _times_of_day(day, of_day[:_SHOWN], chosen)


def _times_of_day(day: date, slots: Sequence[Slot], chosen: Slot | None) -> None:
    offered = {f"{to_lagos(slot.starts_at):%H:%M}": slot for slot in slots}
    key = f"slots-{slots[0].doctor_id}-{day}"
    address_bar.set_widget(key, next((at for at in offered if offered[at] == chosen), None))

    def taken() -> None:
        at = st.session_state[key]
        address_bar.go(_place_of(offered[at]) if at else {"at": None})

    st.pills(f"{day:%A} {day.day} {day:%B}", list(offered), key=key, on_change=taken)


def _place_of(slot: Slot) -> Mapping[str, str | None]:
    here = to_lagos(slot.starts_at)
    return {"day": f"{here:%Y-%m-%d}", "at": f"{here:%H:%M}", "doctor": str(slot.doctor_id)}


def _chosen(slots: Sequence[Slot]) -> Slot | None:
    """The free time that the address names; none where somebody else has taken it since."""
    asked = {name: st.query_params.get(name) for name in ("day", "at", "doctor")}
    return next((slot for slot in slots if _place_of(slot) == asked), None)


def _when(slot: Slot) -> str:
    return f"{moment(slot.starts_at)} with {slot.doctor_name}"


def _book(
    actor: Actor, patient: MemberRead, hospital_id: int, kind: AppointmentType, slot: Slot | None
) -> None:
    if slot is None:
        return
    with Form("book-visit") as form:
        st.text(f"{patient.name}, {label_of(kind).lower()}, {_when(slot)}")
        form.prose("reason", "Why the patient comes")
        sent = form.submit("Book it")
    if not sent:
        return
    here = to_lagos(slot.starts_at)
    kept: dict[str, str] = {}
    with act("Booked, the patient is told", once=form.token, keep=kept) as session:
        data = AppointmentCreate.model_validate(
            {
                "patient_id": patient.id,
                "hospital_id": hospital_id,
                "doctor_id": slot.doctor_id,
                "appointment_date": here.date(),
                "appointment_time": here.time(),
                "type": kind,
                **form.given(),
            }
        )
        kept |= opened(service.create_appointment(session, data, actor=actor).id)


def _walk_in(actor: Actor, patient: MemberRead, hospital_id: int, kind: AppointmentType) -> None:
    with st.expander("Is the patient standing here without an appointment?"):
        doctor = address_bar.number("doctor")
        st.text("Takes them in now; with a doctor chosen, at the doctor's next free time today.")
        if st.button("Take the patient in", key="walk-in"):
            kept: dict[str, str] = {}
            with act("The patient is taken in", keep=kept) as session:
                data = WalkIn(
                    patient_id=patient.id, hospital_id=hospital_id, type=kind, doctor_id=doctor
                )
                kept |= opened(service.walk_in(session, data, actor=actor).id)


def _outside_hours(
    actor: Actor, patient: MemberRead, hospital_id: int, kind: AppointmentType
) -> None:
    """For a supervisor: a time that the doctor's hours do not have."""
    doctor = address_bar.number("doctor")
    if doctor is None:
        return
    with st.expander("Outside the doctor's hours"), Form("book-outside", border=False) as form:
        form.day("appointment_date", "Day", _first_day())
        form.text("appointment_time", "Time, such as 18:30")
        form.text("override_reason", "Why it cannot be within the hours")
        sent = form.submit("Book it all the same", primary=False)
    if sent:
        kept: dict[str, str] = {}
        with act("Booked outside the hours", once=form.token, keep=kept) as session:
            fixed = {"patient_id": patient.id, "hospital_id": hospital_id, "doctor_id": doctor}
            data = AppointmentCreate.model_validate(fixed | {"type": kind} | form.given())
            kept |= opened(service.create_appointment(session, data, actor=actor).id)


def _first_day() -> date:
    return lagos_today() + timedelta(days=1)


_OPENED = "_booked_visit"


def opened(visit_id: int) -> dict[str, str]:
    """For ``act(keep=…)``: the visit that the page opens in the run that follows."""
    return {_OPENED: str(visit_id)}


def open_booked() -> None:
    """Leads to the visit that was booked in the run before."""
    booked = st.session_state.pop(_OPENED, "")
    if booked:
        address_bar.go({**dict.fromkeys(_STEPS), "visit": booked})

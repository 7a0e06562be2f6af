"""Appointments: the day, the week, all visits, reminders, the waitlist, figures, doctors."""

from functools import partial

import streamlit as st

from crm_core.people.schemas import Permission
from crm_core.ui import address_bar, asking, plans
from crm_core.ui.appointments import (
    booking,
    days,
    doctors,
    figures,
    listing,
    record,
    reminders,
    waitlist,
)
from crm_core.ui.page import open_page

actor = open_page("Appointments", needs=Permission.APPOINTMENTS_READ)

TABS = {
    "Day": days.show_day,
    "Week": days.show_week,
    "All visits": listing.show,
    "Reminders": reminders.show,
    "Waitlist": waitlist.show,
    "Figures": figures.show,
    "Doctors": doctors.show,
}

plans.last_receipt()
booking.open_booked()
visit_id, doctor_id = address_bar.number("visit"), address_bar.number("who")
may_book = actor.may(Permission.APPOINTMENTS_WRITE)
if visit_id is not None:
    record.show(actor, visit_id)
elif doctor_id is not None:
    doctors.show_one(actor, doctor_id)
elif asking.step(actor, Permission.APPOINTMENTS_WRITE, asked=st.query_params.get("do") == "book"):
    booking.show(actor)
else:
    if may_book:
        st.button(
            "Book a visit",
            type="primary",
            icon=":material/event:",
            on_click=address_bar.go,
            args=({"do": "book"},),
        )
    address_bar.tabs({label: partial(show, actor) for label, show in TABS.items()})

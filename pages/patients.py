"""Patients: the list, registration, and each patient's own page by URL."""

import streamlit as st

from crm_core.people.schemas import Permission
from crm_core.ui import asking, plans
from crm_core.ui.page import open_page
from crm_core.ui.patients import (
    directory,
    editing,
    erased,
    importing,
    merging,
    opening,
    record,
    registration,
)

actor = open_page("Patients", needs=Permission.PATIENTS_READ)

plans.last_receipt()
registration.open_registered()
editing.close_when_done()
merging.open_merged()
importing.open_looked_at()
patient_id = opening.patient_asked_for()
opening.close_unless(patient_id)
if patient_id is not None:
    if not erased.shown(patient_id, actor):
        record.show(patient_id, actor)
elif "import" in st.query_params:
    importing.show(actor)
elif asking.step(actor, Permission.PATIENTS_WRITE, asked=st.query_params.get("new") == "yes"):
    registration.show(actor)
else:
    directory.show(actor)

"""The page of a patient who was erased: that, when and by which request, and nothing else."""

import streamlit as st

from crm_core.people.schemas import Actor, Permission
from crm_core.privacy import erasures
from crm_core.ui import address_bar
from crm_core.ui.erasures.record import told
from crm_core.ui.page import load
from crm_core.ui.plain import plain


def shown(patient_id: int, actor: Actor) -> bool:
    """Shows it where the patient was erased; False where there is a record to show."""
    with load() as session:
        erasure = erasures.erasure_of(session, patient_id)
    if erasure is None:
        return False
    address_bar.link_back("All patients", without=["patient"])
    st.header(plain(erasure.patient_code), anchor=False)
    st.info(plain(told(erasure)))
    if actor.may(Permission.ERASURES_READ) and st.button("To the erasure"):
        st.switch_page("pages/erasures.py", query_params={"erasure": str(erasure.id)})
    return True

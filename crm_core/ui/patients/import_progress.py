"""How far the worker has come with an import, looked at again every other second."""

import streamlit as st

from crm_core.base import beats
from crm_core.loyalty.importing import queries
from crm_core.loyalty.importing.schemas import ImportRead, ImportState
from crm_core.ui.page import load
from crm_core.ui.plain import plain

EVERY_SECONDS = 2.0
_DOES = {
    ImportState.READING: "Looking at the file",
    ImportState.COMMITTING: "Registering the patients",
    ImportState.UNDOING: "Withdrawing the patients",
}


def show(found: ImportRead) -> None:
    """A bar while the worker is at it, and why the last attempt came to nothing, if it did."""
    if found.under_way:
        _bar(found.id, found.state)
    elif found.state is ImportState.FAILED:
        st.error(plain(f"The file could not be read. {found.problem}"))
    elif found.state is ImportState.FORGOTTEN:
        st.text("Nobody imported this file, so its lines were forgotten: give it again.")
    elif found.problem:
        st.warning(plain(f"Nothing was changed. {found.problem}"))


@st.fragment(run_every=EVERY_SECONDS)
def _bar(import_id: int, was: ImportState) -> None:
    with load() as session:
        found = queries.get_import(session, import_id)
        working = beats.is_alive(session)
    if found.state is not was:
        st.rerun()
    done = found.percent or 0
    st.progress(done / 100, text=f"{_DOES[was]}: {done} %")
    if working:
        st.text("You may leave this page: it goes on, and nothing is changed before its end.")
    else:
        st.warning("No worker is running, so this waits: tell an administrator.")

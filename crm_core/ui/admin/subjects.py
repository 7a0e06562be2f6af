"""The tab of the data-subject desk: a person's pack, and breaches of data with their clock."""

import json

import streamlit as st

from crm_core.people.schemas import Actor, Permission
from crm_core.privacy import packs
from crm_core.privacy.schemas import PackAsk
from crm_core.ui import tables
from crm_core.ui.admin import breaches
from crm_core.ui.forms import Form
from crm_core.ui.page import act

_PACK, _NAME = "privacy-pack", "privacy-pack-name"


def show(actor: Actor) -> None:
    """The pack first, and the breaches below it."""
    if not actor.may(Permission.PRIVACY_MANAGE):
        tables.nothing("The data-subject desk takes the admin role.")
        return
    st.subheader("What is held about a patient", anchor=False)
    st.text(
        "A patient may have all that is held about them. The pack is one JSON document; that it "
        "was made, for whom and why is in the history."
    )
    _made()
    _ask(actor)
    st.subheader("Erasure", anchor=False)
    st.text("A person may ask to be erased: one writes it down, another approves it.")
    if st.button("To the erasures", icon=":material/person_off:"):
        st.switch_page("pages/erasures.py")
    st.subheader("Breaches of data", anchor=False)
    breaches.show(actor)


def _ask(actor: Actor) -> None:
    form = Form("pack")
    with form:
        form.text("patient_code", "Patient's code")
        form.reason("Who asked for it, and how you know them")
        sent = form.submit("Make the pack")
    if not sent:
        return
    kept: dict[str, str] = {}
    with act("The pack is made", once=form.token, keep=kept) as session:
        pack = packs.make_pack(session, PackAsk.model_validate(form.given()), actor=actor)
        kept[_PACK] = json.dumps(pack, ensure_ascii=False, indent=1)
        kept[_NAME] = f"{pack['patient_code']}.json"


def _made() -> None:
    """The pack of the last request, until it is put away."""
    pack = st.session_state.get(_PACK)
    if pack is None:
        return
    with st.container(border=True), st.container(horizontal=True):
        st.download_button(
            f"Download {st.session_state[_NAME]}",
            pack,
            st.session_state[_NAME],
            "application/json",
            icon=":material/download:",
            type="primary",
            on_click="ignore",
        )
        st.button("Put it away", on_click=st.session_state.pop, args=(_PACK,))

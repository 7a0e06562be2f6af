"""The forms of an owner: a new one, and a change of one."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from crm_core.hospitals.schemas import HospitalRead
from crm_core.owners import service
from crm_core.owners.schemas import OwnerCreate, OwnerRead, OwnerStatus, OwnerUpdate
from crm_core.people.schemas import Actor
from crm_core.ui import address_bar
from crm_core.ui.forms import Form, beside
from crm_core.ui.page import act, forget_token
from crm_core.ui.states import label_of

_OPENED, _CREATED = "_owner_as_opened", "_owner_created"
_STATUSES: dict[str, str] = {state.value: label_of(state.value) for state in OwnerStatus}
_EMAIL_TAKEN = "email address"


def open_created() -> None:
    """After a new owner was saved: writes the owner's own address."""
    if created := st.session_state.pop(_CREATED, None):
        address_bar.go({"owner": created, "new": None})


def new_owner(actor: Actor, places: Sequence[HospitalRead]) -> None:
    """A form for an owner who is not here yet."""
    with st.container(border=True):
        st.subheader("New owner", anchor=False)
        with Form("owner", border=False) as form:
            _ask(form, places, {"status": OwnerStatus.ACTIVE})
            sent = form.submit("Add the owner")
        st.button("Cancel", on_click=address_bar.go, args=({"new": None},))
    if not sent:
        return
    kept: dict[str, str] = {}
    with act("The owner was added", once=form.token, keep=kept) as session:
        data = OwnerCreate.model_validate(form.given())
        with beside("email", where=_EMAIL_TAKEN):
            owner = service.create_owner(session, data, actor=actor)
        kept[_CREATED] = str(owner.id)


def edit_owner(owner: OwnerRead, actor: Actor, places: Sequence[HospitalRead]) -> None:
    """A form that changes an owner; refuses where somebody else did so since it was opened."""
    opened = _as_opened(owner)
    with st.container(border=True):
        st.subheader("Edit", anchor=False)
        if opened["version"] != owner.version:
            _changed_meanwhile(owner.id)
        with Form(f"owner-{owner.id}", border=False) as form:
            _ask(form, places, opened)
            sent = form.submit("Save")
        st.button("Cancel", on_click=stop_editing)
    if not sent:
        return
    with act("Saved", once=form.token, keep={_OPENED: ""}) as session:
        data = OwnerUpdate.model_validate(_changed(form.values, opened))
        with beside("email", where=_EMAIL_TAKEN):
            service.update_owner(session, owner.id, data, actor=actor)


def start_editing(owner_id: int) -> None:
    """Opens the form with the owner as it is now."""
    _forget(owner_id)
    address_bar.go({"edit": "yes"})


def stop_editing() -> None:
    """Closes the form."""
    address_bar.go({"edit": None})


def _as_opened(owner: OwnerRead) -> Mapping[str, Any]:
    """The owner as the person saw it when they began to type, whatever others did since."""
    kept = st.session_state.get(_OPENED)
    if not kept or kept["id"] != owner.id:
        kept = owner.model_dump()
        st.session_state[_OPENED] = kept
    return dict(kept)


def _changed_meanwhile(owner_id: int) -> None:
    st.warning("Somebody changed this owner since you opened this form: saving it is refused.")
    st.button("Show what it is now", on_click=_forget, args=(owner_id,))


def _forget(owner_id: int) -> None:
    st.session_state.pop(_OPENED, None)
    # A new token makes new fields: the old ones would keep what was typed.
    forget_token(f"owner-{owner_id}")


def _changed(asked: Mapping[str, object], opened: Mapping[str, Any]) -> dict[str, object]:
    """What is not as it was when the form was opened; a NIN left empty stays."""
    changed = {name: value for name, value in asked.items() if value != opened.get(name)}
    if asked["nin"] is None:
        changed.pop("nin", None)
    return {**changed, "version": opened["version"]}


def _ask(form: Form, places: Sequence[HospitalRead], now: Mapping[str, Any]) -> None:
    hospitals = {place.id: place.name for place in places}
    kept = f"{now['nin']} is kept: leave this empty, or give another." if now.get("nin") else None
    left, right = st.columns(2)
    with left:
        form.text("first_name", "First name", now.get("first_name", ""))
        form.text("email", "Email", now.get("email", ""))
        form.choice("hospital_id", "Hospital", hospitals, now.get("hospital_id"))
        form.day("onboarding_date", "Onboarded", now.get("onboarding_date"))
    with right:
        form.text("last_name", "Last name", now.get("last_name", ""))
        form.text("phone", "Phone", now.get("phone", ""))
        form.choice("status", "Status", _STATUSES, now["status"].value)
        form.number("nin", "National identity number (NIN)", help=kept)
    form.prose("notes", "Notes", now.get("notes") or "")

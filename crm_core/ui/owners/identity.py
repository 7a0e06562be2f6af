"""Whole numbers that are shown masked: revealed for a reason, and logged."""

import streamlit as st
from pydantic import BaseModel

from crm_core.base.words import Reason
from crm_core.owners import service
from crm_core.people.schemas import Actor, Permission
from crm_core.ui.forms import Form
from crm_core.ui.page import act

_OWNER, _PREFIX = "_revealed_owner", "_revealed_"
_LABELS = {"nin": "National identity number", "account_number": "Account number"}


class _Asked(BaseModel):
    reason: Reason


def reveal(owner_id: int, actor: Actor) -> None:
    """Asks for a reason, then shows NIN and account number until the person is done with them."""
    if not actor.may(Permission.IDENTIFIERS_REVEAL):
        return
    if st.session_state.get(_OWNER) == str(owner_id):
        _numbers()
        return
    with (
        st.popover("Show whole numbers", icon=":material/visibility:"),
        Form(f"reveal-{owner_id}", border=False) as form,
    ):
        st.text("NIN and account number. Your reason is kept in the history.")
        form.reason()
        sent = form.submit("Show them", primary=False)
    if sent:
        _reveal(owner_id, form, actor)


def forget_unless(owner_id: int | None) -> None:
    """Numbers revealed on another owner's page are not kept."""
    if st.session_state.get(_OWNER) != str(owner_id):
        _forget()


def _forget() -> None:
    for name in (_OWNER, *(_PREFIX + name for name in _LABELS)):
        st.session_state.pop(name, None)


def _reveal(owner_id: int, form: Form, actor: Actor) -> None:
    kept: dict[str, str] = {}
    why = str(form.values["reason"])
    with act("Shown, and noted in the history", why=why, once=form.token, keep=kept) as session:
        asked = _Asked.model_validate(form.values)
        numbers = service.reveal_identity(session, owner_id, why=asked.reason, actor=actor)
        kept |= {_PREFIX + name: number for name, number in numbers.items()}
        kept[_OWNER] = str(owner_id)


def _numbers() -> None:
    with st.container(border=True):
        found = {
            label: st.session_state[_PREFIX + name]
            for name, label in _LABELS.items()
            if _PREFIX + name in st.session_state
        }
        for label, number in found.items():
            st.text(label)
            st.code(number, language=None)
        if not found:
            st.text("Neither a NIN nor an account number is kept.")
        st.button("Hide them", on_click=_forget)

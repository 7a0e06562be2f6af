"""What an address asks for and a person may not have is refused in words, not passed over."""

import streamlit as st

from crm_core.base.errors import Forbidden
from crm_core.people.schemas import Actor, Permission
from crm_core.ui.plain import plain


def step(actor: Actor, needs: Permission, *, asked: bool) -> bool:
    """Whether the address asks for a step that this person may take; says why not where not."""
    if asked:
        _say(actor, needs)
    return asked and actor.may(needs)


def tab(actor: Actor, needs: Permission, slug: str) -> bool:
    """Whether this person has the tab; says why not to somebody whose address names it."""
    if st.query_params.get("tab") == slug:
        _say(actor, needs)
    return actor.may(needs)


def _say(actor: Actor, needs: Permission) -> None:
    try:
        actor.require(needs)
    except Forbidden as refused:
        st.error(plain(str(refused)))

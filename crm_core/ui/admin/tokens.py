"""The tab of API tokens: bearer secrets of other systems."""

from datetime import date, datetime, time

import streamlit as st

from crm_core.base.clock import LAGOS
from crm_core.people import queries, service
from crm_core.people.schemas import Actor, TokenCreate, TokenFilter, TokenRead
from crm_core.ui import address_bar
from crm_core.ui.admin import tables
from crm_core.ui.page import act, field_error, form_token, load
from crm_core.ui.tables import pages


def show(actor: Actor) -> None:
    """Tokens that work, the one that is chosen, and the form for a new one."""
    every = address_bar.switch("all", "Also those that were revoked or have expired")
    chosen, page = address_bar.number("token"), address_bar.page_of()
    with load() as session:
        wanted = TokenFilter(live=None if every else True, page=page, limit=50)
        found = queries.list_tokens(wanted).page(session)
        token = queries.get_token(session, chosen) if chosen else None
    tables.show_once("new_token", "The new token")
    tables.tokens_table(found.rows)
    pages(found, "token")
    if token is None:
        _new_token(actor)
    else:
        _chosen_token(token, actor)


def _new_token(actor: Actor) -> None:
    once = form_token("token")
    with st.expander("New token"), st.form(f"token-{once}", border=False):
        st.text("It acts for you: with it nobody approves a payout that you made.")
        name = st.text_input("What it is for", key=f"token-name-{once}")
        field_error("name")
        roles = tables.roles_input(f"token-roles-{once}")
        field_error("roles")
        last_day = st.date_input("Last day (optional)", value=None, key=f"token-day-{once}")
        field_error("expires_at")
        if not st.form_submit_button("Make the token", type="primary"):
            return
    asked = {"name": name, "roles": roles, "expires_at": _end_of(last_day)}
    kept: dict[str, str] = {}
    with act(f"Token for {name} made", once=once, keep=kept) as session:
        data = TokenCreate.model_validate(asked)
        _, kept["new_token"] = service.create_token(session, data, actor=actor)


def _end_of(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time.max, LAGOS)


def _chosen_token(token: TokenRead, actor: Actor) -> None:
    with st.container(border=True):
        st.subheader("Token", anchor=False)
        st.text(f"{token.name}, begins with {token.prefix}")
        if token.revoked_at is None and st.button("Revoke", type="primary"):
            with act(f"{token.name} opens nothing any more") as session:
                service.revoke_token(session, token.id, actor=actor)

"""The tab of accounts: who there is, with which roles, and the way in."""

import streamlit as st

from crm_core.people import queries, service
from crm_core.people.schemas import Actor, StaffCreate, StaffFilter, StaffRead
from crm_core.ui import address_bar
from crm_core.ui.address import public_url
from crm_core.ui.admin import tables
from crm_core.ui.page import act, field_error, form_token, load
from crm_core.ui.tables import pages


def show(actor: Actor) -> None:
    """Accounts, the one that is chosen, and the form for a new one."""
    search = address_bar.search("Search people by name or e-mail")
    chosen, page = address_bar.number("person"), address_bar.page_of()
    with load() as session:
        wanted = StaffFilter(search=search, page=page, limit=50)
        found = queries.list_staff(wanted).page(session)
        person = queries.get_staff(session, chosen) if chosen else None
    tables.people_table(found.rows)
    pages(found, "account")
    if person is None:
        _new_person(actor)
    else:
        _chosen_person(person, actor)


def _new_person(actor: Actor) -> None:
    token = form_token("person")
    with st.expander("New person"), st.form(f"person-{token}", border=False):
        asked = _asked_of_a_person(token)
        if not st.form_submit_button("Open the account", type="primary"):
            return
    with act(f"{asked['name']} has an account", once=token) as session:
        service.create_staff(session, StaffCreate.model_validate(asked), actor=actor)


def _asked_of_a_person(token: str) -> dict[str, object]:
    name = st.text_input("Name", key=f"name-{token}")
    field_error("name")
    email = st.text_input("E-mail address", key=f"email-{token}")
    field_error("email")
    roles = tables.roles_input(f"roles-{token}")
    field_error("roles")
    password = st.text_input(
        "Password (optional: without one, make a sign-in link)",
        type="password",
        key=f"password-{token}",
        autocomplete="new-password",
    )
    field_error("password")
    return {"name": name, "email": email, "roles": roles, "password": password or None}


def _chosen_person(person: StaffRead, actor: Actor) -> None:
    tables.show_once(
        _link_key(person), f"Sign-in link for {person.name}: works once, for 15 minutes"
    )
    with st.container(border=True):
        st.subheader("Account", anchor=False)
        st.text(f"{person.name}, {person.email}")
        _roles(person, actor)
        _password(person, actor)
        with st.container(horizontal=True):
            _link(person, actor)
            _sign_out(person, actor)
            _switch(person, actor)


def _roles(person: StaffRead, actor: Actor) -> None:
    with st.form(f"roles-form-{person.id}", border=False):
        roles = tables.roles_input(f"roles-{person.id}-{'-'.join(person.roles)}", person.roles)
        field_error("roles")
        if not st.form_submit_button("Save roles"):
            return
    with act(f"Roles of {person.name} saved") as session:
        service.set_roles(session, person.id, roles, actor=actor)


def _password(person: StaffRead, actor: Actor) -> None:
    with st.form(f"password-form-{person.id}", border=False, clear_on_submit=True):
        password = st.text_input("New password", type="password", autocomplete="new-password")
        field_error("password")
        if not st.form_submit_button("Set password"):
            return
    with act(f"{person.name} has a new password, and is signed out everywhere") as session:
        service.set_password(session, person.id, password, actor=actor)


def _link(person: StaffRead, actor: Actor) -> None:
    if not st.button("Make a sign-in link", disabled=not person.active):
        return
    kept: dict[str, str] = {}
    with act(f"Sign-in link for {person.name} made", keep=kept) as session:
        token = service.make_sign_in_link(session, person.email, actor=actor)
        kept[_link_key(person)] = f"{public_url()}/auth/link?token={token}"


def _sign_out(person: StaffRead, actor: Actor) -> None:
    if st.button("Sign out everywhere"):
        with act(f"{person.name} is signed out everywhere") as session:
            service.close_all_sessions(session, person.id, actor=actor)


def _switch(person: StaffRead, actor: Actor) -> None:
    if not person.active:
        if st.button("Open the account again"):
            with act(f"{person.name} may sign in again") as session:
                service.reactivate(session, person.id, actor=actor)
    elif st.button("Deactivate", type="primary"):
        with act(f"{person.name} is shut out; tokens are revoked") as session:
            service.deactivate(session, person.id, actor=actor)


def _link_key(person: StaffRead) -> str:
    return f"sign-in-link-{person.id}"

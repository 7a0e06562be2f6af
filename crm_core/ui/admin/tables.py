"""Tables and fields that the tabs of the admin page share."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import pyarrow as pa
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from crm_core.base.clock import utc_now
from crm_core.people.schemas import Role, SessionRead, StaffRead, TokenRead
from crm_core.ui.plain import plain

ROLES = {
    Role.VIEWER: "Viewer: sees everything, masked",
    Role.FINANCE: "Finance: makes and pays payouts",
    Role.APPROVER: "Approver: approves payouts and campaigns",
    Role.CAMPAIGNER: "Campaigner: drafts and launches campaigns",
    Role.ANALYST: "Analyst: reads and exports",
    Role.ADMIN: "Admin: people, tokens and settings",
}

_LAGOS = "Africa/Lagos"
_WHEN = "D MMM YYYY, HH:mm"


def roles_input(key: str, chosen: Sequence[Role] = ()) -> list[Role]:
    """A choice of roles that says what each may do."""
    return st.multiselect(
        "Roles", list(ROLES), default=list(chosen), format_func=ROLES.__getitem__, key=key
    )


def people_table(people: Sequence[StaffRead]) -> None:
    """Accounts; selecting one opens it by its id in the address."""
    rows = [
        {
            "Name": person.name,
            "E-mail": person.email,
            "Roles": [role.value for role in person.roles],
            "State": _state(person),
            "Last sign-in": person.last_sign_in_at,
        }
        for person in people
    ]
    _chosen_by_id(rows, [person.id for person in people], param="person", alt="Staff accounts")


def tokens_table(tokens: Sequence[TokenRead]) -> None:
    """API tokens; selecting one opens it by its id in the address."""
    rows = [
        {
            "Name": token.name,
            "Begins with": f"{token.prefix}…",
            "Roles": [role.value for role in token.roles],
            "State": _token_state(token),
            "Last use": token.last_used_at,
            "Expires": token.expires_at,
        }
        for token in tokens
    ]
    _chosen_by_id(rows, [token.id for token in tokens], param="token", alt="API tokens")


def sessions_table(sessions: Sequence[SessionRead]) -> None:
    """Sign-ins that have not ended; selecting one opens it by its id in the address."""
    rows = [
        {
            "Name": sign_in.name,
            "E-mail": sign_in.email,
            "By": sign_in.method,
            "Signed in": sign_in.created_at,
            "Last seen": sign_in.last_seen_at,
            "Ends": sign_in.expires_at,
            "Browser": sign_in.user_agent,
        }
        for sign_in in sessions
    ]
    ids = [sign_in.id for sign_in in sessions]
    _chosen_by_id(rows, ids, param="session", alt="Sign-ins that have not ended")


def show_once(key: str, title: str) -> None:
    """A secret that ``act`` kept: to copy now, for it cannot be shown again."""
    secret = st.session_state.get(key)
    if secret is None:
        return
    with st.container(border=True):
        st.subheader(plain(title), anchor=False)
        st.text("Copy it now: it cannot be shown again.")
        st.code(secret, language=None, wrap_lines=True)
        st.button("I have copied it", on_click=st.session_state.pop, args=(key,), key=f"done-{key}")


def _chosen_by_id(
    rows: Sequence[Mapping[str, object]], ids: Sequence[int], *, param: str, alt: str
) -> None:
    if not rows:
        st.info("Nothing to show.")
        return
    # Streamlit keeps a selection by position: other rows must be another table.
    key = f"{param}-table-{hash(tuple(ids))}"

    def choose() -> None:
        if chosen := st.session_state[key].selection.rows:
            st.query_params[param] = str(ids[chosen[0]])
        else:
            st.query_params.pop(param, None)

    st.dataframe(
        pa.Table.from_pylist(list(rows)),
        key=key,
        hide_index=True,
        on_select=choose,
        selection_mode="single-row",
        column_config={name: _column(name, value) for name, value in rows[0].items()},
        placeholder="–",
        alt=alt,
    )


def _column(name: str, value: object) -> ColumnConfig:
    if name == "Roles":
        return st.column_config.ListColumn(name)
    if isinstance(value, datetime) or name in {"Last sign-in", "Last use", "Expires"}:
        return st.column_config.DatetimeColumn(name, format=_WHEN, timezone=_LAGOS)
    return st.column_config.TextColumn(name)


def _state(person: StaffRead) -> str:
    if not person.active:
        return "deactivated"
    locked = person.locked_until is not None and person.locked_until > utc_now()
    return "locked" if locked else "active"


def _token_state(token: TokenRead) -> str:
    if token.revoked_at is not None:
        return "revoked"
    expired = token.expires_at is not None and token.expires_at <= utc_now()
    return "expired" if expired else "live"

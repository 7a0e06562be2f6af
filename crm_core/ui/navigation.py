"""The sidebar: the pages that a person sees, and who they are."""

import html
from collections.abc import Callable
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from crm_core.people.schemas import Actor
from crm_core.ui import finding
from crm_core.ui.entries import ENTRIES, HOME, Entry
from crm_core.ui.home import today
from crm_core.ui.page import open_page, require_signed_in

_MARK = Path(__file__).parent / "assets" / "mark.svg"


def run() -> None:
    """Shows the sidebar and runs the page that the address asks for."""
    # The icon comes before the navigation, which would fetch its own one from a foreign host. The
    # tab of the browser is called by the page: saying so once more would draw everything anew.
    st.set_page_config(page_icon=str(_MARK), layout="wide")
    st.logo(str(_MARK.with_name("logo.svg")), icon_image=str(_MARK), size="large")
    actor = require_signed_in()
    chosen = st.navigation(_pages_for(actor))
    with st.sidebar:
        finding.box()
        _who_is_signed_in(actor)
    chosen.run()


def _pages_for(actor: Actor) -> dict[str, list[StreamlitPage]]:
    sections = {HOME.section: [st.Page(today, title=HOME.title, icon=HOME.icon, default=True)]}
    for entry in ENTRIES:
        allowed = entry.needs is None or actor.may(entry.needs)
        page = _page(entry) if allowed else _closed_page(entry)
        sections.setdefault(entry.section, []).append(page)
    return sections


def _page(entry: Entry) -> StreamlitPage:
    return st.Page(
        f"pages/{entry.path}.py", title=entry.title, icon=entry.icon, url_path=entry.path
    )


def _closed_page(entry: Entry) -> StreamlitPage:
    """At the same address, so that a link says why instead of silently leading home."""
    return st.Page(_refusing(entry), title=entry.title, url_path=entry.path, visibility="hidden")


def _refusing(entry: Entry) -> Callable[[], None]:
    def refuse() -> None:
        open_page(entry.title, needs=entry.needs)

    return refuse


def _who_is_signed_in(actor: Actor) -> None:
    roles = ", ".join(sorted(role.value for role in actor.roles))
    # Streamlit's own links open a new tab; this one must leave with the tab that it is in.
    st.html(
        f'<div style="font-size:.93rem"><strong>{html.escape(actor.name)}</strong><br>'
        f'<span style="opacity:.8">{html.escape(roles)}</span><br>'
        '<a href="/auth/sign-out" style="color:inherit;display:inline-block;padding:.35rem 0">'
        "Sign out</a></div>"
    )

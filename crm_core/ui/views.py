"""Saved views of a list: opened by name or by address, kept for oneself or for everybody."""

from collections.abc import Mapping, Sequence

import streamlit as st

from crm_core.people import views
from crm_core.people.schemas import Actor
from crm_core.people.views import ViewCreate, ViewRead
from crm_core.ui import address_bar
from crm_core.ui.forms import Form
from crm_core.ui.page import act, load
from crm_core.ui.plain import plain


def bar(actor: Actor, page: str, params: Sequence[str]) -> None:
    """The views of this list; stands before its filters are drawn.

    Args:
        page: name of the list, such as ``payouts``.
        params: parameters of the address that make up a view, without the page's number.
    """
    with load() as session:
        kept = views.list_views(session, page, actor=actor)
    _open_asked(kept, page, params)
    with st.popover("Views", icon=":material/bookmarks:"):
        for view in kept:
            _view(view, actor, params)
        if not kept:
            st.text("No view of this list was saved yet.")
        _save(actor, page, params)


def _open_asked(kept: Sequence[ViewRead], page: str, params: Sequence[str]) -> None:
    """The view that the address names; or, where the list was just come to, one's default."""
    asked = address_bar.number("view")
    came = f"_came_to_{page}"
    bare = not any(name in st.query_params for name in params)
    wanted = [view for view in kept if view.id == asked]
    if asked is None and bare and came not in st.session_state:
        wanted = [view for view in kept if view.is_default and not view.shared] or [
            view for view in kept if view.is_default
        ]
    st.session_state[came] = True
    if wanted:
        address_bar.go(_place(wanted[0], params))
    elif asked is not None:
        address_bar.go({"view": None})
        st.info("This view is not there any more, or is not shared with you.")


def _place(view: ViewRead, params: Sequence[str]) -> Mapping[str, str | None]:
    """What to write into the address; a view says nothing of parameters the list does not have."""
    query = {name: value for name, value in view.query.items() if name in params}
    return {**dict.fromkeys(params), "page": None, "after": None, "view": None, **query}


def _view(view: ViewRead, actor: Actor, params: Sequence[str]) -> None:
    mine = actor.person == f"staff:{view.staff_id}"
    told = " · default" if mine and view.is_default else ""
    whose = "" if mine else f" · {view.owner_name}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            plain(f"{view.name}{told}{whose}"),
            key=f"view-{view.id}",
            type="tertiary",
            icon=":material/group:" if view.shared else ":material/bookmark:",
            on_click=address_bar.go,
            args=(_place(view, params),),
        )
        if mine:
            clicked = st.button(
                "Delete", key=f"view-{view.id}-delete", type="tertiary", icon=":material/delete:"
            )
            if clicked:
                with act("View deleted") as session:
                    views.delete_view(session, view.id, actor=actor)


def _save(actor: Actor, page: str, params: Sequence[str]) -> None:
    query = {name: st.query_params[name] for name in params if st.query_params.get(name)}
    with Form(f"view-{page}", border=False) as form:
        form.text("name", "Save what is shown as")
        shared = st.toggle("Everybody may open it", key=f"view-{page}-shared-{form.token}")
        default = st.toggle("Open the list with it", key=f"view-{page}-default-{form.token}")
        sent = form.submit("Save the view", primary=False)
    if sent:
        with act("View saved", once=form.token) as session:
            data = ViewCreate.model_validate(
                {
                    "page": page,
                    "name": form.values["name"] or "",
                    "query": query,
                    "shared": shared,
                    "is_default": default,
                }
            )
            views.save_view(session, data, actor=actor)

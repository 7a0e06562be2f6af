"""What stands beside a list and beside a record of it: files to take away, the next record."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from crm_core.base.paging import PageRequest
from crm_core.base.read import Listing
from crm_core.base.walking import neighbours
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, downloads
from crm_core.ui.page import load

_FILES = {"csv": "CSV", "xlsx": "Excel (XLSX)"}


def take_away(actor: Actor, name: str, filters: PageRequest) -> None:
    """A list with its filters as a file, for those who may export.

    Args:
        name: of the list in ``insights.exports.LISTS``.
    """
    if not actor.may(Permission.EXPORT):
        return
    given = filters.model_dump(
        mode="json", exclude_defaults=True, exclude_none=True, exclude={"page", "limit", "cursor"}
    )
    with st.popover("Export", icon=":material/download:"):
        st.text("Every row that these filters leave. It is kept in the history that you took them.")
        for kind, label in _FILES.items():
            query = urlencode({**given, "format": kind}, doseq=True)
            downloads.link(f"/export/list/{name}?{query}", label)


def way_back(
    label: str,
    listing: Listing[Any],
    filters: PageRequest,
    *,
    record: tuple[str, int],
    without: Sequence[str],
) -> None:
    """The way back to the list, and to the records beside this one in it.

    Args:
        record: the parameter of the address that names the record, and its id.
        without: parameters that the list does not have.
    """
    param, record_id = record
    with load() as session:
        found = neighbours(session, listing, filters, record_id)
    with st.container(horizontal=True, vertical_alignment="center"):
        address_bar.link_back(label, without=without)
        for word, icon, other in (
            ("Previous", ":material/chevron_left:", found.previous),
            ("Next", ":material/chevron_right:", found.next),
        ):
            if other is not None:
                st.button(
                    word,
                    icon=icon,
                    type="tertiary",
                    key=f"beside-{word}",
                    on_click=address_bar.go,
                    args=({param: str(other)},),
                )

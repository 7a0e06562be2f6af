"""Patients from a file: choose it, say which column is which, look at it; and the files before."""

from collections.abc import Mapping, Sequence

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from crm_core.base.errors import Invalid
from crm_core.loyalty import importing
from crm_core.loyalty.importing import TARGETS, queries
from crm_core.loyalty.importing.columns import Target
from crm_core.loyalty.importing.schemas import ImportFilter, ImportState
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, asking, tables
from crm_core.ui.page import act, form_token, load
from crm_core.ui.patients import import_record
from crm_core.ui.plain import plain
from crm_core.ui.tables import Table

_LOOKED_AT = "_import_looked_at"
_NOWHERE = "– not in the file –"
_COLUMNS = {
    "File": tables.text(width=220),
    "State": tables.state(ImportState, width=100),
    "Lines": tables.number(width=80),
    "Imported": tables.number(width=90),
    "Left out": tables.number(width=90),
    "By": tables.text(),
    "When": tables.at(),
}


def open_looked_at() -> None:
    """After a file was looked at: writes the address of what was found."""
    if looked_at := st.session_state.pop(_LOOKED_AT, None):
        address_bar.go({"import": looked_at, "page": None, "verdict": None})


def show(actor: Actor) -> None:
    """The file's form at ``?import=new``, or the import at ``?import=``."""
    import_id = address_bar.number("import")
    if import_id is not None:
        import_record.show(import_id, actor)
        return
    address_bar.link_back("All patients", without=["import", "page"])
    st.header("Import patients from a file", anchor=False)
    new = st.query_params.get("import") == "new"
    asking.step(actor, Permission.PATIENTS_WRITE, asked=new)
    if actor.may(Permission.PATIENTS_WRITE):
        _choose(actor)
    _files()


def _choose(actor: Actor) -> None:
    st.text("A CSV in UTF-8 whose first line names the columns. Nothing changes by looking at it.")
    uploaded = st.file_uploader("Patients as CSV, at most 50 MB", type="csv", key="patients-file")
    header = _header_of(uploaded) if uploaded is not None else None
    if uploaded is None or header is None:
        return
    mapping = _mapping(header)
    if st.button("Look at the file", type="primary", key="look-at-file"):
        _look(uploaded, mapping, actor)


def _header_of(uploaded: UploadedFile) -> list[str] | None:
    """The names of the file's columns; says what is wrong where it is no such file."""
    uploaded.seek(0)
    try:
        return importing.Table(uploaded).header
    except Invalid as refused:
        st.error(plain(str(refused)))
        return None


def _mapping(header: Sequence[str]) -> dict[str, str]:
    """Field → column, as the names suggest until a person says otherwise."""
    suggested = importing.suggest(header)
    first = {f: t for f, t in TARGETS.items() if t.required or f in suggested}
    rest = {f: t for f, t in TARGETS.items() if f not in first}
    with st.container(border=True):
        st.subheader("Which column is which", anchor=False)
        chosen = _boxes(first, header, suggested)
        with st.expander("Fields that no column was found for"):
            chosen |= _boxes(rest, header, suggested)
    return chosen


def _boxes(
    targets: Mapping[str, Target], header: Sequence[str], suggested: Mapping[str, str]
) -> dict[str, str]:
    options = ["", *filter(None, header)]
    chosen = {}
    with st.grid(3, min_column_width=200):
        for field, target in targets.items():
            chosen[field] = st.selectbox(
                f"{target.label} (required)" if target.required else target.label,
                options,
                options.index(suggested.get(field, "")),
                format_func=lambda name: name or _NOWHERE,
                key=f"column-{field}-{hash(tuple(header))}",
            )
    return chosen


def _look(uploaded: UploadedFile, mapping: Mapping[str, str], actor: Actor) -> None:
    kept: dict[str, str] = {}
    once = form_token("patient-import")
    small = uploaded.size <= importing.SMALL_FILE
    told = "The file was looked at" if small else "The file is being looked at"
    with act(told, once=once, keep=kept) as session:
        upload = importing.Upload(uploaded, uploaded.name, mapping)
        kept[_LOOKED_AT] = str(importing.take_file(session, upload, actor=actor).id)


def _files() -> None:
    st.subheader("Files that were looked at", anchor=False)
    wanted = ImportFilter(page=address_bar.page_of(), limit=20)
    with load() as session:
        found = tables.page_of(session, queries.list_imports, wanted)
    shown = [
        {
            "File": each.file_name,
            "State": each.state,
            "Lines": each.row_count,
            "Imported": each.imported_count,
            "Left out": each.left_out,
            "By": each.who_name,
            "When": each.created_at,
        }
        for each in found.rows
    ]
    tables.pick_one(
        Table(
            rows=shown,
            columns=_COLUMNS,
            ids=[each.id for each in found.rows],
            alt="Files of patients, the newest first",
            empty="No file was looked at yet.",
            name="imports",
        ),
        opens=lambda import_id: {"import": str(import_id), "page": None},
    )
    tables.pages(found, "file")

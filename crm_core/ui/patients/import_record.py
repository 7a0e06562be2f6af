"""One import: what each line would do or did; commit, undo, and the file of those left out."""

import streamlit as st

from crm_core.loyalty import importing
from crm_core.loyalty.importing import TARGETS, queries
from crm_core.loyalty.importing.schemas import (
    ImportRead,
    ImportRowFilter,
    ImportState,
    RowVerdict,
    UndoPlan,
)
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, downloads, facts, states, tables
from crm_core.ui.formatting import counted, moment
from crm_core.ui.page import act, form_token, load
from crm_core.ui.patients import import_progress
from crm_core.ui.plain import plain
from crm_core.ui.states import label_of
from crm_core.ui.tables import Table

_UNDO = "_import_undo_plan"
_COLUMNS = {
    "Line": tables.number(width=70),
    "Verdict": tables.state(RowVerdict, width=105),
    "Patient": tables.text(width=200),
    "Code": tables.text(width=110),
    "Why": tables.text(width="large"),
}


def show(import_id: int, actor: Actor) -> None:
    """The import at ``?import=``."""
    address_bar.link_back("All imports", without=["verdict", "page"])
    with load() as session:
        found = queries.get_import(session, import_id)
    st.subheader(plain(found.file_name), anchor=False)
    states.chips([found.state])
    import_progress.show(found)
    if found.row_count:
        _totals(found)
    if actor.may(Permission.PATIENTS_WRITE) and not found.under_way:
        _what_to_do(found, actor)
    if found.row_count and found.state is not ImportState.FORGOTTEN:
        _lines(found)
    _facts(found)


def _totals(found: ImportRead) -> None:
    planned = found.committed_at is None
    figures = {
        "Lines": found.row_count,
        "Can be imported" if planned else "Imported": found.ok_count
        if planned
        else found.imported_count,
        "Refused": found.refused_count,
        "Duplicates": found.duplicate_count,
    }
    if not planned:
        figures["Changed since"] = found.changed_count
    if found.state is ImportState.UNDONE:
        figures["Withdrawn"] = found.withdrawn_count
    with st.grid(len(figures), min_column_width=130):
        for label, figure in figures.items():
            st.metric(label, f"{figure:,}", border=True)


def _what_to_do(found: ImportRead, actor: Actor) -> None:
    plan = st.session_state.get(_UNDO)
    if found.state is ImportState.COMMITTED and plan and plan[0] == found.id:
        _confirm_undo(found, plan[1], actor)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if found.state is ImportState.PLANNED:
            _commit(found, actor)
        if found.left_out and found.state is not ImportState.FORGOTTEN:
            label = f"Download {counted(found.left_out, 'line')} left out"
            downloads.link(f"/export/patient-import/{found.id}", label)
        if found.receipt_id is not None:
            st.page_link(
                "pages/receipts.py",
                label="See the receipt",
                icon=":material/receipt_long:",
                query_params={"receipt": str(found.receipt_id)},
            )
        if found.state is ImportState.COMMITTED:
            _offer_undo(found, actor)


def _commit(found: ImportRead, actor: Actor) -> None:
    sure = st.button(
        f"Import {counted(found.ok_count, 'patient')}",
        type="primary",
        key="import-commit",
        disabled=not found.ok_count,
    )
    if sure:
        once = form_token(f"import-{found.id}")
        small = found.ok_count <= importing.SMALL_IMPORT
        told = "The patients are registered" if small else "The patients are being registered"
        with act(told, why=_why(found), once=once) as session:
            importing.start_commit(session, found.id, found.fingerprint, actor=actor)


def _offer_undo(found: ImportRead, actor: Actor) -> None:
    if not st.button("Undo the import", key="import-undo"):
        return
    with load() as session:
        plan = importing.plan_undo(session, found.id, actor=actor)
    st.session_state[_UNDO] = (found.id, plan)
    st.rerun()


def _confirm_undo(found: ImportRead, plan: UndoPlan, actor: Actor) -> None:
    with st.container(border=True):
        st.subheader("Look before the import is undone", anchor=False)
        st.text(
            f"{counted(plan.withdrawn, 'patient')} will be withdrawn, and {plan.points:,} points"
            f" taken back. {counted(plan.kept, 'patient')} used since will stay."
        )
        with st.container(horizontal=True):
            sure = st.button(
                f"Withdraw {counted(plan.withdrawn, 'patient')}",
                type="primary",
                key="import-undo-confirm",
                disabled=not plan.withdrawn,
            )
            st.button("Back, change nothing", key="import-undo-back", on_click=_forget_plan)
    if sure:
        once = form_token(f"undo-import-{found.id}")
        small = found.imported_count <= importing.SMALL_IMPORT
        told = "The import is undone" if small else "The import is being undone"
        with act(told, why=_why(found), once=once) as session:
            importing.start_undo(session, found.id, plan.fingerprint, actor=actor)


def _forget_plan() -> None:
    st.session_state.pop(_UNDO, None)


def _why(found: ImportRead) -> str:
    return f"Import of {found.file_name}"


def _lines(found: ImportRead) -> None:
    verdict = address_bar.state("verdict", "Lines", RowVerdict)
    wanted = ImportRowFilter(
        import_id=found.id, verdict=verdict, page=address_bar.page_of(), limit=tables.PAGE
    )
    with load() as session:
        lines = tables.page_of(session, queries.list_rows, wanted)
    shown = [
        {
            "Line": line.line,
            "Verdict": line.verdict,
            "Patient": line.label or "–",
            "Code": line.patient_code or "–",
            "Why": line.reason,
        }
        for line in lines.rows
    ]
    tables.show(
        Table(
            rows=shown,
            columns=_COLUMNS,
            alt="The lines of the file with their verdicts",
            empty="No line has this verdict.",
            name="import-lines",
        )
    )
    tables.pages(lines, "line")


def _facts(found: ImportRead) -> None:
    columns = [
        f"{TARGETS[field].label if field in TARGETS else label_of(field)}: {column}"
        for field, column in found.mapping.items()
    ]
    facts.show(
        {
            "Looked at by": found.who_name,
            "Looked at": moment(found.created_at),
            "Committed": moment(found.committed_at) if found.committed_at else None,
            "Undone": moment(found.undone_at) if found.undone_at else None,
            "Columns": ", ".join(columns),
            "Columns left aside": ", ".join(found.ignored) or None,
        }
    )

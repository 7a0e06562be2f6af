"""Data sets to take away: what is in them, how many rows, the file, and who took what before."""

from collections.abc import Mapping
from urllib.parse import urlencode

import streamlit as st

from crm_core.hospitals.queries import all_hospitals
from crm_core.insights.exports import (
    Dataset,
    ExportFilter,
    Format,
    PastExport,
    count_rows,
    documentation,
    filters_of,
    list_exports,
)
from crm_core.loyalty.schemas import Tier, TransactionType
from crm_core.patients.places import states
from crm_core.patients.schemas import Gender, PatientStatus
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, downloads, tables
from crm_core.ui.formatting import words
from crm_core.ui.page import load
from crm_core.ui.tables import Table

_SETS = {
    Dataset.MEMBERS: "Members: a row a patient",
    Dataset.TRANSACTIONS: "Transactions: a row a movement of points",
    Dataset.LOTS: "Lots: points earned together",
    Dataset.FEATURES: "Features: a row a patient, for modelling",
}
_FORMATS = {Format.CSV: "CSV", Format.XLSX: "Excel (XLSX)", Format.PARQUET: "Parquet"}
_COLUMNS = {
    "Column": tables.text(width=170),
    "Type": tables.text(width=100),
    "What it means": tables.text(width="large"),
    "In your file": tables.state(["included", "left out"], width=110),
}
_PAST = {
    "When": tables.at(width=150),
    "Who": tables.text(width=150),
    "What": tables.text(width=110),
    "As": tables.text(width=80),
    "Filters": tables.text(width="medium"),
    "Rows": tables.number(width=95),
    "Identifiers": tables.text(width=95),
    "Ended": tables.state(["complete", "broken off"], width=110),
}


def show(actor: Actor) -> None:
    """The choice and its file, the columns, and the exports so far."""
    with st.container(border=True):
        dataset, kind = _chosen()
        given = _filters(filters_of(dataset))
        with load() as session:
            rows, estimated = count_rows(session, dataset, given)
        _offer(dataset, kind, given, f"{'About ' if estimated else ''}{rows:,} rows")
    _documented(dataset, actor)
    with load() as session:
        past = list_exports(session, actor=actor)
    st.subheader("Exports so far", anchor=False)
    tables.show(
        Table(
            rows=[_past(export) for export in past],
            columns=_PAST,
            alt="Exports so far, the latest first",
            empty="Nothing was exported yet.",
        )
    )


def _chosen() -> tuple[Dataset, Format]:
    sets = {dataset.value: label for dataset, label in _SETS.items() if dataset is not _FIRST}
    kinds = {kind.value: label for kind, label in _FORMATS.items() if kind is not Format.CSV}
    left, right = st.columns([3, 1])
    with left:
        dataset = address_bar.choice("dataset", "Data set", sets, any_label=_SETS[_FIRST])
    with right:
        kind = address_bar.choice("format", "File", kinds, any_label=_FORMATS[Format.CSV])
    return Dataset(dataset or _FIRST), Format(kind or Format.CSV)


_FIRST = Dataset.MEMBERS


def _filters(known: frozenset[str]) -> ExportFilter:
    with st.grid(4, min_column_width=150):
        given = _of_transactions() if "transaction_type" in known else _of_members()
    return ExportFilter.model_validate(given)


def _of_transactions() -> dict[str, object]:
    return {
        "transaction_type": address_bar.state("kind", "Kind", TransactionType),
        "date_from": address_bar.day("from", "From"),
        "date_to": address_bar.day("to", "To"),
    }


def _of_members() -> dict[str, object]:
    with load() as session:
        hospitals = {str(each.id): each.name for each in all_hospitals(session)}
    homes = {state.name: state.name for state in states()}
    given: dict[str, object] = {
        "loyalty_tier": address_bar.state("tier", "Tier", Tier),
        "status": address_bar.state("status", "Status", PatientStatus),
        "gender": address_bar.state("gender", "Gender", Gender),
        "state": address_bar.choice("state", "State", homes, any_label="All states"),
    }
    with address_bar.more("hospital", "from", "to", "points"):
        return given | {
            "preferred_hospital_id": address_bar.choice(
                "hospital", "Preferred hospital", hospitals, any_label="All hospitals"
            ),
            "registered_from": address_bar.day("from", "Registered from"),
            "registered_to": address_bar.day("to", "Registered to"),
            "points_from": address_bar.at_least("points", "Points, at least"),
        }


def _offer(dataset: Dataset, kind: Format, given: ExportFilter, rows: str) -> None:
    query = given.model_dump(mode="json", exclude_defaults=True)
    path = f"/export/loyalty?{urlencode({'dataset': dataset, 'format': kind, **query})}"
    with st.container(horizontal=True, vertical_alignment="center"):
        downloads.link(path, f"Download the {_FORMATS[kind]} file")
        st.text(f"{rows}. It is kept in the history that you took them.")


def _documented(dataset: Dataset, actor: Actor) -> None:
    sees = actor.may(Permission.IDENTIFIERS_REVEAL)
    columns = documentation(dataset)
    hidden = [column.name for column in columns if column.identifier and not sees]
    st.subheader("Columns", anchor=False)
    if hidden:
        st.text(f"Left out, as your role may not see who is who: {', '.join(hidden)}.")
    tables.show(
        Table(
            rows=[
                {
                    "Column": column.name,
                    "Type": column.kind,
                    "What it means": column.meaning,
                    "In your file": "left out" if column.name in hidden else "included",
                }
                for column in columns
            ],
            columns=_COLUMNS,
            alt=f"The columns of {dataset}",
            empty="",
        )
    )


def _past(export: PastExport) -> Mapping[str, object]:
    filters = ", ".join(f"{words(name).lower()}: {v}" for name, v in export.filters.items())
    return {
        "When": export.at,
        "Who": export.who_name,
        "What": words(export.dataset),
        "As": _FORMATS[Format(export.format)],
        "Filters": filters or "none",
        "Rows": export.rows,
        "Identifiers": "with" if export.identifiers else "without",
        "Ended": "complete" if export.complete else "broken off",
    }

"""All payouts: filtered, searched, sorted; the address holds how."""

import streamlit as st

from crm_core.hospitals.queries import all_hospitals
from crm_core.hospitals.schemas import HospitalRead
from crm_core.payouts import bank_files, queries
from crm_core.payouts.schemas import PayoutFilter, PayoutStatus
from crm_core.people.schemas import Actor
from crm_core.ui import address_bar, beside, tables, views
from crm_core.ui.page import load
from crm_core.ui.payouts import figures, rows

_SORTS = {"due": "Due first", "largest": "Largest first"}
_FIELDS = {
    "q": "search",
    "status": "status",
    "month": "month",
    "paid": "paid_month",
    "hospital": "hospital_id",
    "state": "state",
    "sort": "sort",
    "overdue": "overdue",
    "owner": "owner_id",
    "file": "file_id",
    "page": "page",
}


def filters_of_address() -> PayoutFilter:
    """The list that the address holds, also while one of its records is open."""
    return address_bar.filters(PayoutFilter, _FIELDS, limit=tables.PAGE)


def show(actor: Actor) -> None:
    """The filters and the page of the list that they give."""
    with load() as session:
        hospitals = all_hospitals(session)
    views.bar(actor, "payouts", [name for name in _FIELDS if name != "page"])
    _filter_widgets(hospitals)
    filters = filters_of_address()
    with load() as session:
        found = tables.page_of(session, queries.list_payouts, filters)
    tables.pick_one(
        tables.Table(
            rows=[rows.row(payout) for payout in found.rows],
            columns=rows.COLUMNS,
            ids=[payout.id for payout in found.rows],
            alt="Payouts",
            empty="No payout is like this: take a filter away, or prepare a month under Make.",
            name="payouts",
        ),
        opens=figures.opens_payout,
    )
    tables.pages(found, "payout")
    beside.take_away(actor, "payouts", filters)


def _filter_widgets(hospitals: list[HospitalRead]) -> None:
    names = {str(hospital.id): hospital.name for hospital in hospitals}
    address_bar.search("Search by payout, owner, or reference of a payment")
    with st.grid(5, min_column_width=150):
        address_bar.state("status", "Status", PayoutStatus)
        address_bar.recent_month("month", "Month of the period")
        address_bar.recent_month("paid", "Paid in")
        address_bar.choice("hospital", "Hospital", names, any_label="All hospitals")
        address_bar.choice("sort", "Order", _SORTS, any_label="Newest first")
    with st.container(horizontal=True, vertical_alignment="center"):
        address_bar.switch("overdue", "Only those past their due date")
        address_bar.narrowed("file", f"of {_name_of_file(address_bar.number('file'))}")
        address_bar.narrowed("owner", "of one owner")
        address_bar.narrowed_to_state()


def _name_of_file(file_id: int | None) -> str:
    if file_id is None:
        return ""
    with load() as session:
        return bank_files.file_code(session, file_id) or "no bank file"

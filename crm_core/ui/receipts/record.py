"""One receipt: what was changed and refused, by whom and when; export, and undo where lawful."""

import streamlit as st

from crm_core.base import preflight
from crm_core.base.preflight import ReceiptRead
from crm_core.people.names import names_of
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, downloads, facts, plans, states, tables
from crm_core.ui.formatting import moment, words
from crm_core.ui.page import load
from crm_core.ui.plain import plain
from crm_core.ui.plans import Proposal
from crm_core.ui.receipts.undoing import UNDOINGS

_PLAN = "undo-receipt"
_CHANGED, _REFUSED = "changed", "refused"
_PLACES = {
    "patient_import": ("import", "pages/patients.py"),
    "patient_merge": ("patient", "pages/patients.py"),
}
_LONG = {"digest"}  # shown among the facts: too long for a card


def show(actor: Actor, receipt_id: int) -> None:
    """The receipt at ``?receipt=``."""
    address_bar.link_back("Back to the receipts", without=["receipt", "of-changed", "of-refused"])
    with load() as session:
        receipt = preflight.get_receipt(session, receipt_id)
        names = names_of(session, {receipt.undone_by} if receipt.undone_by else ())
    proposal = plans.opened(_PLAN)
    if proposal is not None and proposal.subject["receipt_id"] == receipt_id:
        _undo(actor, receipt, proposal)
        return
    _head(receipt, names)
    _changed(receipt)
    _refused(receipt)
    _what_to_do(actor, receipt)


def _head(receipt: ReceiptRead, names: dict[str, str]) -> None:
    st.subheader(plain(f"No. {receipt.id} · {receipt.title}"), anchor=False)
    if receipt.undone_at is not None:
        states.chips(["undone"])
    cards = {name: total for name, total in receipt.totals.items() if name not in _LONG}
    with st.grid(4, min_column_width=190):
        st.metric("Changed", f"{len(receipt.changed):,}", border=True)
        st.metric("Refused", f"{len(receipt.refused):,}", border=True)
        for name, total in cards.items():
            if name.endswith(("amount", "total")) or name == "file_code":
                st.metric(words(name), plain(plans.written(name, total)), border=True)
    shown = {"By": receipt.who_name, "When": moment(receipt.created_at)}
    if receipt.undone_at is not None:
        shown["Undone by"] = names.get(receipt.undone_by or "", "–")
        shown["Undone"] = moment(receipt.undone_at)
    if "digest" in receipt.totals:
        shown["SHA-256 of the file"] = receipt.totals["digest"]
    facts.show(shown)


def _changed(receipt: ReceiptRead) -> None:
    with st.container(border=True):
        st.subheader("What was changed", anchor=False)
        first = _first(_CHANGED, len(receipt.changed))
        cut = receipt.changed[first : first + tables.MOST]
        shown = [
            {
                "Record": change.label,
                "Amount": change.amount,
                "Before": words(change.before) if change.before else "–",
                "After": words(change.after),
            }
            for change in cut
        ]
        columns = {
            "Record": tables.text(width="large"),
            "Amount": tables.naira(),
            "Before": tables.text(),
            "After": tables.text(),
        }
        table = tables.Table(
            rows=shown,
            columns=columns,
            ids=[change.id for change in cut],
            alt="What was changed",
            empty="Nothing was changed.",
            name="changed",
        )
        param, page = _leads_to(receipt)
        tables.pick_one(table, opens=lambda record_id: {param: str(record_id)}, page=page)
        _pages(_CHANGED, len(receipt.changed))


def _leads_to(receipt: ReceiptRead) -> tuple[str, str]:
    """What a changed record is called in the address, and the page it stands on."""
    for kind, place in _PLACES.items():
        if receipt.kind.startswith(kind):
            return place
    return "payout", "pages/payouts.py"


def _refused(receipt: ReceiptRead) -> None:
    with st.container(border=True):
        st.subheader("What was refused, and why", anchor=False)
        first = _first(_REFUSED, len(receipt.refused))
        cut = receipt.refused[first : first + tables.MOST]
        shown = [{"Record": verdict.label, "Why": verdict.reason} for verdict in cut]
        columns = {"Record": tables.text(width="medium"), "Why": tables.text(width="large")}
        empty = "Nothing was refused."
        tables.show(tables.Table(shown, columns, alt="What was refused", empty=empty))
        _pages(_REFUSED, len(receipt.refused))


def _what_to_do(actor: Actor, receipt: ReceiptRead) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        downloads.link(f"/export/receipt/{receipt.id}", "Export as CSV")
        if "file_id" in receipt.totals and actor.may(Permission.PAYOUTS_PAY):
            path = f"/export/bank-file/{receipt.totals['file_id']}"
            downloads.link(path, f"Download {receipt.totals['file_code']}.csv")
        way = UNDOINGS.get(receipt.kind)
        if way and way.offered(receipt, actor) and st.button(way.label, key="undo"):
            with load() as session:
                plan = way.plan(session, receipt, actor)
            plans.open_plan(_PLAN, plan, receipt_id=receipt.id)


def _undo(actor: Actor, receipt: ReceiptRead, proposal: Proposal) -> None:
    way = UNDOINGS[receipt.kind]
    if plans.confirmed(_PLAN, proposal, way.view):
        with plans.committing(_PLAN, "The receipt says what was undone") as done:
            done.keep(way.commit(done.session, receipt, proposal.plan, actor))


def _first(kind: str, count: int) -> int:
    """The position of the first line that is shown."""
    last_page = max(1, -(-count // tables.MOST))
    return (min(address_bar.page_of(f"of-{kind}"), last_page) - 1) * tables.MOST


def _pages(kind: str, count: int) -> None:
    if count > tables.MOST:
        tables.turn(_first(kind, count) // tables.MOST + 1, -(-count // tables.MOST), f"of-{kind}")

"""A bulk act on a page: look at the plan, confirm it, and follow the receipt.

The plan that a person looks at is kept in ``session_state``: what is committed is exactly that,
and whatever changed in between is refused by the commit, never silently included.

    plans.open_plan("approve", plan, ids=ids)              # in the run of the first click
    if proposal := plans.opened("approve"):
        if plans.confirmed(proposal, View(…)):
            with plans.committing("approve", "Payouts approved") as commit:
                commit.keep(service.commit_approval(commit.session, …))
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal

import streamlit as st
from sqlalchemy.orm import Session

from crm_core.base.money import naira
from crm_core.base.preflight import Plan, Receipt
from crm_core.ui import address_bar, tables
from crm_core.ui.formatting import counted
from crm_core.ui.page import act, form_token
from crm_core.ui.plain import plain

_RECEIPT = "last-receipt"
_MONEY = {"net_amount", "control_total", "gross", "tax", "net"}


@dataclass(frozen=True)
class Proposal:
    """A plan as it was looked at, with what its commit needs to know."""

    plan: Plan
    subject: Mapping[str, object]


@dataclass(frozen=True)
class View:
    """How a plan reads.

    Attributes:
        title: what it is about to do.
        totals: name in the plan's totals → what it is called; money is recognised by its name.
        verb: for the button, such as "Approve {}" where the count goes; the naira follow.
        amount: the total that the button names.
    """

    title: str
    totals: Mapping[str, str]
    verb: str
    amount: str = ""
    noun: str = "payout"


@dataclass
class Commit:
    """What is being committed; ``keep`` the receipt, so that the page can lead to it."""

    session: Session
    kept: dict[str, str] = field(default_factory=dict)

    def keep(self, receipt: Receipt, *, clear: str = "") -> None:
        """Remembers the receipt for the run after this one.

        Args:
            clear: name of the table whose choice is done with.
        """
        self.kept.update(kept_receipt(receipt))
        if clear:
            self.kept[f"{clear}-chosen"] = ""


def open_plan(name: str, plan: Plan, **subject: object) -> None:
    """Puts a plan before the person, and runs the page again to show it."""
    st.session_state[_key(name)] = Proposal(plan, subject)
    st.query_params.pop("verdicts", None)
    st.rerun()


def opened(name: str) -> Proposal | None:
    """The plan that lies before the person, if one does."""
    proposal = st.session_state.get(_key(name))
    return proposal if isinstance(proposal, Proposal) else None


def close(name: str) -> None:
    """Puts the plan away."""
    st.session_state.pop(_key(name), None)


def confirmed(name: str, proposal: Proposal, view: View) -> bool:
    """Draws the plan with its two buttons; True in the run in which it was confirmed."""
    plan = proposal.plan
    with st.container(border=True):
        st.subheader(view.title, anchor=False)
        _totals(plan, view)
        _verdicts(plan)
        with st.container(horizontal=True):
            sure = st.button(
                _button(plan, view),
                type="primary",
                key=f"{name}-confirm-{form_token(name)}",
                disabled=not plan.accepted,
            )
            st.button("Back, change nothing", key=f"{name}-back", on_click=close, args=(name,))
    return sure


@contextmanager
def committing(name: str, flash: str, *, why: str = "") -> Iterator[Commit]:
    """One transaction for the commit; afterwards the plan is put away and the receipt shown."""
    kept = {_key(name): ""}
    with act(flash, why=why, once=form_token(name), keep=kept) as session:
        commit = Commit(session, kept)
        yield commit


def kept_receipt(receipt: Receipt) -> dict[str, str]:
    """For ``act(keep=…)``: the receipt that ``last_receipt`` leads to."""
    told = {
        "id": receipt.receipt_id,
        "changed": receipt.changed,
        "refused": len(receipt.refused),
        "why": [f"{each.label}: {each.reason}" for each in receipt.refused[:3]],
    }
    return {_RECEIPT: json.dumps(told)}


def last_receipt() -> None:
    """Above the page: what the last bulk act did, with the way to its receipt."""
    kept = str(st.session_state.get(_RECEIPT, ""))
    if not kept:
        return
    told = json.loads(kept)
    if address_bar.number("receipt") == told["id"]:
        return
    with st.container(border=True, key="last-receipt"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(_told(told["changed"], told["refused"]))
            st.page_link(
                "pages/receipts.py",
                label="See the receipt",
                icon=":material/receipt_long:",
                query_params={"receipt": str(told["id"])},
            )
            st.button("Hide", type="tertiary", key="hide-receipt", on_click=_forget_receipt)
        for sentence in told["why"]:
            st.text(sentence)


def written(name: str, total: str) -> str:
    """A total as people read it: ``net_amount`` in naira, others as they are."""
    if name in _MONEY:
        return naira(Decimal(total))
    return f"{int(total):,}" if total.isdecimal() else total


def _totals(plan: Plan, view: View) -> None:
    with st.grid(len(view.totals), min_column_width=190):
        for name, label in view.totals.items():
            st.metric(label, written(name, plan.totals.get(name, "0")), border=True)


def _verdicts(plan: Plan) -> None:
    """Refused ones first: they are what a person has to know."""
    verdicts = sorted(plan.verdicts, key=lambda verdict: verdict.ok)
    pages = max(1, -(-len(verdicts) // tables.MOST))
    page = min(address_bar.page_of("verdicts"), pages)
    shown = verdicts[(page - 1) * tables.MOST : page * tables.MOST]
    rows = [
        {
            "Verdict": "will change" if verdict.ok else "refused",
            "Record": verdict.label,
            "Why": verdict.reason,
        }
        for verdict in shown
    ]
    columns = {
        "Verdict": tables.state(("will change", "refused"), width=110),
        "Record": tables.text(width=330),
        "Why": tables.text(width="large"),
    }
    tables.show(tables.Table(rows, columns, alt="One verdict a record", empty="Nothing to do."))
    if pages > 1:
        tables.turn(page, pages, "verdicts")


def _button(plan: Plan, view: View) -> str:
    label = view.verb.format(counted(len(plan.accepted), view.noun))
    if view.amount:
        label += f" · {written(view.amount, plan.totals.get(view.amount, '0'))}"
    return plain(label)


def _told(changed: int, refused: int) -> str:
    if not changed:
        return f"Nothing was changed: {counted(refused, 'record')} refused."
    done = f"Done: {counted(changed, 'record')} changed"
    return f"{done}, {refused:,} refused." if refused else f"{done}."


def _forget_receipt() -> None:
    st.session_state.pop(_RECEIPT, None)


def _key(name: str) -> str:
    return f"_opened_plan_{name}"

"""Paying by transfer: choosing it, the plan before the money goes, and what is under way."""

from collections.abc import Sequence
from decimal import Decimal

import streamlit as st

from crm_core.payouts import queries
from crm_core.payouts.transfers import planning
from crm_core.payouts.transfers.configured import NOT_SET_UP, gateway
from crm_core.payouts.transfers.queries import latest_transfers
from crm_core.payouts.transfers.schemas import TransferLine, TransferState, TransferStatus
from crm_core.people.schemas import Actor
from crm_core.ui import address_bar, plans, tables
from crm_core.ui.formatting import counted
from crm_core.ui.page import load
from crm_core.ui.payouts import figures
from crm_core.ui.plans import Proposal, View

NAME = "transfer"
_WAYS = {"file": "Bank upload file", "transfer": "Transfer"}
_VIEW = View(
    title="Look before the money goes",
    totals={
        "count": "By transfer",
        "control_total": "Control total",
        "doubtful": "Another name",
        "refused": "Left out",
    },
    verb="Send {}",
    amount="control_total",
)


def chosen() -> bool:
    """Whether the payouts go by transfer; a bank file unless somebody says otherwise."""
    provider = gateway()
    if provider is None:
        st.text(NOT_SET_UP)
        return False
    asked = st.query_params.get("way", "")
    address_bar.set_widget("_way", asked if asked in _WAYS else "file")

    def written() -> None:
        way = st.session_state["_way"]
        address_bar.go({"way": way if way == "transfer" else None, "page": None})

    labels = _WAYS | {"transfer": f"Transfer by {provider.title}"}
    way = st.radio(
        "How the money goes",
        list(_WAYS),
        format_func=labels.__getitem__,
        key="_way",
        on_change=written,
        horizontal=True,
    )
    return way == "transfer"


def bar(actor: Actor, ids: Sequence[int], table: str) -> None:
    """At the bottom: the chosen ones, or all that are approved, to look at first."""
    with st.bottom, st.container(horizontal=True, vertical_alignment="center", key="transfer-bar"):
        st.text(f"{counted(len(ids), 'payout')} chosen" if ids else "Choose payouts, or take")
        some = st.button("Look and send", type="primary", key="transfer-chosen", disabled=not ids)
        every = st.button("All that are approved", key="transfer-all")
    if some or every:
        with load() as session:
            wanted = list(ids) if some else queries.approved_ids(session)
            plan = planning.plan_transfer(session, wanted, actor=actor)
        plans.open_plan(NAME, plan, table=table)


def decide(actor: Actor, proposal: Proposal) -> None:
    """The plan of the transfers, and the order to send them."""
    ids = [verdict.id for verdict in proposal.plan.verdicts]
    if plans.confirmed(NAME, proposal, _VIEW):
        with plans.committing(NAME, "Ordered: they are being sent") as done:
            fingerprint = proposal.plan.fingerprint
            receipt = planning.commit_transfer(done.session, fingerprint, ids, actor=actor)
            done.keep(receipt, clear=str(proposal.subject["table"]))


def under_way() -> None:
    """The latest transfers, and where each stands with us and with the provider."""
    st.subheader("Transfers", anchor=False)
    with load() as session:
        lines = latest_transfers(session)
    columns = {
        "Payout": tables.text(width=110),
        "To": tables.text(),
        "Amount": tables.naira(),
        "Payout is": tables.state([*{line.status for line in lines}, "frozen"]),
        "With us": tables.state([state.value for state in TransferState]),
        "Provider says": tables.state([status.value for status in TransferStatus]),
        "Ordered": tables.at(),
    }
    tables.pick_one(
        tables.Table(
            rows=[_row(line) for line in lines],
            columns=columns,
            ids=[line.payout_id for line in lines],
            alt="Transfers, the newest first",
            empty="No transfer yet: choose approved payouts above.",
            name="transfers",
            version=[(line.state, line.provider_status, line.frozen) for line in lines],
        ),
        opens=figures.opens_payout,
    )


def _row(line: TransferLine) -> dict[str, object]:
    status = line.status.value
    return {
        "Payout": line.payout_code,
        "To": line.account_name or "",
        "Amount": Decimal(line.amount_kobo) / 100,
        "Payout is": [status, "frozen"] if line.frozen else [status],
        "With us": line.state.value,
        "Provider says": line.provider_status.value if line.provider_status else "",
        "Ordered": line.created_at,
    }

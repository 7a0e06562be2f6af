"""Rejecting several payouts: the plan, the reason that their makers read, and the commit."""

from collections.abc import Sequence

import streamlit as st

from crm_core.payouts import service
from crm_core.payouts.schemas import Because
from crm_core.people.schemas import Actor
from crm_core.ui import plans
from crm_core.ui.page import load
from crm_core.ui.plans import Proposal, View

NAME = "reject"
_VIEW = View(
    title="Look before you reject",
    totals={"count": "You reject", "net_amount": "Net amount", "refused": "Refused"},
    verb="Reject {}",
    amount="net_amount",
)


def plan(actor: Actor, ids: Sequence[int], table: str, reason: str = "") -> None:
    """Makes the plan of rejecting these, and puts it before the person."""
    with load() as session:
        made = service.plan_rejection(session, ids, actor=actor)
    plans.open_plan(NAME, made, table=table, reason=reason)


def decide(actor: Actor, proposal: Proposal) -> None:
    """First the reason, then the plan with its button."""
    ids = [verdict.id for verdict in proposal.plan.verdicts]
    table, reason = str(proposal.subject["table"]), str(proposal.subject["reason"])
    if not reason:
        _ask(actor, ids, table)
        return
    st.text(f"Their makers read: {reason}")
    if plans.confirmed(NAME, proposal, _VIEW):
        with plans.committing(NAME, "The receipt says what was rejected", why=reason) as done:
            fingerprint, because = proposal.plan.fingerprint, Because(reason=reason)
            receipt = service.commit_rejection(done.session, fingerprint, ids, because, actor=actor)
            done.keep(receipt, clear=table)


def _ask(actor: Actor, ids: Sequence[int], table: str) -> None:
    with st.form("reject-why"):
        reason = st.text_input(
            "Why do you reject them?", max_chars=500, help="Their makers read it."
        )
        sent = st.form_submit_button("Look at what is rejected", type="primary")
    st.button("Back, change nothing", key="reject-back", on_click=plans.close, args=(NAME,))
    if not sent:
        return
    if len(reason.strip()) < 3:
        st.error("Give a reason of at least 3 characters.")
        return
    plan(actor, ids, table, reason.strip())

"""The tab of making payouts: prepare a month as a plan, or one by hand."""

from collections.abc import Sequence
from datetime import date

import streamlit as st

from crm_core.base.clock import add_months, lagos_today, month_start
from crm_core.payouts import service
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, asking, plans
from crm_core.ui.formatting import month as month_name
from crm_core.ui.page import load
from crm_core.ui.payouts import editing
from crm_core.ui.plans import Proposal, View

_PLAN, _BY_HAND = "month", "by-hand"
_MONTHS = 12


def show(actor: Actor) -> None:
    """The month, or its plan; the form of a single payout at ``?do=by-hand``."""
    proposal = plans.opened(_PLAN)
    if proposal is not None:
        _decide(actor, proposal)
        return
    if asking.step(actor, Permission.PAYOUTS_MAKE, asked=st.query_params.get("do") == _BY_HAND):
        address_bar.link_back("Back to preparing a month", without=["do"])
        st.subheader("One payout by hand", anchor=False)
        editing.new(actor)
        return
    with st.container(border=True):
        st.subheader("Prepare a month", anchor=False)
        st.text("Every owner's payout from the hospitals' revenue and the contracts, as a plan.")
        _choose(actor)
    st.button(
        "One payout by hand",
        icon=":material/edit:",
        on_click=address_bar.go,
        args=({"do": _BY_HAND},),
    )


def _choose(actor: Actor) -> None:
    this = month_start(lagos_today())
    months = [add_months(this, -n) for n in range(1, _MONTHS + 1)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Month", months, _asked(months), format_func=month_name, key="month-to-prepare"
        )
        wanted = st.button("Look at the month", type="primary", key="plan-month")
    if wanted:
        with load() as session:
            plan = service.plan_month(session, chosen, actor=actor)
        plans.open_plan(_PLAN, plan, month=chosen)


def _asked(months: Sequence[date]) -> int:
    """Place of the month that the address asks for, else of the latest."""
    asked = st.query_params.get("month")
    return next((n for n, month in enumerate(months) if f"{month:%Y-%m}" == asked), 0)


def _decide(actor: Actor, proposal: Proposal) -> None:
    month = proposal.subject["month"]
    assert isinstance(month, date)  # noqa: S101 # this module put it there
    view = View(
        title=f"Payouts for {month:%B %Y}",
        totals={
            "count": "Payouts",
            "gross": "Gross",
            "tax": "Withholding tax",
            "net": "Net",
            "refused": "Left out",
        },
        verb="Make {}",
        amount="net",
    )
    if plans.confirmed(_PLAN, proposal, view):
        with plans.committing(_PLAN, "The receipt says what was made") as done:
            fingerprint = proposal.plan.fingerprint
            done.keep(service.commit_month(done.session, fingerprint, month, actor=actor))

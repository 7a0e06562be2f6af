"""The approver's queue: what waits, the latest first, with the checks in sight."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
from sqlalchemy.orm import Session

from crm_core.base.paging import Page
from crm_core.base.preflight import Plan, Verdict
from crm_core.payouts import queries, service
from crm_core.payouts.checks import check_beneficiaries
from crm_core.payouts.schemas import (
    AWAITING_APPROVAL,
    BeneficiaryCheck,
    PayoutFilter,
    PayoutRead,
    PayoutSort,
    PayoutStats,
)
from crm_core.people.names import names_of
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, plans, tables
from crm_core.ui.formatting import counted
from crm_core.ui.page import load
from crm_core.ui.payouts import figures, rejecting, rows
from crm_core.ui.plans import Proposal, View

NAME = "approve"
_TABLE = "queue"
_VIEW = View(
    title="Look before you approve",
    totals={
        "count": "You approve",
        "net_amount": "Net amount",
        "final": "Then ready to pay",
        "refused": "Refused",
    },
    verb="Approve {}",
    amount="net_amount",
)


@dataclass(frozen=True)
class _Waiting:
    """Everything that the queue shows."""

    found: Page[PayoutRead]
    stats: PayoutStats
    checks: dict[int, list[BeneficiaryCheck]]
    verdicts: dict[int, Verdict]
    names: dict[str, str]


def show(actor: Actor) -> None:
    """The queue, or the plan that was made from it."""
    proposal = plans.opened(NAME)
    if proposal is not None:
        decide(actor, proposal)
        return
    rejection = plans.opened(rejecting.NAME)
    if rejection is not None:
        rejecting.decide(actor, rejection)
        return
    mine = actor.may(Permission.PAYOUTS_APPROVE) and address_bar.switch(
        "not-mine", "Leave out those that I made"
    )
    with load() as session:
        waiting = _waiting(session, actor, leave_out_mine=mine)
    figures.of_the_queue(waiting.stats)
    _table(actor, waiting)
    tables.pages(waiting.found, "payout")


def decide(actor: Actor, proposal: Proposal) -> None:
    """The plan of an approval, a reason where a check blocks, and the commit."""
    ids = [verdict.id for verdict in proposal.plan.verdicts]
    reason = str(proposal.subject.get("override_reason") or "") or None
    sure = plans.confirmed(NAME, proposal, _VIEW)
    if any(verdict.code == "blocked" for verdict in proposal.plan.verdicts):
        _override(actor, ids)
    if sure:
        with plans.committing(NAME, "The receipt says what was approved", why=reason or "") as done:
            receipt = service.commit_approval(
                done.session, proposal.plan.fingerprint, ids, actor=actor, override_reason=reason
            )
            done.keep(receipt, clear=_TABLE)


def plan(actor: Actor, ids: Sequence[int], override_reason: str | None = None) -> None:
    """Makes the plan of approving these, and puts it before the person."""
    with load() as session:
        made = service.plan_approval(session, ids, actor=actor, override_reason=override_reason)
    plans.open_plan(NAME, made, override_reason=override_reason)


def _waiting(session: Session, actor: Actor, *, leave_out_mine: bool) -> _Waiting:
    filters = PayoutFilter(
        statuses=AWAITING_APPROVAL,
        not_made_by=actor.person if leave_out_mine else None,
        sort=PayoutSort.DUE,
        page=address_bar.page_of(),
        limit=tables.PAGE,
    )
    found = tables.page_of(session, queries.list_payouts, filters)
    ids = [payout.id for payout in found.rows]
    verdicts: list[Verdict] = []
    if ids and actor.may(Permission.PAYOUTS_APPROVE):
        verdicts = service.plan_approval(session, ids, actor=actor).verdicts
    return _Waiting(
        found,
        queries.payout_stats(session),
        check_beneficiaries(session, ids) if ids else {},
        {verdict.id: verdict for verdict in verdicts},
        names_of(session, {payout.created_by for payout in found.rows}),
    )


def _table(actor: Actor, waiting: _Waiting) -> None:
    shown = waiting.found.rows
    table = tables.Table(
        rows=[
            rows.queue_row(
                payout,
                waiting.checks.get(payout.id, ()),
                waiting.verdicts.get(payout.id),
                waiting.names,
            )
            for payout in shown
        ],
        columns=rows.QUEUE,
        ids=[payout.id for payout in shown],
        alt="Payouts that wait for approval, the earliest due first",
        empty="Nothing waits for approval. Prepare a month under Make, or look at All payouts.",
        name=_TABLE,
        version=[(payout.version, payout.approvals) for payout in shown],
    )
    if not actor.may(Permission.PAYOUTS_APPROVE):
        tables.pick_one(table, opens=figures.opens_payout)
        return
    chosen = tables.pick_many(table, open_column="Payout", opens=figures.opens_payout)
    if chosen:
        _bottom_bar(actor, chosen)


def _bottom_bar(actor: Actor, chosen: Sequence[int]) -> None:
    with load() as session:
        made = service.plan_approval(session, chosen, actor=actor)
    with (
        st.bottom,
        st.container(horizontal=True, vertical_alignment="center", key="approve-bar"),
    ):
        st.text(_told(chosen, made))
        wanted = st.button("Look and approve", type="primary", key="approve-chosen")
        unwanted = st.button("Reject", key="reject-chosen")
        st.button("Choose none", key="choose-none", on_click=tables.choose_none, args=(_TABLE,))
    if wanted:
        plan(actor, chosen)
    if unwanted:
        rejecting.plan(actor, chosen, _TABLE)


def _told(chosen: Sequence[int], made: Plan) -> str:
    total = plans.written("net_amount", made.totals["net_amount"])
    told = f"{counted(len(chosen), 'payout')} chosen · {total} that you may approve"
    refused = int(made.totals["refused"])
    return f"{told} · {refused} you may not" if refused else told


def _override(actor: Actor, ids: Sequence[int]) -> None:
    with st.form("override"):
        reason = st.text_input(
            "Reason to override the account check",
            max_chars=500,
            help="Say how you know that the account is right. The history keeps it.",
        )
        if not st.form_submit_button("Look again with this reason"):
            return
    if len(reason.strip()) < 3:
        st.error("Give a reason of at least 3 characters.")
        return
    plan(actor, ids, reason.strip())

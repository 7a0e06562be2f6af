"""One payout's own page: what it is, what speaks for and against it, and what happened to it."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
from sqlalchemy.orm import Session

from crm_core.base.money import naira
from crm_core.insights.schemas import Happening
from crm_core.insights.timelines import history_of
from crm_core.payouts import queries
from crm_core.payouts.checks import check_beneficiaries
from crm_core.payouts.schemas import (
    ApprovalRead,
    AttemptRead,
    BeneficiaryCheck,
    DeductionRead,
    PayoutRead,
    PayoutStatus,
)
from crm_core.payouts.transfers.queries import holders_of, story_of
from crm_core.payouts.transfers.schemas import AccountHolder, TransferStory
from crm_core.people.names import names_of
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import beside, downloads, facts, past, plans, states, tables
from crm_core.ui.formatting import day, moment, percent, period, words
from crm_core.ui.forms import Form
from crm_core.ui.page import act, load
from crm_core.ui.payouts import actions, listing, queue, rows, timeline, transfer_record
from crm_core.ui.plain import plain

_SHOWN = "revealed-account"


@dataclass(frozen=True)
class _Record:
    """A payout with all that hangs on it."""

    payout: PayoutRead
    deductions: list[DeductionRead]
    checks: list[BeneficiaryCheck]
    approvals: list[ApprovalRead]
    attempts: list[AttemptRead]
    story: TransferStory
    holder: AccountHolder | None
    happenings: list[Happening]
    names: dict[str, str]


def show(actor: Actor, payout_id: int) -> None:
    """The payout at ``?payout=``; the list behind it is one click away, as it was."""
    beside.way_back(
        "Back to the list",
        queries.PAYOUTS,
        listing.filters_of_address(),
        record=("payout", payout_id),
        without=["payout", "do", *past.PARAMS],
    )
    proposal = plans.opened(queue.NAME)
    if proposal is not None and [v.id for v in proposal.plan.verdicts] == [payout_id]:
        queue.decide(actor, proposal)
        return
    with load() as session:
        record = _record(session, payout_id)
    _head(record.payout)
    left, right = st.columns([3, 2])
    with left:
        _amounts(record)
        _checks(record.checks)
        actions.show(actor, record.payout, record.approvals, record.deductions, record.story)
        transfer_record.show(actor, record.payout, record.story)
    with right:
        _account(actor, record)
        _facts(record)
    _proof(record, actor)


def _record(session: Session, payout_id: int) -> _Record:
    payout = queries.get_payout(session, payout_id)
    people = {payout.created_by, payout.approved_by or payout.created_by}
    return _Record(
        payout,
        queries.deductions_of(session, [payout_id]),
        check_beneficiaries(session, [payout_id]).get(payout_id, []),
        queries.approvals_of(session, payout_id),
        queries.attempts_of(session, payout_id),
        story_of(session, payout_id),
        holders_of(session, [payout_id]).get(payout_id),
        history_of(session, "crm_payouts", payout_id),
        names_of(session, people),
    )


def _head(payout: PayoutRead) -> None:
    st.subheader(plain(f"{payout.payout_code} · {payout.owner_name}"), anchor=False)
    states.chips(rows.states(payout))
    if payout.status_reason:
        st.text(f"Why: {payout.status_reason}")
    with st.grid(4, min_column_width=185):
        st.metric("Gross", naira(payout.gross_revenue), border=True)
        st.metric("Deductions", naira(payout.deductions), border=True)
        st.metric("Net", naira(payout.net_amount), border=True)
        st.metric("Approvals", rows.approvals(payout), border=True)


def _amounts(record: _Record) -> None:
    with st.container(border=True):
        st.subheader("Deductions", anchor=False)
        shown = [
            {
                "What": each.description,
                "Kind": words(each.kind),
                "Amount": each.amount,
                "Rate": percent(each.rate) if each.rate is not None else "",
                "Holds from": each.rate_holds_from,
            }
            for each in record.deductions
        ]
        columns = {
            "What": tables.text(),
            "Kind": tables.text(),
            "Amount": tables.naira(),
            "Rate": tables.text(),
            "Holds from": tables.on_day(),
        }
        empty = "Nothing is taken off the gross."
        tables.show(tables.Table(shown, columns, alt="Deductions", empty=empty))


def _checks(checks: Sequence[BeneficiaryCheck]) -> None:
    with st.container(border=True):
        st.subheader("Checks of the beneficiary", anchor=False)
        if not checks:
            states.chips([("Fine", states.Tone.TEAL)])
            st.text("The account fits the bank and the owner, and the amount is usual.")
        for check in checks:
            states.chips([(rows.CHECKS[check.code].capitalize(), states.tone_of(check.level))])
            st.text(check.sentence)


def _account(actor: Actor, record: _Record) -> None:
    payout = record.payout
    with st.container(border=True):
        st.subheader("Account", anchor=False)
        if payout.account_number is None:
            st.text("There is no account yet: add it with Edit.")
            return
        facts.show(
            {
                "Bank": payout.bank_name or "–",
                "Number": payout.account_number,
                "In the name of": payout.account_name or "–",
            }
        )
        transfer_record.holder(actor, payout, record.holder)
        if actor.may(Permission.IDENTIFIERS_REVEAL):
            _reveal(actor, payout)


def _reveal(actor: Actor, payout: PayoutRead) -> None:
    owner, _, number = str(st.session_state.get(_SHOWN, "")).partition("|")
    if owner == str(payout.id):
        st.code(number, language=None)
        st.button("Hide the number", on_click=st.session_state.pop, args=(_SHOWN, None))
        return
    with st.popover("Show the whole number"):
        form = Form(f"reveal-{payout.id}", border=False)
        with form:
            form.reason("Why do you need it? The history keeps your reason.", path="why")
            sent = form.submit("Show it")
    if sent:
        why = str(form.values["why"])
        kept: dict[str, str] = {}
        with act("The number is shown, and that is in the history", why=why, keep=kept) as session:
            kept[_SHOWN] = f"{payout.id}|{actions.reveal(session, payout.id, why, actor)}"


def _facts(record: _Record) -> None:
    payout = record.payout
    with st.container(border=True):
        st.subheader("About", anchor=False)
        facts.show(
            {
                "Period": period(payout.period_start, payout.period_end),
                "Due": day(payout.due_on),
                "Method": words(payout.payment_method),
                "Made by": record.names[payout.created_by],
                "Made": moment(payout.created_at),
                "Our reference": payout.payment_reference,
                "Bank's reference": payout.bank_reference or "–",
                "Paid": moment(payout.paid_at),
                "Notes": payout.notes or "–",
            }
        )
        if payout.status is PayoutStatus.PAID:
            path = f"/export/remittance-advice/{payout.id}"
            downloads.open_page(path, "Remittance advice, to print")
        st.page_link(
            "pages/owners.py",
            label=plain(f"{payout.owner_code} {payout.owner_name}"),
            icon=":material/handshake:",
            query_params={"owner": str(payout.owner_id)},
        )


def _proof(record: _Record, actor: Actor) -> None:
    with st.container(border=True):
        st.subheader("What happened", anchor=False)
        timeline.show(record.happenings)
        past.show("crm_payouts", record.payout.id, actor)
    if not record.approvals and not record.attempts:
        st.text("Nobody has approved it yet, and nobody has tried to pay it.")
        return
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        st.subheader("Approvals", anchor=False)
        _approvals(record.approvals)
    with right.container(border=True, height="stretch"):
        st.subheader("Attempts to pay", anchor=False)
        _attempts(record.attempts)


def _approvals(approvals: Sequence[ApprovalRead]) -> None:
    shown = [
        {
            "By": each.approver_name,
            "When": each.created_at,
            "State": "undone" if each.voided_at else "approved",
            "Note": each.override_reason or each.void_reason or "",
        }
        for each in approvals
    ]
    columns = {
        "By": tables.text(),
        "When": tables.at(),
        "State": tables.state(("approved", "undone")),
        "Note": tables.text(),
    }
    tables.show(tables.Table(shown, columns, alt="Approvals", empty="Nobody has approved it yet."))


def _attempts(attempts: Sequence[AttemptRead]) -> None:
    shown = [
        {
            "Started": each.started_at,
            "Outcome": each.outcome,
            "Way": words(each.method),
            "Bank's reference": each.bank_reference or "",
            "Why": each.reason or "",
        }
        for each in attempts
    ]
    columns = {
        "Started": tables.at(),
        "Outcome": tables.state(("open", "paid", "failed", "unknown")),
        "Way": tables.text(),
        "Bank's reference": tables.text(),
        "Why": tables.text(),
    }
    empty = "Nobody has tried to pay it yet."
    tables.show(tables.Table(shown, columns, alt="Attempts to pay", empty=empty))

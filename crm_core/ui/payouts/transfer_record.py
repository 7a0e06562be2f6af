"""On a payout's page: whose account it is by the bank's word, and what became of its transfer."""

from collections.abc import Callable, Sequence

import streamlit as st

from crm_core.base.errors import Refusal
from crm_core.payouts.schemas import PayoutRead
from crm_core.payouts.transfers import reconciling
from crm_core.payouts.transfers.accounts import resolve_account
from crm_core.payouts.transfers.configured import gateway
from crm_core.payouts.transfers.names import FITS
from crm_core.payouts.transfers.recording import naira_of
from crm_core.payouts.transfers.schemas import (
    UNDER_WAY,
    AccountHolder,
    Release,
    TransferAnswerRead,
    TransferRead,
    TransferState,
    TransferStory,
)
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import facts, states, tables
from crm_core.ui.formatting import moment
from crm_core.ui.forms import Form
from crm_core.ui.page import act, flash
from crm_core.ui.plain import plain

_SOURCES = {
    "send": "Answer to the order",
    "verify": "Verification",
    "webhook": "Webhook",
    "approval": "Question",
    "person": "A person",
}


def holder(actor: Actor, payout: PayoutRead, found: AccountHolder | None) -> None:
    """What the account's bank says whose it is, and how alike the names are."""
    if found is not None and found.name is not None and found.match is not None:
        fits = found.match >= FITS
        tone = states.Tone.TEAL if fits else states.Tone.ROSE
        states.chips([(f"{found.match} % alike", tone)])
        st.text(f"The bank says {found.name} (asked {moment(found.resolved_at)}).")
    elif found is not None:
        states.chips([("No holder", states.Tone.AMBER)])
        st.text(found.error or "The bank gives no name.")
    if gateway() is None or not (
        actor.may(Permission.PAYOUTS_APPROVE) or actor.may(Permission.PAYOUTS_PAY)
    ):
        return
    label = "Ask the bank again" if found else "Ask the bank whose account it is"
    if st.button(label, key="ask-holder"):
        _ask(lambda: _told(resolve_account(payout.id, actor=actor)))


def show(actor: Actor, payout: PayoutRead, story: TransferStory) -> None:
    """The latest transfer, everything that was said of all of them, and what may be done."""
    if not story.transfers:
        return
    latest = story.transfers[0]
    with st.container(border=True):
        st.subheader("Transfer", anchor=False)
        states.chips(_chips(latest))
        if latest.frozen:
            st.text(f"Frozen: {latest.frozen_reason} A person looks into it first.")
        _facts(latest)
        _answers(story.answers)
        may_ask = actor.may(Permission.PAYOUTS_PAY) and gateway() is not None and latest.sends > 0
        if may_ask and _verify_button(latest):
            _ask(lambda: reconciling.verify_payout(payout.id, actor=actor).sentence)
        if latest.frozen and latest.state not in UNDER_WAY:
            _release(actor, payout)


def _verify_button(transfer: TransferRead) -> bool:
    """Asking is what to do while the transfer is under way; later it may still have come back."""
    under_way = transfer.state in UNDER_WAY
    return st.button("Verify now", key="verify-now", type="primary" if under_way else "secondary")


def _ask(question: Callable[[], str]) -> None:
    """Asks the provider outside of any transaction of the page, and shows what it says."""
    try:
        sentence = question()
    except Refusal as refusal:
        st.error(plain(str(refusal)))
        return
    flash(sentence)
    st.rerun()


def _told(found: AccountHolder) -> str:
    if found.name is None:
        return found.error or "The bank gives no name."
    return f"The bank says {found.name}."


def _chips(transfer: TransferRead) -> list[str]:
    status = [transfer.provider_status.value] if transfer.provider_status else []
    frozen = ["frozen"] if transfer.frozen else []
    return [transfer.state.value, *status, *frozen]


def _facts(transfer: TransferRead) -> None:
    waits = transfer.state in UNDER_WAY and not transfer.frozen
    facts.show(
        {
            "Amount": naira_of(transfer.amount_kobo),
            "Provider": transfer.provider.capitalize(),
            "Provider's code": transfer.transfer_code,
            "Ordered": moment(transfer.created_at),
            "Sent": _times(transfer),
            "Next look": moment(transfer.due_at) if waits else None,
            "Concluded": moment(transfer.concluded_at),
        }
    )


def _times(transfer: TransferRead) -> str:
    if transfer.state == TransferState.QUEUED and not transfer.sends:
        return "not yet"
    return {0: "never", 1: "once"}.get(
        transfer.sends, f"{transfer.sends} times, under one reference"
    )


def _answers(answers: Sequence[TransferAnswerRead]) -> None:
    shown = [
        {
            "When": each.at,
            "How we know": _SOURCES[each.source],
            "What was said": each.sentence,
        }
        for each in answers
    ]
    columns = {
        "When": tables.at(width=150),
        "How we know": tables.text(width=150),
        "What was said": tables.text(width="large"),
    }
    empty = "Nothing was said of it yet."
    tables.show(tables.Table(shown, columns, alt="What was said of the transfer", empty=empty))


def _release(actor: Actor, payout: PayoutRead) -> None:
    if not actor.may(Permission.PAYOUTS_APPROVE):
        st.text("An approver looks into it and releases the payout.")
        return
    form = Form(f"release-{payout.id}", border=False)
    with form:
        form.reason("What you found out")
        sent = form.submit("Release the payout")
    if sent:
        why = str(form.values["reason"])
        with act("Released: it may be approved again", why=why, once=form.token) as session:
            data = Release.model_validate(form.values)
            reconciling.release_payout(session, payout.id, data, actor=actor)

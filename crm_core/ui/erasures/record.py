"""One request: what would go and what stays, what is in the way, and the decision."""

import html
import re
from collections.abc import Sequence

import streamlit as st

from crm_core.people.schemas import Actor, Permission
from crm_core.privacy import erasures
from crm_core.privacy.schemas import (
    ErasureApproval,
    ErasurePlan,
    ErasureRead,
    ErasureRefusal,
    ErasureState,
    HeldRows,
)
from crm_core.ui import address_bar, facts, seen
from crm_core.ui.erasures.listing import state_of
from crm_core.ui.formatting import counted, day, moment, words
from crm_core.ui.forms import Form
from crm_core.ui.page import act, form_token, load
from crm_core.ui.plain import plain
from crm_core.ui.states import chips, label_of


def show(erasure_id: int, actor: Actor) -> None:
    """The request that the address names."""
    address_bar.link_back("All erasures", without=["erasure"])
    with load() as session:
        plan = erasures.look_at_erasure(session, erasure_id, actor=actor)
    st.header(plain(f"Erasure of {plan.erasure.patient_code}"), anchor=False)
    chips([state_of(plan.erasure)])
    seen.tell(_THING, _mark(plan))
    _facts(plan.erasure)
    if plan.erasure.state is ErasureState.REQUESTED:
        if st.button("To the patient", icon=":material/person:"):
            asked = {"patient": plan.erasure.patient_code}
            st.switch_page("pages/patients.py", query_params=asked)
        for sentence in plan.blockers:
            st.warning(plain(sentence))
        _decide(plan, actor)
    _held(plan)


def told(erasure: ErasureRead) -> str:
    """That the person was erased, in one sentence."""
    when = "" if erasure.done_at is None else f" on {moment(erasure.done_at)}"
    return (
        f"Erased{when} by request no. {erasure.id}, approved by {erasure.decided_by_name}. Visits,"
        " points and figures stay under the code, without the person."
    )


def _facts(erasure: ErasureRead) -> None:
    told = {
        "Asked by": label_of(erasure.asked_by.value),
        "Asked on": day(erasure.asked_on),
        "Answer by": day(erasure.due_on),
        "Written down by": erasure.requested_by_name,
        "How they asked": erasure.reason,
        "Decided by": erasure.decided_by_name,
        "Decided at": erasure.decided_at and moment(erasure.decided_at),
        "Refused because": erasure.refusal,
    }
    facts.show({label: value for label, value in told.items() if value})


def _decide(plan: ErasurePlan, actor: Actor) -> None:
    if not actor.may(Permission.ERASURES_APPROVE):
        st.text("An approver decides.")
        return
    yes, no = st.columns(2)
    with yes.container(border=True):
        _approve(plan, actor)
    with no.container(border=True):
        _refuse(plan, actor)


def _approve(plan: ErasurePlan, actor: Actor) -> None:
    rows = sum(held.rows for held in plan.held)
    st.text(
        f"This empties {counted(plan.records, 'record')} of the person, in all"
        f" {counted(rows, 'entry', 'entries')}, at once: nothing brings back what is erased."
    )
    mark = _mark(plan)
    once = form_token(f"approve-{mark}")
    sure = st.checkbox("I have looked at what goes and what stays", key=f"sure-{once}")
    if st.button(
        "Approve and erase",
        type="primary",
        disabled=bool(plan.blockers) or not sure,
        key=f"approve-{mark}",
        on_click=seen.clicked(_THING, mark),
    ):
        with act("The person is erased", once=once, keep=seen.done(_THING, mark)) as session:
            data = ErasureApproval(version=plan.erasure.version)
            erasures.approve_erasure(session, plan.erasure.id, data, actor=actor)


def _refuse(plan: ErasurePlan, actor: Actor) -> None:
    erasure, mark = plan.erasure, _mark(plan)
    form = Form(f"refuse-erasure-{mark}", border=False)
    with form:
        form.reason("Why not: the person is told", path="refusal")
        sent = form.submit("Refuse", primary=False, on_click=seen.clicked(_THING, mark))
    if sent:
        with act("Refused", once=form.token, keep=seen.done(_THING, mark)) as session:
            given = form.given() | {"version": erasure.version}
            data = ErasureRefusal.model_validate(given)
            erasures.refuse_erasure(session, erasure.id, data, actor=actor)


def _mark(plan: ErasurePlan) -> str:
    """What was looked at: the request as it was, and how many records were the person's."""
    return f"{plan.erasure.id}-{plan.erasure.version}-{plan.records}"


def _held(plan: ErasurePlan) -> None:
    done = plan.erasure.state is ErasureState.DONE
    st.subheader("What went and what stayed" if done else "What goes and what stays", anchor=False)
    # Twenty places that fold up as one element: each as one of Streamlit's takes as long as all.
    st.html("".join(_folded(held) for held in plan.held))


def _folded(held: HeldRows) -> str:
    told = [f"Goes: {_listed(held.erased)}."] if held.erased else []
    told += [f"Stays: {_listed(columns)}; {why}." for why, columns in held.kept.items()]
    title = f"{_place(held.table)}: {counted(held.rows, 'entry', 'entries')}"
    lines = "".join(f'<p style="margin:.4rem 0 0">{html.escape(line)}</p>' for line in told)
    return (
        f'<details style="{_FOLD}"><summary style="cursor:pointer">{html.escape(title)}</summary>'
        f"{lines}</details>"
    )


def _place(table: str) -> str:
    name = table.removeprefix("crm_")
    return PLACES.get(name, words(name))


def _listed(columns: Sequence[str]) -> str:
    """The columns in words, each once: how a number is kept is nobody's concern here."""
    names = [re.sub("_(encrypted|hash|last4)$", "", column) for column in columns]
    return ", ".join(dict.fromkeys(name.replace("_", " ") for name in names))


_THING = "request"
_FOLD = (
    "border:1px solid color-mix(in srgb,currentColor 18%,transparent);border-radius:.5rem;"
    "padding:.6rem .9rem;margin-bottom:.6rem"
)
PLACES = {
    "loyalty_accounts": "Loyalty membership",
    "loyalty_transactions": "Points earned and spent",
    "loyalty_lots": "Points by day of expiry",
    "loyalty_tier_movements": "Changes of tier",
    "redemptions": "Rewards taken",
    "patient_merges": "Records made one",
    "appointment_notices": "Reminders",
    "appointment_answers": "Answers to reminders",
    "slot_offers": "Offers of freed times",
    "feedback_entries": "What was done about feedback",
    "feedback_invitations": "Invitations to give feedback",
    "communication_logs": "Messages to the patient",
    "inbound_messages": "Messages from the patient",
    "contact_choices": "Choices of what they want to hear",
    "suppressed_addresses": "Addresses that failed",
    "early_receipts": "Receipts of messages",
    "campaign_recipients": "Campaigns that chose the patient",
    "campaign_conversions": "Visits that followed a campaign",
    "campaign_lists": "Lists of campaigns",
    "patient_import_rows": "Lines of imported files",
    "erasures": "Requests that were refused",
}

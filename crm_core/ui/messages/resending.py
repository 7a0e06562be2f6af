"""Sending again what failed: one from its page, many as a plan."""

from collections.abc import Sequence

import streamlit as st

from crm_core.insights.communications import CommunicationRow
from crm_core.messaging import service
from crm_core.messaging.schemas import MessageStatus
from crm_core.messaging.service.resending import RESENDABLE, sent_again_as
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, plans
from crm_core.ui.formatting import counted
from crm_core.ui.page import act, form_token, load
from crm_core.ui.plans import View

# What was skipped for a reason is not offered in bulk: the reason seldom goes away by itself.
_FAILED = (MessageStatus.FAILED, MessageStatus.EXPIRED)
_NAME = "resend"
_SENT = "_sent_again"
_VIEW = View(
    title="Look before you send again",
    totals={"count": "Sent again", "refused": "Refused"},
    verb="Send {} again",
    noun="message",
)


def offer(actor: Actor, messages: Sequence[CommunicationRow]) -> None:
    """The button that plans to send again what of these failed."""
    failed = [message.id for message in messages if message.status in _FAILED]
    if not failed or not actor.may(Permission.MESSAGES_SEND):
        return
    label = f"Send again what failed here: {counted(len(failed), 'message')}"
    if st.button(label, icon=":material/replay:"):
        with load() as session:
            plan = service.plan_resend(session, failed, actor=actor)
        plans.open_plan(_NAME, plan)


def decided(actor: Actor) -> bool:
    """Draws the plan where one lies before the person; False where none does."""
    proposal = plans.opened(_NAME)
    if proposal is None:
        return False
    ids = [verdict.id for verdict in proposal.plan.verdicts]
    if plans.confirmed(_NAME, proposal, _VIEW):
        with plans.committing(_NAME, "They are on their way") as done:
            fingerprint = proposal.plan.fingerprint
            done.keep(service.commit_resend(done.session, fingerprint, ids, actor=actor))
    return True


def one(actor: Actor, message: CommunicationRow) -> None:
    """The button of a message's own page."""
    if message.status not in RESENDABLE:
        return
    with load() as session:
        new = sent_again_as(session, message.id)
    if new is not None:
        _way_to(new)
    elif actor.may(Permission.MESSAGES_SEND):
        _button(actor, message)


def _way_to(new: int) -> None:
    st.button(
        "It was sent again: see the new message",
        type="tertiary",
        icon=":material/arrow_forward:",
        on_click=address_bar.go,
        args=({"message": str(new)},),
    )


def _button(actor: Actor, message: CommunicationRow) -> None:
    token = form_token(f"resend-{message.id}")
    if not st.button("Send it again", icon=":material/replay:", key=f"resend-{token}"):
        return
    kept: dict[str, str] = {}
    with act("A new message is on its way", once=token, keep=kept) as session:
        kept[_SENT] = str(service.resend_message(session, message.id, actor=actor).id)


def open_new() -> None:
    """The message that was just sent again leads to its new one."""
    new = st.session_state.pop(_SENT, None)
    if new:
        address_bar.go({"message": str(new)})

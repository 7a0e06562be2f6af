"""Answering a message of the sandbox as whoever got it would: to try what an answer sets off."""

import streamlit as st
from pydantic import BaseModel

from crm_core.base.words import Passage
from crm_core.insights.communications import CommunicationRow
from crm_core.messaging.gateways.sandbox import NAME as SANDBOX
from crm_core.messaging.receiving.playing import play_reply
from crm_core.people.schemas import Actor, Permission
from crm_core.ui.forms import Form
from crm_core.ui.page import act


class _Answer(BaseModel):
    text: Passage


def show(actor: Actor, message: CommunicationRow) -> None:
    """The form, where the sandbox took the message."""
    if message.provider != SANDBOX or not actor.may(Permission.MESSAGES_SEND):
        return
    with (
        st.popover("Answer as the recipient", icon=":material/reply:"),
        Form(f"answer-{message.id}", border=False) as form,
    ):
        st.text("Only the sandbox has this. Try YES, NO, STOP, or a question.")
        form.text("text", "What the recipient answers")
        sent = form.submit("Answer", primary=False)
    if not sent:
        return
    with act("The answer came in: see the thread", once=form.token) as session:
        answer = _Answer.model_validate(form.given())
        play_reply(session, message.id, answer.text, actor=actor)

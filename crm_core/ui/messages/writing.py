"""Writing a text: judged while one types, and read as a real patient before it is saved."""

import streamlit as st

from crm_core.loyalty.queries import list_members
from crm_core.loyalty.schemas import MemberFilter
from crm_core.messaging.schemas import Channel, Purpose, RecipientType
from crm_core.messaging.texts import service
from crm_core.messaging.texts.schemas import PreviewAsk, TemplateRead, TemplateSave
from crm_core.people.schemas import Actor
from crm_core.ui import address_bar, while_typing
from crm_core.ui.live import LiveForm
from crm_core.ui.messages import bubbles
from crm_core.ui.messages.compose import priced
from crm_core.ui.messages.words import CHANNELS, PURPOSES
from crm_core.ui.page import act, load
from crm_core.ui.plain import plain

_SAVED = "_text_saved"


def open_saved() -> None:
    """A text that was just saved is opened."""
    saved = st.session_state.pop(_SAVED, None)
    if saved:
        address_bar.go({"template": str(saved)})


def show(template: TemplateRead | None, actor: Actor) -> None:
    """The fields beside what they become; saving makes the next version."""
    while_typing.listen()
    left, right = st.columns(2)
    with left:
        form = LiveForm(f"text-{template.id if template else 'new'}")
    with form:
        given = _fields(form, template)
        problems = form.judge(TemplateSave, given)
        sent = st.button(
            "Save the next version" if template else "Save the text",
            type="primary",
            key=f"save-{form.token}",
            disabled=bool(problems),
        )
    with right.container(border=True):
        _preview(given, actor)
    if not sent:
        return
    kept: dict[str, str] = {}
    with act("The text is saved", once=form.token, keep=kept) as session:
        saved = service.save_template(session, TemplateSave.model_validate(given), actor=actor)
        kept[_SAVED] = str(saved.id)


def _fields(form: LiveForm, template: TemplateRead | None) -> dict[str, object]:
    if template is None:
        form.text("name", "Name", help="Small letters and _, such as come_by")
        form.choice("channel", "By", CHANNELS, Channel.SMS.value)
    else:
        form.values |= {"name": template.name, "channel": template.channel.value}
    purpose = template.purpose if template else Purpose.FOLLOW_UP
    form.choice("purpose", "Purpose", PURPOSES, purpose.value)
    if form.values["channel"] == Channel.EMAIL:
        form.text("subject", "Subject", (template.subject if template else None) or "")
    with st.container(key=while_typing.key(f"text-{form.token}")):
        form.prose("body", "Words", template.body if template else "")
    return form.given()


def _preview(given: dict[str, object], actor: Actor) -> None:
    """The text as somebody would read it: the patient that is searched for, or the newest."""
    words = address_bar.search("Read it as (name, phone or code of a patient)", param="as")
    with load() as session:
        found = list_members(MemberFilter(search=words, limit=1)).page(session).rows
    if not found:
        st.text("No patient is called so.")
        return
    asked = {"subject": given.get("subject"), "content": given.get("body")}
    kept: dict[str, object] = {n: given[n] for n in ("channel", "purpose") if n in given}
    kept |= {"recipient_type": RecipientType.PATIENT, "recipient_id": found[0].id}
    try:
        ask = PreviewAsk.model_validate(kept | {k: v for k, v in asked.items() if v})
    except ValueError:
        st.text("Here it can be read as soon as there are words without an unknown field.")
        return
    with load() as session:
        seen = service.preview(session, ask, actor=actor)
    st.text(f"As {seen.name} reads it:")
    bubbles.example(seen.content, seen.subject)
    st.text(priced(seen))
    if seen.warning:
        st.warning(plain(seen.warning))
    if seen.examples:
        named = ", ".join(f"{{{name}}}" for name in seen.examples)
        st.text(f"Examples stand for {named}: what sends it fills them in.")
    if seen.refusal:
        st.text(f"{seen.name} would not get it. {seen.refusal}")

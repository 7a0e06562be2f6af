"""Writing to one person: a text or one's own words, read as they will read it, with its price."""

from collections.abc import Sequence

import streamlit as st
from pydantic import BaseModel

from crm_core.base.money import naira
from crm_core.messaging import service
from crm_core.messaging.fields import FIELDS, can_be_sent_by_hand
from crm_core.messaging.filling import fields_in
from crm_core.messaging.schemas import Channel, MessageSend, RecipientType
from crm_core.messaging.texts import queries
from crm_core.messaging.texts import service as texts
from crm_core.messaging.texts.schemas import (
    Preview,
    PreviewAsk,
    TemplateFilter,
    TemplateRead,
    TemplateSend,
)
from crm_core.people.schemas import Actor
from crm_core.ui import while_typing
from crm_core.ui.formatting import counted, words
from crm_core.ui.live import LiveForm
from crm_core.ui.messages import bubbles
from crm_core.ui.messages.words import CHANNELS
from crm_core.ui.page import act, load
from crm_core.ui.plain import plain


class _To(BaseModel):
    recipient_type: RecipientType
    recipient_id: int


def show(kind: RecipientType, recipient_id: int, actor: Actor) -> None:
    """The form; it answers by itself while the rest of the page stays."""
    while_typing.listen()
    _form(_To(recipient_type=kind, recipient_id=recipient_id), actor)


def priced(seen: Preview) -> str:
    """``1 part · GSM-7 · 45 characters · ₦4.00``."""
    parts = [counted(seen.parts, "part")] if seen.parts is not None else []
    parts += [seen.encoding] if seen.encoding else []
    return " · ".join([*parts, counted(seen.length, "character"), naira(seen.cost)])


@st.fragment
def _form(to: _To, actor: Actor) -> None:
    form = LiveForm(f"letter-{to.recipient_type}-{to.recipient_id}", border=False)
    with form:
        form.choice("channel", "By", CHANNELS, Channel.SMS.value)
        channel = Channel(str(form.values["channel"] or Channel.SMS.value))
        with load() as session:
            wanted = TemplateFilter(channel=channel, current=True, limit=100)
            offered = queries.list_templates(wanted).page(session).rows
        chosen = _text(form, offered)
        if chosen is None:
            _own_words(form, channel)
        else:
            _fields(form, chosen)
        seen = _read(form, to, channel, chosen, actor)
        sent = st.button(
            "Send it now",
            type="primary",
            key=f"send-{form.token}",
            disabled=seen is None or seen.refusal is not None or bool(seen.examples),
        )
    if sent:
        _send(form, to, channel, chosen, actor)


def _text(form: LiveForm, offered: Sequence[TemplateRead]) -> TemplateRead | None:
    """The text that is chosen; None for one's own words."""
    named = {
        each.name: words(each.name)
        for each in offered
        if can_be_sent_by_hand(f"{each.subject} {each.body}")
    }
    form.choice("template", "Text (none: write it yourself)", named)
    return next((each for each in offered if each.name == form.values["template"]), None)


def _own_words(form: LiveForm, channel: Channel) -> None:
    if channel is Channel.EMAIL:
        form.text("subject", "Subject")
    with st.container(key=while_typing.key(f"letter-{form.token}")):
        form.prose("content", "Message")


def _fields(form: LiveForm, chosen: TemplateRead) -> None:
    """What only the sender knows."""
    asked = fields_in(f"{chosen.body} {chosen.subject}")
    for name, field in FIELDS.items():
        if name in asked and not field.always:
            form.text(f"fields.{name}", field.description)


def _given(form: LiveForm) -> dict[str, str]:
    values = form.given()
    return {
        path.removeprefix("fields."): str(value)
        for path, value in values.items()
        if path.startswith("fields.")
    }


def _read(
    form: LiveForm, to: _To, channel: Channel, chosen: TemplateRead | None, actor: Actor
) -> Preview | None:
    """The text as the person will read it, once there is one."""
    given = to.model_dump() | {"channel": channel}
    if chosen is not None:
        given |= {"purpose": chosen.purpose, "subject": chosen.subject, "content": chosen.body}
        given |= {"fields": _given(form)}
    else:
        given |= {n: form.values[n] for n in ("subject", "content") if form.values.get(n)}
    if "content" not in given or form.judge(PreviewAsk, given):
        return None
    with load() as session:
        seen = texts.preview(session, PreviewAsk.model_validate(given), actor=actor)
    _show(seen, chosen)
    return seen


def _show(seen: Preview, chosen: TemplateRead | None) -> None:
    bubbles.example(seen.content, seen.subject)
    st.text(f"To {seen.address or 'nobody'}: {priced(seen)}")
    if seen.warning:
        st.warning(plain(seen.warning))
    if seen.refusal:
        st.error(plain(f"This cannot be sent. {seen.refusal}"))
    for name in seen.examples:
        why = "fill it in above" if chosen is not None else "write it out"
        st.warning(plain(f"{{{name}}} shows an example: {why}."))


def _send(
    form: LiveForm, to: _To, channel: Channel, chosen: TemplateRead | None, actor: Actor
) -> None:
    given = to.model_dump() | {"channel": channel}
    with act("The message is on its way", once=form.token) as session:
        if chosen is not None:
            fields = {"template": chosen.name, "fields": _given(form)}
            texts.send_template(session, TemplateSend.model_validate(given | fields), actor=actor)
        else:
            own = {n: form.values[n] for n in ("subject", "content") if form.values.get(n)}
            service.send_message(session, MessageSend.model_validate(given | own), actor=actor)

"""What a person agreed to and refused, with how we know; and their addresses that failed."""

from collections.abc import Sequence

import streamlit as st

from crm_core.messaging.consent import queries, service
from crm_core.messaging.consent.schemas import (
    Choice,
    ChoiceMade,
    ChoiceRead,
    Lifting,
    Standing,
    SuppressionRead,
)
from crm_core.messaging.schemas import Purpose, RecipientType
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import tables
from crm_core.ui.forms import Form
from crm_core.ui.messages.words import ALL_CHANNELS, CHANNELS, PURPOSES
from crm_core.ui.page import act, load
from crm_core.ui.plain import plain
from crm_core.ui.states import Tone, chips

_REFUSABLE = {each.value: PURPOSES[each.value] for each in Purpose if each.needs_consent}
_WANTS = {"out": "Wants no more of it", "in": "Wants it again"}
_SOURCES = ("Said so at the desk", "Said so on the telephone", "Signed a paper form", "Wrote to us")
_COLUMNS = {
    "By": tables.text(width=85),
    "What": tables.text(width=120),
    "Choice": tables.state(["opted out", "opted in"], width=95),
    "How we know": tables.text(width=170),
    "Since": tables.at(width=145),
}


def show(kind: RecipientType, recipient_id: int, actor: Actor) -> None:
    """Chips of what may be sent, the choices, and closed addresses with the way to open them."""
    with load() as session:
        standing = queries.standing_of(session, kind, recipient_id)
    chips(_channels(standing))
    if standing.choices:
        _choices(standing.choices)
    else:
        st.text("Nothing was refused so far.")
    for closed in standing.suppressions:
        _closed(closed, actor)
    if actor.may(Permission.MESSAGES_SEND):
        _change(kind, recipient_id, actor)


def _channels(standing: Standing) -> list[tuple[str, Tone]]:
    shut = {each.channel for each in standing.choices if each.opted_out and each.purpose is None}
    drawn = []
    for channel, label in CHANNELS.items():
        fine = channel in standing.agreed and channel not in shut
        drawn.append((label, Tone.TEAL) if fine else (f"No {label}", Tone.GREY))
    return drawn


def _choices(made: Sequence[ChoiceRead]) -> None:
    shown = [
        {
            "By": ALL_CHANNELS[each.channel],
            "What": PURPOSES[each.purpose] if each.purpose else "Everything",
            "Choice": "opted out" if each.opted_out else "opted in",
            "How we know": each.source[:1].upper() + each.source[1:],
            "Since": each.created_at,
        }
        for each in made
    ]
    alt = "Choices by channel and purpose"
    tables.show(tables.Table(shown, _COLUMNS, alt=alt, empty="", name="choices"))


def _closed(closed: SuppressionRead, actor: Actor) -> None:
    """An address that failed for good, and opening it again."""
    st.warning(plain(f"Nothing is sent to {closed.address} any more. {closed.reason}"))
    if not actor.may(Permission.MESSAGES_SEND):
        return
    with (
        st.popover(f"Open {closed.address} again", icon=":material/lock_open:"),
        Form(f"lift-{closed.id}", border=False) as form,
    ):
        form.reason("Why will it work now?")
        sent = form.submit("Open it", primary=False)
    if not sent:
        return
    why = str(form.values["reason"])
    with act("The address is open again", why=why, once=form.token) as session:
        asked = Lifting.model_validate(form.values)
        service.lift_suppression(session, closed.id, reason=asked.reason, actor=actor)


def _change(kind: RecipientType, recipient_id: int, actor: Actor) -> None:
    with (
        st.popover("Write down a choice", icon=":material/edit_notifications:"),
        Form(f"choice-{kind}-{recipient_id}", border=False) as form,
    ):
        form.choice("channel", "Messages by", CHANNELS)
        form.choice("purpose", "What (none: everything)", _REFUSABLE)
        form.choice("wish", "The person", _WANTS, "out")
        form.choice("source", "How we know", {each: each for each in _SOURCES}, _SOURCES[0])
        sent = form.submit("Write it down", primary=False)
    if not sent:
        return
    given = {name: value for name, value in form.given().items() if name != "wish"}
    given |= {"recipient_type": kind, "recipient_id": recipient_id}
    with act("The choice is kept", once=form.token) as session:
        made = ChoiceMade.model_validate(given)
        choice = Choice.model_validate(made.model_dump(exclude={"source", "opted_out"}))
        change = service.opt_in if form.values["wish"] == "in" else service.opt_out
        change(session, choice, source=made.source, actor=actor)

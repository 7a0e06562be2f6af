"""A conversation as bubbles: what we said to the right, what was said to us to the left."""

import html
from collections.abc import Sequence

import streamlit as st

from crm_core.messaging.threads import Turn
from crm_core.ui import tables
from crm_core.ui.formatting import moment, words
from crm_core.ui.messages.words import ALL_CHANNELS
from crm_core.ui.states import Tone, tone_of

_COLUMN = "display:flex;flex-direction:column;gap:.7rem"
_BUBBLE = (
    "max-width:82%;padding:.5rem .8rem;border-radius:.9rem;overflow-wrap:anywhere;"
    "white-space:pre-line;line-height:1.45"
)
_BELOW = "font-size:.8rem;opacity:.8;margin-top:.15rem"


def show(turns: Sequence[Turn], *, empty: str) -> None:
    """The conversation, oldest first; text of anybody is safe here."""
    if not turns:
        tables.nothing(empty)
        return
    drawn = "".join(_turn(turn) for turn in turns)
    # It may stand in a box that scrolls: who has no mouse comes to it by the keyboard.
    st.html(
        f'<div role="log" aria-label="Conversation" tabindex="0" style="{_COLUMN}">{drawn}</div>'
    )


def example(text: str, subject: str | None) -> None:
    """One bubble of ours that was not sent yet."""
    st.html(f'<div style="{_COLUMN}">{_bubble(text, subject, ours=True)}</div>')


def _turn(turn: Turn) -> str:
    place = "flex-end" if turn.ours else "flex-start"
    bubble = _bubble(turn.content or "The text is made when it is sent.", turn.subject, turn.ours)
    return (
        f'<div style="display:flex;flex-direction:column;align-items:{place}">{bubble}'
        f'<div style="{_BELOW}">{html.escape(_told(turn))}{_state(turn)}</div></div>'
    )


def _bubble(text: str, subject: str | None, ours: bool) -> str:
    colour = Tone.TEAL.middle if ours else Tone.GREY.middle
    head = f"<strong>{html.escape(subject)}</strong>\n" if subject else ""
    place = "align-self:flex-end;" if ours else ""
    return (
        f'<div style="{_BUBBLE};{place}background:color-mix(in srgb,{colour} 16%,transparent);'
        f'border:1px solid color-mix(in srgb,{colour} 35%,transparent)">'
        f"{head}{html.escape(text)}</div>"
    )


def _told(turn: Turn) -> str:
    return f"{ALL_CHANNELS[turn.channel]} · {moment(turn.at)}"


def _state(turn: Turn) -> str:
    """Its state as a dot of its colour and a word: never by colour alone."""
    state = turn.status.value if turn.status else turn.outcome
    if not state:
        return ""
    dot = f'<span style="color:{tone_of(state).middle}">●</span>'
    return f" · {dot} {html.escape(words(_OUTCOMES.get(state, state)))}"


_OUTCOMES = {"person": "Waits for a person"}

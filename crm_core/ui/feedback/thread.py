"""A case's thread: what was said to the sides, what was done between, oldest first."""

import html
from collections.abc import Callable, Sequence

import streamlit as st

from crm_core.feedback.schemas import EntryKind, EntryRead, FeedbackRead
from crm_core.ui.feedback import words
from crm_core.ui.formatting import moment
from crm_core.ui.formatting import words as said
from crm_core.ui.states import Tone, tone_of

_COLUMN = "display:flex;flex-direction:column;gap:.7rem"
# A mark that turns the writing around ends with its own bubble.
_BUBBLE = (
    "max-width:82%;padding:.5rem .8rem;border-radius:.9rem;overflow-wrap:anywhere;"
    "white-space:pre-wrap;line-height:1.45;unicode-bidi:isolate;max-height:24rem;overflow:auto"
)
_BELOW = "font-size:.8rem;opacity:.8;margin-top:.15rem"
_BETWEEN = "align-self:center;font-size:.85rem;opacity:.85;text-align:center;max-width:90%"
_MACHINES = {
    "job": "by itself",
    "link": "through the link",
    "inbound": "by message",
    "command": "command line",
}
_SPOKEN = {EntryKind.ANSWER, EntryKind.INCOMING, EntryKind.NOTE}


def show(piece: FeedbackRead, merged: Sequence[FeedbackRead], entries: Sequence[EntryRead]) -> None:
    """What the giver said first, then everything since; text of anybody is safe here."""
    drawn = [_given(each) for each in sorted([piece, *merged], key=lambda each: each.created_at)]
    drawn += [_spoken(line) if line.kind in _SPOKEN else _between(line, piece) for line in entries]
    st.html(f'<div style="{_COLUMN}">{"".join(drawn)}</div>')


def _given(piece: FeedbackRead) -> str:
    head = f"<strong>{html.escape(piece.subject)}</strong>\n" if piece.subject else ""
    text = html.escape(piece.message) or "<em>Stars without words</em>"
    told = f"{piece.source_name} · {piece.feedback_code} · {moment(piece.created_at)}"
    rated = f" · {words.stars(piece.rating)}" if piece.rating else ""
    return _bubble(head + text, told + rated, "flex-start", Tone.GREY)


def _spoken(line: EntryRead) -> str:
    by = f"by {line.channel} · " if line.channel else ""
    told = f"{_who(line)} · {by}{moment(line.created_at)}"
    if line.kind is EntryKind.INCOMING:
        return _bubble(html.escape(line.body), f"{by}{moment(line.created_at)}", "flex-start",
                       Tone.GREY)  # fmt: skip
    if line.kind is EntryKind.NOTE:
        return _bubble(html.escape(line.body), f"Note · {told}", "flex-end", Tone.AMBER)
    return _bubble(html.escape(line.body), told, "flex-end", Tone.TEAL, state=line.message_status)


def _bubble(text: str, told: str, place: str, tone: Tone, state: str | None = None) -> str:
    colour = tone.middle
    dot = ""
    if state:
        dot = f' · <span style="color:{tone_of(state).middle}">●</span> {html.escape(said(state))}'
    return (
        f'<div style="display:flex;flex-direction:column;align-items:{place}">'
        f'<div dir="auto" tabindex="0" style="{_BUBBLE};'
        f"background:color-mix(in srgb,{colour} 16%,transparent);"
        f'border:1px solid color-mix(in srgb,{colour} 35%,transparent)">{text}</div>'
        f'<div style="{_BELOW}">{html.escape(told)}{dot}</div></div>'
    )


def _between(line: EntryRead, piece: FeedbackRead) -> str:
    of = f"{line.feedback_code}: " if line.feedback_id != piece.id else ""
    told = f"{of}{_done(line)} · {_who(line)} · {moment(line.created_at)}"
    body = line.body if line.kind in (EntryKind.STATE, EntryKind.RATED, EntryKind.MERGED) else ""
    note = f"<br>{html.escape(body)}" if body else ""
    return f'<div style="{_BETWEEN};unicode-bidi:isolate">{html.escape(told)}{note}</div>'


def _who(line: EntryRead) -> str:
    """A person's name; what acts by itself is called after what it is."""
    kind = line.who.partition(":")[0]
    return _MACHINES.get(kind, line.who_name)


def _done(line: EntryRead) -> str:
    return _SENTENCES[line.kind](line) if line.kind in _SENTENCES else "Merged"


def _changed(line: EntryRead) -> str:
    return f"{said(line.body)}: {line.old_value or 'none'} → {line.new_value or 'none'}"


def _given_to(line: EntryRead) -> str:
    return f"Given to {line.new_value}" + (f", was with {line.old_value}" if line.old_value else "")


def _told(line: EntryRead) -> str:
    to = f"{line.new_value} was told" if line.new_value else "A message was queued"
    state = f" ({said(line.message_status).lower()})" if line.message_status else ""
    return f"{to} by {line.channel}{state}" if line.channel else to


_SENTENCES: dict[EntryKind, Callable[[EntryRead], str]] = {
    EntryKind.STATE: lambda line: (
        f"{said(line.old_value or '')} → {said(line.new_value or '').lower()}"
    ),
    EntryKind.ASSIGNED: _given_to,
    EntryKind.PRIORITY: lambda line: f"Priority: {line.old_value} → {line.new_value}",
    EntryKind.CHANGED: _changed,
    EntryKind.RATED: lambda line: (
        f"{words.stars(int(line.new_value or 1))} for how it was resolved"
    ),
    EntryKind.ESCALATED: lambda line: f"Supervisors were told: {line.body}",
    EntryKind.TOLD: _told,
}

"""One colour a state, everywhere: chips in text, chips in tables, bars in charts, both themes.

A *tone* is a colour by name. Charts take it as a place in the theme's categorical colours, which
the browser fills in for the theme that is on (``.streamlit/config.toml`` has them in this order).
Chips in text mix it into whatever they stand on; chips in tables have a ground for each theme.
"""

import html
from collections.abc import Iterable, Sequence
from enum import StrEnum

import streamlit as st

from crm_core.ui.formatting import words


class Tone(StrEnum):
    """The six colours of the house, and grey for what is over."""

    TEAL = "teal"
    AMBER = "amber"
    INDIGO = "indigo"
    ROSE = "rose"
    SKY = "sky"
    LIME = "lime"
    GREY = "grey"

    @property
    def on_charts(self) -> str:
        """What Streamlit's chart theme replaces by its n-th categorical colour."""
        return f"#{list(Tone).index(self) + 1:06d}"

    @property
    def middle(self) -> str:
        """A middle value, to be mixed into whatever stands behind it."""
        return _MIDDLE[self]

    @property
    def in_tables(self) -> str:
        """A quiet ground for the theme that is on: tables write on it in black or in white."""
        return _DARK[self] if st.context.theme.type == "dark" else _LIGHT[self]


_MIDDLE = {
    Tone.TEAL: "#0d9488",
    Tone.AMBER: "#f59e0b",
    Tone.INDIGO: "#6366f1",
    Tone.ROSE: "#f43f5e",
    Tone.SKY: "#0ea5e9",
    Tone.LIME: "#84cc16",
    Tone.GREY: "#94a3b8",
}
_LIGHT = {
    Tone.TEAL: "#c9f2ea",
    Tone.AMBER: "#fdeac2",
    Tone.INDIGO: "#e0e3fd",
    Tone.ROSE: "#fddce3",
    Tone.SKY: "#d3edfc",
    Tone.LIME: "#e4f6c4",
    Tone.GREY: "#e7ecef",
}
_DARK = {
    Tone.TEAL: "#115e56",
    Tone.AMBER: "#6b4708",
    Tone.INDIGO: "#3a37a0",
    Tone.ROSE: "#7d1a33",
    Tone.SKY: "#0b557e",
    Tone.LIME: "#40610f",
    Tone.GREY: "#3b4a57",
}

TONES: dict[str, Tone] = {
    # payouts
    "pending": Tone.AMBER,
    "approved": Tone.SKY,
    "processing": Tone.INDIGO,
    "paid": Tone.TEAL,
    "failed": Tone.ROSE,
    "unknown": Tone.LIME,
    "rejected": Tone.GREY,
    "cancelled": Tone.GREY,
    "reversed": Tone.GREY,
    # attempts, verdicts, checks
    "open": Tone.INDIGO,
    "will change": Tone.TEAL,
    "refused": Tone.ROSE,
    "block": Tone.ROSE,
    "warn": Tone.AMBER,
    "first approval": Tone.SKY,
    "you made it": Tone.GREY,
    "you approved": Tone.GREY,
    "needs a reason": Tone.ROSE,
    "approve": Tone.TEAL,
    "fine": Tone.TEAL,
    # transfers
    "queued": Tone.AMBER,
    "sending": Tone.INDIGO,
    "unanswered": Tone.LIME,
    "concluded": Tone.TEAL,
    "frozen": Tone.ROSE,
    "received": Tone.INDIGO,
    "otp": Tone.AMBER,
    "success": Tone.TEAL,
    "abandoned": Tone.ROSE,
    "blocked": Tone.ROSE,
    # beneficiary checks
    "other holder": Tone.AMBER,
    "no holder": Tone.AMBER,
    "no account": Tone.AMBER,
    "account digit": Tone.ROSE,
    "shared account": Tone.AMBER,
    "new account": Tone.AMBER,
    "other account": Tone.AMBER,
    "unusual amount": Tone.AMBER,
    # owners and contracts
    "active": Tone.TEAL,
    "inactive": Tone.GREY,
    "suspended": Tone.ROSE,
    "current": Tone.TEAL,
    "overdue": Tone.ROSE,
    "draft": Tone.GREY,
    "expiring": Tone.AMBER,
    "expired": Tone.GREY,
    "terminated": Tone.GREY,
    # patients and their points
    "deceased": Tone.ROSE,
    "bronze": Tone.AMBER,
    "silver": Tone.SKY,
    "gold": Tone.LIME,
    "platinum": Tone.INDIGO,
    "earned": Tone.TEAL,
    "redeemed": Tone.INDIGO,
    "adjusted": Tone.AMBER,
    "withdrawn": Tone.GREY,
    "included": Tone.TEAL,
    "left out": Tone.GREY,
    "complete": Tone.TEAL,
    "broken off": Tone.ROSE,
    # messages
    "sent": Tone.INDIGO,
    "delivered": Tone.SKY,
    "read": Tone.TEAL,
    "deferred": Tone.AMBER,
    "skipped": Tone.GREY,
    "opted out": Tone.ROSE,
    "opted in": Tone.TEAL,
    # campaigns
    "pending_approval": Tone.AMBER,
    "paused": Tone.AMBER,
    # visits
    "scheduled": Tone.SKY,
    "confirmed": Tone.TEAL,
    "arrived": Tone.AMBER,
    "in_progress": Tone.INDIGO,
    "completed": Tone.LIME,
    "no_show": Tone.ROSE,
    # offers of visits
    "taken": Tone.TEAL,
    "gone": Tone.GREY,
    "declined": Tone.GREY,
    # the lines of a file
    "ok": Tone.TEAL,
    "duplicate": Tone.AMBER,
    "imported": Tone.TEAL,
    "changed": Tone.AMBER,
    "kept": Tone.SKY,
    "planned": Tone.AMBER,
    "committed": Tone.TEAL,
    "reading": Tone.INDIGO,
    "committing": Tone.INDIGO,
    "undoing": Tone.INDIGO,
    "forgotten": Tone.GREY,
    # feedback
    "new": Tone.SKY,
    "acknowledged": Tone.SKY,
    "waiting": Tone.AMBER,
    "resolved": Tone.TEAL,
    "closed": Tone.GREY,
    "reopened": Tone.ROSE,
    "merged": Tone.GREY,
    "escalated": Tone.ROSE,
    "critical": Tone.ROSE,
    "high": Tone.AMBER,
    "medium": Tone.SKY,
    "low": Tone.GREY,
    "complaint": Tone.ROSE,
    "suggestion": Tone.INDIGO,
    "compliment": Tone.TEAL,
    "survey_response": Tone.SKY,
    # erasures
    "requested": Tone.AMBER,
    "done": Tone.TEAL,
    # receipts
    "undone": Tone.GREY,
}


def tone_of(state: str) -> Tone:
    """The tone of a state, by its code or by its label; grey for one that has none."""
    return TONES.get(state.lower(), TONES.get(state.lower().replace(" ", "_"), Tone.GREY))


def label_of(state: str) -> str:
    """How a state is written: ``unknown`` → ``Unknown``."""
    return words(state)


def colours_of(labels: Sequence[str]) -> list[str]:
    """One colour a label, for the chips of a table's column."""
    return [tone_of(label).in_tables for label in labels]


def chips(states: Iterable[str | tuple[str, Tone]]) -> None:
    """States in a row as coloured chips; ``(label, tone)`` where the label is no state's code."""
    drawn = [
        _chip(label_of(state), tone_of(state)) if isinstance(state, str) else _chip(*state)
        for state in states
    ]
    if drawn:
        st.html(f'<div style="display:flex;flex-wrap:wrap;gap:.4rem">{"".join(drawn)}</div>')


def _chip(label: str, tone: Tone) -> str:
    colour = tone.middle
    return (
        f'<span style="background:color-mix(in srgb,{colour} 18%,transparent);'
        f"border:1px solid color-mix(in srgb,{colour} 45%,transparent);border-radius:1rem;"
        f'padding:.05rem .6rem;font-size:.85rem;line-height:1.5">{html.escape(label)}</span>'
    )

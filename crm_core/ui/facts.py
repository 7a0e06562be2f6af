"""Facts about a record: small labels over values, side by side as far as there is room."""

import html
from collections.abc import Mapping

import streamlit as st

_GRID = (
    "display:grid;grid-template-columns:repeat(auto-fit,minmax(max(130px,22%),1fr));gap:.8rem 1rem"
)
_LABEL = "margin:0;font-size:.85rem;opacity:.75"
_VALUE = "overflow-wrap:anywhere;white-space:pre-line"


def show(facts: Mapping[str, str | None]) -> None:
    """Label → value as it is read; a dash where there is none. Text of users is safe here."""
    drawn = (
        f'<div><dt style="{_LABEL}">{html.escape(label)}</dt>'
        f'<dd style="margin:0;padding:0;{_VALUE}">{html.escape(value or "–")}</dd></div>'
        for label, value in facts.items()
    )
    st.html(f'<dl style="margin:0;padding:0;{_GRID}">{"".join(drawn)}</dl>')

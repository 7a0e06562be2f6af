"""Links to our own export routes, in the tab that they stand in."""

import html

import streamlit as st


def link(path: str, label: str) -> None:
    """A link that downloads; Streamlit's own links would open a new tab.

    Args:
        path: of a route in ``export_routes``, such as ``/export/bank-file/3``.
    """
    _anchor(path, f"↓ {label}", "download")


def open_page(path: str, label: str) -> None:
    """A link to a page of ours that is no part of the dashboard, in a tab of its own."""
    _anchor(path, label, 'target="_blank" rel="noopener"')


def _anchor(path: str, label: str, more: str) -> None:
    st.html(
        f'<a href="{html.escape(path)}" {more} style="display:inline-block;color:inherit;'
        "text-decoration:none;padding:.35rem .9rem;border-radius:.5rem;"
        'border:1px solid color-mix(in srgb,currentColor 30%,transparent)">'
        f"{html.escape(label)}</a>",
        width="content",
    )

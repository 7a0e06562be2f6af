"""What a person had before them when they clicked: a click goes for that state of it and no other.

A mark says which state that is, such as a record's number and version. It is part of each button's
key: so a click on what has changed meanwhile reaches no button of the page as it is now, and
neither does the second one of a double click.
"""

from collections.abc import Callable
from functools import partial

import streamlit as st


def clicked(thing: str, mark: str) -> Callable[[], None]:
    """For a button's ``on_click``: notes which state of the thing it stood beside."""
    return partial(_note, thing, mark)


def done(thing: str, mark: str) -> dict[str, str]:
    """For ``act(keep=…)``: what the person changed themselves is no surprise to them."""
    return {f"_done_{thing}": mark}


def tell(thing: str, mark: str) -> None:
    """Says so where the click that led here was on another state of the thing.

    Args:
        thing: what it is called in a sentence, such as ``campaign``.
        mark: its state as it is now.
    """
    before = st.session_state.pop(f"_clicked_{thing}", None)
    if before not in (None, mark, st.session_state.get(f"_done_{thing}")):
        st.warning(
            f"This {thing} changed while you looked at it, so nothing was done:"
            " look at it again as it is now."
        )


def _note(thing: str, mark: str) -> None:
    st.session_state[f"_clicked_{thing}"] = mark

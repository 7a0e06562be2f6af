"""What is dear to work out stays some minutes with the person who looks, and says of when it is.

Only what binds nobody may be kept so: whatever is decided is worked out anew in its transaction.
"""

import time
from collections.abc import Callable, Hashable
from datetime import datetime
from typing import TypeVar

import streamlit as st

from crm_core.base.clock import to_lagos, utc_now
from crm_core.people.schemas import Actor

Found = TypeVar("Found")

MINUTES = 5
_KEPT = "_kept"
_MOST = 12  # pages of lists add up


def kept(actor: Actor, of: Hashable, work_out: Callable[[], Found]) -> tuple[Found, datetime]:
    """What was worked out a moment ago, or else is now; and when that was.

    Args:
        of: what it is of, with the version of it: another version is worked out anew. So it is for
            another person, or other roles.
    """
    memory: dict[Hashable, tuple[float, datetime, Found]] = st.session_state.setdefault(_KEPT, {})
    key = (actor.key, actor.permissions, of)
    until, at, found = memory.get(key, (0.0, None, None))
    if at is not None and found is not None and time.monotonic() < until:
        return found, at
    at, found = utc_now(), work_out()
    for oldest in list(memory)[: max(0, len(memory) - _MOST + 1)]:
        memory.pop(oldest, None)
    memory[key] = (time.monotonic() + 60 * MINUTES, at, found)
    return found, at


def of_when(at: datetime, label: str = "Work it out anew") -> None:
    """Says of when the figures are, with a button that has them worked out anew."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"As of {to_lagos(at):%H:%M}, kept for {MINUTES} minutes.")
        st.button(label, type="tertiary", icon=":material/refresh:", on_click=_forget)


def _forget() -> None:
    st.session_state.pop(_KEPT, None)

"""What every page stands on: who opens it, reading, and acting once.

Every ``st`` call and every use of ``session_state`` is a place where another click ends the
script. So none of them may stand inside ``load()`` or ``act()``: a page loads, shows, and acts.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NoReturn

import streamlit as st
from pydantic import ValidationError
from sqlalchemy.orm import Session
from streamlit.delta_generator import DeltaGenerator

from crm_core.base import idempotency
from crm_core.base.clock import utc_now
from crm_core.base.crypto import new_token, token_hash
from crm_core.base.db import reading, transaction
from crm_core.base.errors import Invalid, Refusal
from crm_core.base.validation import problems_of
from crm_core.people import queries
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import leaving
from crm_core.ui.plain import plain

FLASH_SECONDS = 6
# The navigation and the page ask one after the other. A run has its thread; the gate has looked the
# session up before it, and whatever is written looks it up once more.
_THIS_RUN, _A_RUN = threading.local(), 1.0
_TOKEN, _FLASH, _FIELDS = "_form_token_", "_flash", "_field_errors"


def open_page(title: str, *, needs: Permission | None) -> Actor:
    """The first statement of every page: its title, and who looks at it.

    Whoever is not signed in, or may not see the page, is told so, and the page ends here.

    Args:
        needs: the permission to see the page; None where being signed in is enough.
    """
    actor = require_signed_in()
    leaving.arrive(title)
    st.title(title, anchor=False)
    if needs is not None and not actor.may(needs):
        _refuse(needs, actor)
    st.session_state[_FIELDS] = {}
    _show_flash()
    return actor


def require_signed_in(*, anew: bool = False) -> Actor:
    """Who is signed in; ends the page with a way to the sign-in form where nobody is.

    Args:
        anew: look the session up even where this very run has done so.
    """
    actor = _signed_in(anew)
    if actor is None:
        st.error("You are not signed in, or your session has ended.")
        st.html('<a href="/auth/sign-in" target="_self">Go to the sign-in page</a>')
        st.stop()
    return actor


@contextmanager
def load() -> Iterator[Session]:
    """A session to read with; a refusal, such as an unknown record, ends the page in its words."""
    try:
        with reading() as session:
            yield session
    except Refusal as refusal:
        refused = str(refusal)
    else:
        return
    st.error(plain(refused))
    st.stop()


@contextmanager
def act(
    flash: str, *, why: str = "", once: str = "", keep: dict[str, str] | None = None
) -> Iterator[Session]:
    """One transaction of the person who is signed in; then the page runs again and says ``flash``.

    A refusal is shown where it belongs: beside the fields that ``field_error`` marks, else in
    place. Nothing of it is kept then.

    Args:
        why: the reason the person gave; the history keeps it. The flash, where there is none.
        once: a ``form_token``. However often the click arrives, the block is done once.
        keep: what the block puts in here is in ``session_state`` when the page runs again, such as
            a secret that is shown once.
    """
    actor = require_signed_in(anew=True)
    fields: Mapping[str, DeltaGenerator] = st.session_state.get(_FIELDS, {})
    with _refusals() as refused, _transaction(actor, why or flash, once) as session:
        yield session
    if refused:
        _show_problem(refused[0], fields)
        return
    st.session_state.update(keep or {})
    _finish(flash, once)


def form_token(name: str) -> str:
    """A token for a form's widget keys and for ``act(once=…)``; a new one after each success."""
    token: str = st.session_state.setdefault(_TOKEN + name, new_token()[:16])
    return token


def forget_token(name: str) -> None:
    """The form of this name begins anew, with what it is given then."""
    st.session_state.pop(_TOKEN + name, None)


def renew_form(name: str) -> None:
    """Gives the form of this name a new token: it is drawn anew, without what was typed."""
    st.session_state.pop(_TOKEN + name, None)


def field_error(path: str) -> DeltaGenerator:
    """A place under a field where ``act`` says what is wrong with it.

    Args:
        path: the field's name in the schema, as ``Problem.path`` has it.
    """
    fields: dict[str, DeltaGenerator] = st.session_state.setdefault(_FIELDS, {})
    fields[path] = st.empty()
    return fields[path]


def flash(message: str) -> None:
    """Says ``message`` on whatever page runs next, for six seconds."""
    st.session_state[_FLASH] = (message, time.monotonic() + FLASH_SECONDS)


class _DoneBefore(Exception):
    """The same click arrived before, and was done."""


def _signed_in(anew: bool) -> Actor | None:
    token = st.user.get("ops_sid")
    if not isinstance(token, str) or not token:
        return None
    known, actor, until = getattr(_THIS_RUN, "known", ("", None, 0.0))
    if anew or known != token or time.monotonic() > until:
        with reading() as session:
            actor = queries.actor_of_session(session, token, now=utc_now())
        _THIS_RUN.known = (token, actor, time.monotonic() + _A_RUN)
    return actor


def _refuse(needs: Permission, actor: Actor) -> NoReturn:
    try:
        actor.require(needs)
    except Refusal as refusal:
        st.error(plain(str(refusal)))
    st.stop()


def _show_flash() -> None:
    message, until = st.session_state.get(_FLASH, ("", 0.0))
    if time.monotonic() < until:
        st.toast(plain(message), icon=":material/check_circle:", duration=FLASH_SECONDS)


@contextmanager
def _refusals() -> Iterator[list[Refusal]]:
    """Collects the refusal that ended the block, if one did."""
    refused: list[Refusal] = []
    try:
        yield refused
    except _DoneBefore:
        pass
    except ValidationError as error:
        refused.append(Invalid("Some fields need another look.", problems_of(error)))
    except Refusal as refusal:
        refused.append(refusal)


@contextmanager
def _transaction(actor: Actor, why: str, once: str) -> Iterator[Session]:
    with transaction(who=actor.key, why=why, request_id=new_token()[:12]) as session:
        if once and _done_before(session, once, actor):
            raise _DoneBefore
        yield session


def _done_before(session: Session, once: str, actor: Actor) -> bool:
    key = f"page:{once}"
    claimed = idempotency.claim(session, key, who=actor.key, request_hash=token_hash(key))
    return claimed is not None


def _finish(message: str, once: str) -> NoReturn:
    for key in [key for key, value in st.session_state.items() if once and value == once]:
        del st.session_state[key]
    flash(message)
    st.rerun()


def _show_problem(problem: Refusal, fields: Mapping[str, DeltaGenerator]) -> None:
    problems = problem.problems if isinstance(problem, Invalid) else ()
    for found in problems:
        if found.path in fields:
            fields[found.path].error(plain(found.message))
        else:
            st.error(plain(found.message))
    if not problems:
        st.error(plain(str(problem)))

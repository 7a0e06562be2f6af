"""Forms: fields with what is wrong beside them, and one write a click.

    form = Form("new-payout")
    with form:
        form.choice("owner_id", "Owner", owners)
        form.money("gross_revenue", "Gross revenue")
        sent = form.submit("Make the payout")
    if sent:
        with act("Payout made", once=form.token) as session:
            service.create_payout(session, PayoutCreate.model_validate(form.values), actor=actor)

``values`` holds what was given under the schema's names; the schema judges it, and ``act`` shows
each of its sentences under the field that caused it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from types import TracebackType
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from crm_core.base.errors import Conflict, Invalid
from crm_core.owners.banks import BANKS
from crm_core.ui.page import field_error, form_token


class Form:
    """A form that is sent as a whole, once however often it is clicked."""

    def __init__(self, name: str, *, border: bool = True) -> None:
        """``name`` tells it from the page's other forms; success empties it."""
        self.token = form_token(name)
        self.name = name
        self.values: dict[str, object] = {}
        self.places: dict[str, DeltaGenerator] = {}
        self._form = self._frame(border)

    def __enter__(self) -> "Form":
        """What is drawn inside belongs to the form."""
        self._form.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends the form."""
        self._form.__exit__(kind, error, trace)

    def text(self, path: str, label: str, value: str = "", *, help: str | None = None) -> None:  # noqa: A002 # Streamlit's own word
        """One line; nothing given is None."""
        given = st.text_input(label, value, key=self._key(path), help=help)
        self._keep(path, given.strip() or None)

    def prose(self, path: str, label: str, value: str = "") -> None:
        """Several lines; nothing given is None."""
        given = st.text_area(label, value, key=self._key(path), height=96)
        self._keep(path, given.strip() or None)

    def money(self, path: str, label: str, value: str = "", *, help: str | None = None) -> None:  # noqa: A002 # as above
        """An amount in naira; ``4,500,000`` and ``₦4500000.50`` are the same to it."""
        given = st.text_input(
            f"{label} (₦)", value, key=self._key(path), placeholder="4,500,000.00", help=help
        )
        self._keep(path, plain_amount(given) or None)

    def number(self, path: str, label: str, value: str = "", *, help: str | None = None) -> None:  # noqa: A002 # as above
        """Digits, kept as they were typed for the schema to read."""
        given = st.text_input(label, value, key=self._key(path), help=help)
        self._keep(path, given.replace(",", "").replace(" ", "") or None)

    def day(self, path: str, label: str, value: date | None = None) -> None:
        """A day, or none."""
        self._keep(path, st.date_input(label, value, key=self._key(path), format="DD/MM/YYYY"))

    def choice(
        self,
        path: str,
        label: str,
        options: Mapping[int, str] | Mapping[str, str],
        value: int | str | None = None,
    ) -> None:
        """One of several, searched by typing; none is chosen until somebody does."""
        keys: Sequence[int | str] = list(options)
        index = keys.index(value) if value in keys else None
        labels: Mapping[int | str, str] = {key: options[key] for key in keys}  # type: ignore[index] # keys are the options' own
        chosen = st.selectbox(
            label, keys, index, format_func=lambda key: labels[key], key=self._key(path)
        )
        self._keep(path, chosen)

    def bank(self, path: str = "bank_name", label: str = "Bank", value: str | None = None) -> None:
        """One of the Nigerian banks."""
        self.choice(path, label, {bank.name: bank.name for bank in BANKS}, value)

    def reason(self, label: str = "Reason", *, path: str = "reason") -> None:
        """Why it is done: the history keeps it."""
        given = st.text_input(label, key=self._key(path), max_chars=500)
        self._keep(path, given.strip())

    def submit(
        self, label: str, *, primary: bool = True, on_click: Callable[[], None] | None = None
    ) -> bool:
        """The button; True in the run that follows a click."""
        kind: Literal["primary", "secondary"] = "primary" if primary else "secondary"
        return st.form_submit_button(label, type=kind, on_click=on_click)

    def given(self) -> dict[str, object]:
        """The values without those left empty: what a schema takes for "not given"."""
        return {path: value for path, value in self.values.items() if value is not None}

    def _key(self, path: str) -> str:
        return f"{self.name}-{path}-{self.token}"

    def _frame(self, border: bool) -> DeltaGenerator:
        return st.form(f"form-{self.name}-{self.token}", border=border, enter_to_submit=False)

    def _keep(self, path: str, value: object) -> None:
        self.places[path] = field_error(path)
        self.values[path] = value


def plain_amount(text: str) -> str:
    """``₦4,500,000.50`` → ``4500000.50``; letters stay, for the schema to refuse in words."""
    return text.replace(",", "").replace("₦", "").replace(" ", "").strip()


@contextmanager
def beside(path: str, *, where: str) -> Iterator[None]:
    """Inside ``act``: a conflict whose sentence has the words ``where`` is shown at that field."""
    try:
        yield
    except Conflict as refusal:
        if where not in str(refusal):
            raise
        raise Invalid.field(path, str(refusal)) from refusal

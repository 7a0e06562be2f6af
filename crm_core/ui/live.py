"""A form that is judged while it is filled in: each field as soon as it is left.

form = LiveForm("new-patient")
form.text("first_name", "First name")
form.day("date_of_birth", "Born", earliest=…, latest=…)
problems = form.judge(PatientCreate, form.given())       # shown beside the fields
sent = form.send("Register the patient")                 # in the bar at the foot of the page
if sent:
    with act("Registered", once=form.token) as session:
        …                                                # the schema judges again, and last
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import streamlit as st
from pydantic import BaseModel, ValidationError
from streamlit.delta_generator import DeltaGenerator

from crm_core.base.clock import lagos_today
from crm_core.base.errors import Problem
from crm_core.base.validation import problems_of
from crm_core.ui.formatting import counted
from crm_core.ui.forms import Form
from crm_core.ui.page import field_error
from crm_core.ui.plain import plain

_REQUIRED = "This is required."


class LiveForm(Form):
    """Fields that answer one by one; what is still empty is missed only after a first try."""

    def long_ago(self, path: str, label: str, value: date | None = None) -> None:
        """A day that may lie a lifetime back; the schema says how far."""
        this_year = lagos_today().year
        given = st.date_input(
            label,
            value,
            date(this_year - 200, 1, 1),
            date(this_year + 1, 12, 31),
            key=self._key(path),
            format="DD/MM/YYYY",
        )
        self._keep(path, given)

    def several(
        self, path: str, label: str, usual: Iterable[str], value: Sequence[str] = ()
    ) -> None:
        """Any number of things: usual ones are offered, others are typed."""
        given = st.multiselect(
            label,
            list(dict.fromkeys([*value, *usual])),
            list(value),
            key=self._key(path),
            accept_new_options=True,
            placeholder="Choose or type",
        )
        self._keep(path, list(given))

    def switches(self, path: str, labels: Mapping[str, str], value: Mapping[str, bool]) -> None:
        """A yes or no for each."""
        with st.container(horizontal=True):
            given = {
                name: st.toggle(label, value[name], key=self._key(f"{path}.{name}"))
                for name, label in labels.items()
            }
        self._keep(path, given)

    def mark(self, path: str) -> None:
        """A place for what is wrong with no one field: ``""`` is the whole."""
        self.places[path] = field_error(path)

    def judge(self, schema: type[BaseModel], given: Mapping[str, object]) -> list[Problem]:
        """What the schema finds wrong, shown beside the fields that are filled in already."""
        problems = _problems(schema, given)
        for problem in problems:
            place = self.places.get(problem.path)
            if place is not None and (problem.message != _REQUIRED or self._tried()):
                place.error(plain(problem.message))
        return problems

    def send(self, label: str, told: str, *, agreed: str = "", allowed: bool = True) -> bool:
        """The bar at the foot of the page with its button; True in the run that follows a click.

        It stays where it is while sentences come and go above it.

        Args:
            told: how far the form is.
            agreed: what a click agrees to; one made before that changed is not taken for it.
        """
        with st.bottom, st.container(horizontal=True, vertical_alignment="center"):
            sent = st.button(
                label,
                type="primary",
                key=f"send-{self.name}-{self.token}-{agreed}",
                disabled=not allowed,
                on_click=st.session_state.__setitem__,
                args=(self._key("tried"), "yes"),
            )
            st.text(told)
        return sent

    def _frame(self, border: bool) -> DeltaGenerator:
        return st.container(border=border, key=f"form-{self.name}-{self.token}")

    def _tried(self) -> bool:
        return self._key("tried") in st.session_state


def how_far(problems: Sequence[Problem]) -> str:
    """The form's state in a few words, for the bar."""
    missing = sum(problem.message == _REQUIRED for problem in problems)
    wrong = len(problems) - missing
    parts = [f"{counted(wrong, 'field')} to correct"] if wrong else []
    parts += [f"{counted(missing, 'field')} to fill in"] if missing else []
    return " · ".join(parts) or "Everything needed is here"


def _problems(schema: type[BaseModel], given: Mapping[str, object]) -> list[Problem]:
    try:
        schema.model_validate(given)
    except ValidationError as error:
        return list(problems_of(error))
    return []

"""The tab of settings: figures of the business, each with its bounds."""

from decimal import Decimal

import streamlit as st
from pydantic import BaseModel

from crm_core.base import parameters
from crm_core.base.money import naira
from crm_core.base.parameters import ParameterRead
from crm_core.base.words import Line, Reason
from crm_core.people import service
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import tables
from crm_core.ui.forms import Form
from crm_core.ui.page import act, load
from crm_core.ui.tables import Table

_COLUMNS = {
    "Setting": tables.text(width="large"),
    "Now": tables.text(width="small"),
    "From": tables.text(width="small"),
    "To": tables.text(width="small"),
}


class _Change(BaseModel):
    name: Line
    value: Decimal
    reason: Reason


def show(actor: Actor) -> None:
    """Every figure, and the form that changes one for a reason."""
    with load() as session:
        found = parameters.list_parameters(session)
    tables.show(
        Table(
            rows=[_row(parameter) for parameter in found],
            columns=_COLUMNS,
            alt="Settings with their values and bounds",
            empty="There are no settings.",
        )
    )
    if actor.may(Permission.SETTINGS_WRITE):
        _change({parameter.name: parameter.description for parameter in found}, actor)


def _change(settings: dict[str, str], actor: Actor) -> None:
    with st.expander("Change a setting"), Form("setting", border=False) as form:
        form.choice("name", "Setting", settings)
        form.number("value", "New value")
        form.reason()
        sent = form.submit("Change it")
    if not sent:
        return
    why = str(form.values["reason"])
    with act("The setting was changed", why=why, once=form.token) as session:
        asked = _Change.model_validate(form.given())
        service.change_parameter(session, asked.name, asked.value, actor=actor)


def _row(parameter: ParameterRead) -> dict[str, object]:
    return {
        "Setting": parameter.description,
        "Now": _written(parameter.value, parameter.unit),
        "From": _written(parameter.lowest, parameter.unit),
        "To": _written(parameter.highest, parameter.unit),
    }


def _written(value: Decimal, unit: str) -> str:
    if unit == "naira":
        return naira(value)
    return f"{value:,.4f}".rstrip("0").rstrip(".") + f" {unit}"

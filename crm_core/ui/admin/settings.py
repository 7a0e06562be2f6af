"""The tab of settings: figures of the business, each with its bounds."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import streamlit as st
from pydantic import BaseModel

from crm_core.base import parameters
from crm_core.base.money import naira
from crm_core.base.parameters import ParameterRead
from crm_core.base.words import Line, Reason
from crm_core.insights import history
from crm_core.insights.schemas import HistoryFilter, HistoryRead
from crm_core.people import service
from crm_core.people.names import names_of
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import keyset, tables
from crm_core.ui.forms import Form
from crm_core.ui.page import act, load
from crm_core.ui.tables import Table

_COLUMNS = {
    "Setting": tables.text(width="large"),
    "Now": tables.text(width="small"),
    "From": tables.text(width="small"),
    "To": tables.text(width="small"),
}
_CHANGES = {
    "Setting": tables.text(width="medium"),
    "Before": tables.text(width=110),
    "After": tables.text(width=110),
    "When": tables.at(width=150),
    "Who": tables.text(width=140),
    "Why": tables.text(width="medium"),
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
    if actor.may(Permission.HISTORY_READ):
        _changes({parameter.id: parameter for parameter in found}, actor)


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


def _changes(settings: Mapping[int, ParameterRead], actor: Actor) -> None:
    wanted = HistoryFilter(table_name="crm_parameters", cursor=keyset.cursor())
    with load() as session:
        found = history.list_history(wanted, actor=actor).page(session)
        names = names_of(session, {each.who for each in found.rows})
    changed = [each for each in found.rows if each.action == "update"]
    st.subheader("Changes so far", anchor=False)
    tables.show(
        Table(
            rows=[_changed(each, settings, names) for each in changed],
            columns=_CHANGES,
            alt="Changes of settings, the latest first",
            empty="Every setting is as it came.",
        )
    )
    if changed:
        keyset.ways(found, "entry", "entries")


def _changed(
    each: HistoryRead, settings: Mapping[int, ParameterRead], names: Mapping[str, str]
) -> dict[str, object]:
    setting = settings.get(each.record_id or 0)
    before, after = (_value(side, setting) for side in (each.before, each.after))
    return {
        "Setting": setting.description if setting else "–",
        "Before": before,
        "After": after,
        "When": each.at,
        "Who": names[each.who],
        "Why": each.why,
    }


def _value(side: Mapping[str, Any] | None, setting: ParameterRead | None) -> str:
    value = (side or {}).get("value")
    return _written(Decimal(str(value)), setting.unit if setting else "") if value else "–"


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

"""The tab of withholding tax rates: dated, so that the past stays as it was."""

from decimal import Decimal, InvalidOperation

import streamlit as st

from crm_core.payouts import queries, service
from crm_core.payouts.schemas import RateCreate
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import tables
from crm_core.ui.formatting import percent
from crm_core.ui.forms import Form
from crm_core.ui.page import act, load


def show(actor: Actor) -> None:
    """The rates, and the form of a new one for whoever may set it."""
    with load() as session:
        found = queries.list_rates(session)
    shown = [{"Rate": percent(rate.rate), "Holds from": rate.holds_from} for rate in found]
    columns = {"Rate": tables.text(), "Holds from": tables.on_day()}
    tables.show(
        tables.Table(shown, columns, alt="Withholding tax rates", empty="No rate yet: add one.")
    )
    if actor.may(Permission.SETTINGS_WRITE):
        _new(actor)
    else:
        st.text("An administrator sets the rates.")


def _new(actor: Actor) -> None:
    form = Form("rate")
    with form:
        form.number("rate", "Rate in per cent", help="Such as 7.5")
        form.day("holds_from", "First day that it holds")
        sent = form.submit("Add the rate")
    if sent:
        with act("The rate is added; payouts already made keep theirs", once=form.token) as session:
            given = form.given()
            if "rate" in given:
                given["rate"] = _fraction(given["rate"])
            service.set_rate(session, RateCreate.model_validate(given), actor=actor)


def _fraction(per_cent: object) -> object:
    """A hundredth of what was typed; letters stay, for the schema to refuse in words."""
    try:
        return Decimal(str(per_cent)) / 100
    except InvalidOperation:
        return per_cent

"""Breaches of data: the clock of those to report, opening one, and writing down the report."""

from datetime import datetime, timedelta

import streamlit as st

from crm_core.base.clock import LAGOS, utc_now
from crm_core.people.schemas import Actor
from crm_core.privacy import incidents
from crm_core.privacy.schemas import IncidentFilter, IncidentOpen, IncidentRead, IncidentReport
from crm_core.ui import address_bar, tables
from crm_core.ui.formatting import moment
from crm_core.ui.forms import Form
from crm_core.ui.page import act, field_error, form_token, load, require_signed_in
from crm_core.ui.plain import plain

EVERY_SECONDS = 30
_HOUR, _MINUTE = timedelta(hours=1), timedelta(minutes=1)
_COLUMNS = {
    "Known since": tables.at(width=150),
    "What happened": tables.text(width="large"),
    "Report by": tables.at(width=150),
    "Reported": tables.at(width=150),
    "Outcome": tables.text(width="medium"),
}


def show(actor: Actor) -> None:
    """Clocks, the list with the chosen one, and the form for a new one."""
    _clocks()
    wanted = address_bar.filters(IncidentFilter, {"page": "page"}, limit=tables.PAGE)
    with load() as session:
        found = incidents.list_incidents(wanted, actor=actor).page(session)
    tables.pick_one(
        tables.Table(
            rows=[_row(each) for each in found.rows],
            columns=_COLUMNS,
            ids=[each.id for each in found.rows],
            alt="Breaches of data, the latest first",
            empty="No breach was ever written down.",
            name="incidents",
        ),
        opens=lambda incident_id: {"incident": str(incident_id)},
    )
    tables.pages(found, "incident")
    chosen = address_bar.number("incident")
    for each in found.rows:
        if each.id == chosen and each.reported_at is None:
            _report(each, actor)
    _new(actor)


def time_left(left: timedelta) -> str:
    """``61 h 05 min left``, or how long ago the time ran out."""
    minutes = abs(left) // _MINUTE
    written = f"{minutes // 60} h {minutes % 60:02} min"
    return f"{written} left" if left >= timedelta(0) else f"{written} too late"


@st.fragment(run_every=EVERY_SECONDS)
def _clocks() -> None:
    """What is to be reported, counting; whoever was signed out meanwhile sees no more of it."""
    actor = require_signed_in()
    with load() as session:
        found = incidents.list_incidents(IncidentFilter(open=True, limit=20), actor=actor)
        waiting = found.page(session).rows
    for each in sorted(waiting, key=lambda incident: incident.report_by):
        left = each.left(utc_now())
        told = f"{time_left(left)} to report what was known at {moment(each.known_at)}: {each.what}"
        (st.warning if left > 24 * _HOUR else st.error)(plain(told))


def _row(each: IncidentRead) -> dict[str, object]:
    return {
        "Known since": each.known_at,
        "What happened": each.what,
        "Report by": each.report_by,
        "Reported": each.reported_at,
        "Outcome": each.outcome or "",
    }


def _report(each: IncidentRead, actor: Actor) -> None:
    form = Form("report")
    with form:
        st.text(plain(each.what))
        form.text("outcome", "The report's number, or why none is needed")
        sent = form.submit("It was reported")
    if sent:
        with act("The clock is stopped", once=form.token) as session:
            data = IncidentReport.model_validate(form.given())
            incidents.report_incident(session, each.id, data, actor=actor)


def _new(actor: Actor) -> None:
    once = form_token("incident")
    with st.expander("A breach became known"), st.form(f"incident-{once}", border=False):
        st.text("The Commission is to be told within 72 hours of the instant that you give here.")
        known = st.datetime_input(
            "Known since, on a clock in Lagos", None, key=f"incident-known-{once}"
        )
        field_error("known_at")
        what = st.text_area(
            "What happened, whose data, how many people", key=f"incident-{once}-what"
        )
        field_error("what")
        if not st.form_submit_button("Start the clock", type="primary"):
            return
    with act("The clock runs", once=once) as session:
        asked = {"known_at": _instant(known), "what": what}
        incidents.open_incident(session, IncidentOpen.model_validate(asked), actor=actor)


def _instant(known: datetime | None) -> datetime | None:
    return None if known is None else known.replace(tzinfo=LAGOS)

"""The first page after signing in: the morning in one look, every figure a way to its rows."""

import streamlit as st

from crm_core.base.clock import lagos_today, to_lagos, utc_now
from crm_core.hospitals.queries import all_hospitals
from crm_core.hospitals.schemas import HospitalRead
from crm_core.insights.morning.queries import operations
from crm_core.insights.morning.schemas import MorningFilter
from crm_core.people.schemas import Permission
from crm_core.ui import address_bar, needs, tables
from crm_core.ui.home import figures, places, trends, waiting
from crm_core.ui.messages import waits
from crm_core.ui.page import load, open_page, require_signed_in
from crm_core.ui.payouts.figures import pipeline

EVERY_SECONDS = 60
_DAYS = {"7": "The last 7 days", "90": "The last 90 days"}


def today() -> None:
    """The filters, and below them what looks again by itself."""
    actor = open_page("Today", needs=None)
    now = lagos_today()
    st.text(f"{now:%A}, {now.day} {now:%B %Y}. Good day, {actor.name}.")
    if not actor.may(Permission.PAYOUTS_READ) or not actor.may(Permission.OWNERS_READ):
        tables.nothing("You have no role yet: ask an administrator for one.")
        return
    with load() as session:
        hospitals = all_hospitals(session)
    _morning(_asked(hospitals))


def _asked(hospitals: list[HospitalRead]) -> MorningFilter:
    """What the address asks for; the choice of hospitals follows the state."""
    states = {state: state for state in sorted({each.state for each in hospitals})}
    with st.grid(3, min_column_width=170):
        state = address_bar.choice("state", "State", states, any_label="All states")
        near = {str(h.id): h.name for h in hospitals if state in (None, h.state)}
        hospital = address_bar.choice("hospital", "Hospital", near, any_label="All hospitals")
        days = address_bar.choice("days", "Time", _DAYS, any_label="The last 30 days")
    hospital_id = int(hospital) if hospital else None
    return MorningFilter(hospital_id=hospital_id, state=state, days=int(days or 30))


@st.fragment(run_every=EVERY_SECONDS)
def _morning(filters: MorningFilter) -> None:
    # A fragment runs without the page around it: whoever was signed out is so here, too.
    actor = require_signed_in()
    with load() as session:
        now = operations(session, filters)
        desk = waiting.read(session, actor)
    st.caption(_scope(filters))
    figures.show(now)
    with st.grid(2, min_column_width=320):
        with st.container(border=True, height="stretch"):
            st.subheader("Needs you", anchor=False)
            needs.show([*waiting.needs_of(desk, actor), *waits.needs_of(actor)])
        with st.container(border=True, height="stretch"):
            st.subheader("Payout pipeline", anchor=False)
            of = places.within(filters.hospital_id, filters.state)
            pipeline(now.payouts, page=places.PAYOUTS, narrowed=of)
        with st.container(border=True, height="stretch"):
            st.subheader("Satisfaction trend", anchor=False)
            trends.satisfaction(now.satisfaction, of)
        with st.container(border=True, height="stretch"):
            st.subheader("Visits by hospital", anchor=False)
            trends.visits(now.visits_by_hospital, now.days)


def _scope(filters: MorningFilter) -> str:
    """What the figures are of, said where it could be mistaken, and how fresh they are."""
    at = f"As of {to_lagos(utc_now()):%H:%M}."
    if filters.where.everywhere:
        return at
    where = "hospital" if filters.hospital_id is not None else "state"
    return (
        f"{at} Payouts, satisfaction, visits and feedback are of this {where}; campaigns, "
        "messages, loyalty and what needs you are of the whole group."
    )

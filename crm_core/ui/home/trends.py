"""The charts of the home page; a bar opens its rows."""

from collections.abc import Mapping, Sequence

import streamlit as st

from crm_core.base.clock import lagos_today
from crm_core.insights.morning.queries import first_day
from crm_core.insights.morning.schemas import HospitalVisits, ScoreMonth
from crm_core.ui import charts
from crm_core.ui.charts import Chart, Series
from crm_core.ui.home import places
from crm_core.ui.states import Tone

_MOST_BARS = 12


def satisfaction(months: Sequence[ScoreMonth], of: Mapping[str, str]) -> None:
    """The owners' mean score, month by month; a point opens the scores that it is the mean of.

    Args:
        of: parameters of the list for what the figures are narrowed to.
    """
    chart = Chart(
        labels=charts.month_labels([each.month for each in months]),
        series=[Series("Mean score", [each.score for each in months])],
        alt="Mean satisfaction of the owners at the end of each month, out of 5",
        empty="No owner was asked yet: record a survey on an owner's page.",
        name="home-satisfaction",
        money=False,
        height=300,
        page=places.FEEDBACK,
        opens=lambda label, _: places.scores(months[label].month, **of),
    )
    charts.lines(chart, between=charts.around(chart.series[0].values, lowest=1, highest=5))


def visits(hospitals: Sequence[HospitalVisits], days: int) -> None:
    """The busiest hospitals: visits that were not missed, and those that were."""
    shown = hospitals[:_MOST_BARS]
    first, last = first_day(days), lagos_today()
    chart = Chart(
        labels=[each.name for each in shown],
        series=[
            Series("Booked", [each.total for each in shown], Tone.TEAL),
        ],
        alt=f"Visits of the last {days} days by hospital, the busiest first",
        empty="No visits in these days: book one on the page Appointments.",
        name="home-visits",
        money=False,
        height=max(160, 60 + 28 * len(shown)),
        page=places.VISITS,
        opens=lambda label, _: places.visits(first, last, hospital=shown[label].key),
    )
    charts.bars(chart, sideways=True, notes=[_note(each) for each in shown])
    if any(each.missed for each in shown):
        st.caption("All visits that were booked · those that were missed.")


def _note(each: HospitalVisits) -> str:
    return f"{each.total:,} · {each.missed:,}" if each.missed else f"{each.total:,}"

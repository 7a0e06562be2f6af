"""Missed visits, lead time and how full doctors are; every bar opens its rows."""

from collections.abc import Mapping, Sequence
from datetime import date

import streamlit as st

from crm_core.appointments.figures import LONGEST, appointment_stats
from crm_core.appointments.schemas import (
    FIRST_DAY,
    AppointmentFigures,
    AppointmentStats,
    StatsBy,
    StatsFilter,
)
from crm_core.base.clock import lagos_today
from crm_core.people.schemas import Actor
from crm_core.ui import address_bar, cards, charts
from crm_core.ui.appointments import listing
from crm_core.ui.cards import Card
from crm_core.ui.charts import Chart, Series
from crm_core.ui.formatting import period
from crm_core.ui.page import load
from crm_core.ui.states import Tone

_LABELS = {StatsBy.DOCTOR: "By doctor", StatsBy.WEEKDAY: "By weekday", StatsBy.DAY: "By day"}
_MOST_BARS = 31
_NO_DOCTOR = "0"
_CHARTS: Sequence[tuple[str, str, str, Tone]] = (
    ("Missed, in per cent", "no_show_rate", "no_show", Tone.ROSE),
    ("Booked of the open time, in per cent", "utilisation", "", Tone.TEAL),
    ("Days from booking to the visit", "lead_days", "", Tone.INDIGO),
)


def show(_: Actor) -> None:
    """The tab Figures."""
    with st.grid(3, min_column_width=160):
        options = {by.value: label for by, label in _LABELS.items()}
        by = address_bar.choice("by", "Shown", options, any_label="By hospital")
        first = address_bar.day("from", "From", since=FIRST_DAY)
        last = address_bar.day("to", "To", since=FIRST_DAY)
    asked = StatsFilter(
        by=StatsBy(by or StatsBy.HOSPITAL),
        date_from=first,
        date_to=max(first, last) if first and last else last,
        limit=LONGEST if by == StatsBy.DAY else _MOST_BARS + 1,
    )
    with load() as session:
        stats = appointment_stats(session, asked)
    if asked.by is not StatsBy.DAY and len(stats.rows) > _MOST_BARS:
        stats = stats.model_copy(update={"rows": stats.rows[:_MOST_BARS]})
        st.caption(f"The {_MOST_BARS} with the most visits.")
    st.text(period(stats.date_from, stats.date_to))
    cards.show(_cards(stats), columns=4)
    with st.grid(2, min_column_width=340):
        for title, name, status, tone in _CHARTS:
            with st.container(border=True, height="stretch"):
                st.subheader(title, anchor=False)
                _chart(stats, asked.by, (title, name, status, tone))


def _cards(stats: AppointmentStats) -> list[Card]:
    total, days = stats.total, (stats.date_from, stats.date_to)
    return [
        Card("Visits", f"{total.total:,}", opens=_rows(days)),
        Card("Completed", f"{total.completed:,}", opens=_rows(days, status="completed")),
        Card(
            "Missed",
            _percent(total.no_show_rate),
            opens=_rows(days, status="no_show"),
            action=f"{total.missed:,} visits",
            help="Of the visits that were either kept or missed.",
        ),
        Card(
            "Booked of the open time",
            _percent(total.utilisation),
            help="Booked minutes of the minutes that doctors were open for, leave taken out.",
        ),
    ]


def _chart(stats: AppointmentStats, by: StatsBy, what: tuple[str, str, str, Tone]) -> None:
    title, name, status, tone = what
    rows = stats.rows
    scale = 1 if name == "lead_days" else 100
    values = [
        None if (value := getattr(row, name)) is None else round(value * scale, 1) for row in rows
    ]
    sideways = len(rows) <= _MOST_BARS
    chart = Chart(
        labels=[row.name for row in rows],
        series=[Series(title, values, tone)],
        alt=f"{title}, {_LABELS.get(by, 'by hospital').lower()}",
        empty="No visit in this time: choose other days.",
        name=f"visits-{name}",
        money=False,
        height=max(220, 34 * len(rows)) if sideways else 320,
        opens=lambda place, _: opens(stats, by, rows[place], status),
    )
    notes = ["–" if v is None else f"{v}" for v in values] if sideways else []
    charts.bars(chart, sideways=sideways, notes=notes)


def opens(
    stats: AppointmentStats, by: StatsBy, row: AppointmentFigures, status: str
) -> Mapping[str, str | None]:
    """Where the rows of a bar are."""
    days = (stats.date_from, stats.date_to)
    if by is StatsBy.DAY:
        day = date.fromisoformat(row.key)
        return _rows((day, day), status=status)
    if by is StatsBy.DOCTOR and row.key == _NO_DOCTOR:
        return _rows(days, status=status) | {"no-doctor": "yes"}
    return _rows(days, status=status) | {by.value: row.key}


def _rows(days: tuple[date, date], *, status: str = "") -> dict[str, str | None]:
    """The list of all visits of these days; one that lies ahead is among them."""
    first, last = days
    return {
        **dict.fromkeys(listing.FIELDS),  # a filter of before would hide some of them
        "tab": "all-visits",
        "from": f"{first}",
        "to": f"{min(last, lagos_today()) if status else last}",
        "status": status or None,
    }


def _percent(share: object) -> str:
    return "–" if share is None else f"{float(str(share)):.0%}"

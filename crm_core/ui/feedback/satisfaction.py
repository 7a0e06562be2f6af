"""Satisfaction: CSAT and NPS by month and place, times against targets, topics over time."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial

import streamlit as st

from crm_core.base.clock import last_months
from crm_core.feedback.figures import queries
from crm_core.feedback.figures.schemas import (
    Figures,
    MonthFigures,
    PlaceFigures,
    StatsFilter,
)
from crm_core.hospitals.queries import all_hospitals
from crm_core.people.schemas import Actor
from crm_core.ui import address_bar, cards, charts, tables
from crm_core.ui.cards import Card
from crm_core.ui.charts import Chart, Series
from crm_core.ui.feedback import targets, words
from crm_core.ui.feedback.listing import opens_counted
from crm_core.ui.page import load
from crm_core.ui.states import Tone

MONTHS = 12
_TONES = [Tone.TEAL, Tone.AMBER, Tone.INDIGO, Tone.ROSE, Tone.SKY, Tone.LIME, Tone.GREY]
_CLOSER = {
    "hospital": "Hospitals",
    "department": "Departments",
    "owner": "Owners of the hospitals",
    "topics": "Topics over time",
    "targets": "Against the targets",
}
_COLUMNS = {
    "Name": tables.text(width=230),
    "CSAT %": tables.progress(most=100, written="%.0f", width=140),
    "NPS": tables.text(width=60),
    "Stars": tables.text(width=60),
    "Ratings": tables.number(width=75),
    "Pieces": tables.number(width=75),
    "Answered in time": tables.text(width=120),
    "Resolved in time": tables.text(width=120),
}


def show(_: Actor) -> None:
    """The last twelve months, of everything or of one hospital."""
    with load() as session:
        hospitals = {str(place.id): place.name for place in all_hospitals(session)}
    with st.grid(3, min_column_width=200):
        address_bar.choice("hospital", "Hospital", hospitals, any_label="All hospitals")
    filters = StatsFilter(months=MONTHS, hospital_id=address_bar.number("hospital"))
    with load() as session:
        totals = queries.totals(session, filters)
        by_month = queries.by_month(session, filters)
        worst = queries.worst_topics(session, filters)
    cards.show(_cards(filters, totals, by_month))
    with st.grid(2, min_column_width=340):
        _boxed("CSAT and NPS by month", partial(_trend, filters, by_month))
        _boxed("What drags satisfaction down", partial(_worst, filters, worst))
    with st.container(border=True):
        _closer(filters)


def _boxed(title: str, draw: Callable[[], None]) -> None:
    with st.container(border=True, height="stretch"):
        st.subheader(title, anchor=False)
        draw()


def months() -> list[date]:
    """First days of the months that the figures show."""
    return last_months(MONTHS)


def _cards(filters: StatsFilter, totals: Figures, by_month: Sequence[MonthFigures]) -> list[Card]:
    scores = [each.csat for each in by_month if each.csat is not None]
    return [
        Card(
            "CSAT",
            percent(totals.csat),
            trend=scores,
            help="Share of ratings of 4 and 5 stars in the last twelve months.",
            opens=opens_counted(filters, rated="yes"),
            action="See the ratings",
        ),
        Card(
            "NPS",
            "–" if totals.nps is None else f"{totals.nps:+.0f}",
            help="Who would recommend us (9, 10) less who would not (0 to 6), of a hundred.",
            opens=opens_counted(filters, scored="yes"),
            action="See the scores",
        ),
        Card(
            "First answer",
            words.hours(_mean(totals.response_minutes, totals.responded)),
            f"{percent(totals.answered_in_time)} in time",
            note="",
            neutral=True,
            help="Working time on average.",
            opens=opens_counted(filters, late="response"),
            action="See the late ones",
        ),
        Card(
            "Resolution",
            words.hours(_mean(totals.resolution_minutes, totals.resolved)),
            f"{percent(totals.resolved_in_time)} in time",
            note="",
            neutral=True,
            help="Working time on average, all rounds of a reopened case together.",
            opens=opens_counted(filters, late="resolution"),
            action="See the late ones",
        ),
    ]


def percent(share: Decimal | None) -> str:
    """``87 %``; a dash where there is nothing to share."""
    return "–" if share is None else f"{share:.0f} %"


def _mean(minutes: int, count: int) -> float | None:
    return minutes / count if count else None


def _trend(filters: StatsFilter, by_month: Sequence[MonthFigures]) -> None:
    known = {each.month: each for each in by_month}
    shown = [known.get(first) for first in months()]
    csat = [_tenths(each.csat) if each else None for each in shown]
    nps = [_tenths(each.nps) if each else None for each in shown]
    chart = Chart(
        labels=charts.month_labels(months()),
        series=[Series("CSAT %", csat), Series("NPS", nps, Tone.INDIGO)],
        alt="Share of content ratings and net promoter score by month",
        empty="Nobody has given stars in the last year.",
        name="feedback-csat",
        money=False,
        opens=lambda label, series: opens_counted(
            filters, month=f"{months()[label]:%Y-%m}", **{("rated", "scored")[series]: "yes"}
        ),
    )
    charts.lines(chart)


def _tenths(value: Decimal | None) -> float | None:
    return None if value is None else round(float(value), 1)


def _worst(filters: StatsFilter, worst: Sequence[PlaceFigures]) -> None:
    chart = Chart(
        labels=[(each.name or "No category").capitalize() for each in worst],
        series=[Series("1 and 2 stars", [each.unsatisfied for each in worst], Tone.ROSE)],
        alt="Ratings of one and two stars by category",
        empty="Nobody was discontent in the last year.",
        name="feedback-worst",
        money=False,
        opens=lambda label, _: opens_counted(filters, band="unsatisfied", **_of(worst[label].name)),
    )
    notes = [f"{each.unsatisfied:,} of {each.ratings:,}" for each in worst]
    charts.bars(chart, sideways=True, notes=notes)


def _of(category: str) -> Mapping[str, str]:
    return {"category": category} if category else {"without": "category"}


def _topics(filters: StatsFilter) -> None:
    with load() as session:
        topics = queries.topics(session, filters)
    names = list(dict.fromkeys(each.category for each in topics))
    counts = {(each.category, each.month): each.pieces for each in topics}
    chart = Chart(
        labels=charts.month_labels(months()),
        series=[
            Series(
                (name or "No category").capitalize(),
                [counts.get((name, first), 0) for first in months()],
                tone,
            )
            for name, tone in zip(names, _TONES, strict=False)
        ],
        alt="Pieces of feedback by category and month",
        empty="There was no feedback in the last year.",
        name="feedback-topics",
        money=False,
        height=340,
        opens=lambda label, series: opens_counted(
            filters, month=f"{months()[label]:%Y-%m}", **_of(names[series])
        ),
    )
    charts.bars(chart)


def _closer(filters: StatsFilter) -> None:
    """One thing at a time: a chart more costs as much as a whole table."""
    st.subheader("Look closer", anchor=False)
    with st.grid(3, min_column_width=200):
        chosen = address_bar.choice("by", "At", _CLOSER, any_label="Months") or "month"
    if chosen == "topics":
        _topics(filters)
    elif chosen == "targets":
        targets.show(filters)
    else:
        _places(filters, chosen)


def _places(filters: StatsFilter, chosen: str) -> None:
    with load() as session:
        if chosen == "month":
            found: Sequence[Figures] = queries.by_month(session, filters)
        else:
            found = _READS[chosen](session, filters)
    shown = [each for each in found if isinstance(each, MonthFigures | PlaceFigures)]
    tables.pick_one(
        tables.Table(
            rows=[_row(each) for each in shown],
            columns=_COLUMNS,
            ids=list(range(len(shown))),
            alt=f"Satisfaction by {chosen}",
            empty="There was no feedback in the last year.",
            name=f"places-{chosen}",
        ),
        opens=lambda place: _opens(filters, chosen, shown[place]),
    )


_READS = {
    "hospital": queries.by_hospital,
    "department": queries.by_department,
    "owner": queries.by_owner,
}


def _opens(
    filters: StatsFilter, chosen: str, row: MonthFigures | PlaceFigures
) -> Mapping[str, str | None]:
    if isinstance(row, MonthFigures):
        return opens_counted(filters, month=f"{row.month:%Y-%m}")
    if chosen == "owner":
        return {"tab": "owner-scores", "owner-score": str(row.id)}
    return opens_counted(filters, **({chosen: str(row.id)} if row.id else {"without": chosen}))


def _row(each: MonthFigures | PlaceFigures) -> dict[str, object]:
    return {
        "Name": each.name if isinstance(each, PlaceFigures) else f"{each.month:%B %Y}",
        "CSAT %": each.csat,
        "NPS": "–" if each.nps is None else f"{each.nps:+.0f}",
        "Stars": "–" if each.average_rating is None else f"{each.average_rating:.1f}",
        "Ratings": each.ratings,
        "Pieces": each.pieces,
        "Answered in time": percent(each.answered_in_time),
        "Resolved in time": percent(each.resolved_in_time),
    }

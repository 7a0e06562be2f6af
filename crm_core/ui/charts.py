"""The one way to draw a chart: Plotly from plain dictionaries, in the theme's own colours.

Colours are places in the theme's palette (``Tone.on_charts``), which the browser fills in for
light or dark; nothing here asks which theme is on. A click on a bar or point opens its rows.

    chart = Chart(
        labels=["Sep 2026", "Oct 2026"],
        series=[Series("Paid", [Decimal(4_500_000), Decimal(5_100_000)], Tone.TEAL)],
        alt="Payouts by month and state, in naira", empty="No payouts in the last year.",
        opens=lambda label, series: {"tab": "all-payouts", "month": months[label]},
    )
    bars(chart)
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import streamlit as st

from crm_core.base.money import naira, naira_short
from crm_core.ui import address_bar, leaving, tables
from crm_core.ui.bar_names import beside_bars, in_lines
from crm_core.ui.states import Tone

Figure = dict[str, Any]  # a piece of Plotly's own JSON

_FILL = "rgba(20,150,138,.13)"  # pale on light and on dark
_FADED = "#000039"  # the chart theme's word for faded text


@dataclass(frozen=True)
class Series:
    """One line or one kind of bars: a value a label, None where there is none."""

    name: str
    values: Sequence[Decimal | float | int | None]
    tone: Tone = Tone.TEAL


@dataclass(frozen=True)
class Chart:
    """What a chart shows.

    Attributes:
        alt: what it shows, for people who do not see it.
        empty: what to do next where there are no values.
        name: tells two charts of one page apart.
        money: the values are naira.
        opens: place of the label and of the series → parameters of the address for their rows.
        page: file of another page that shows the rows, such as ``pages/payouts.py``.
    """

    labels: Sequence[str]
    series: Sequence[Series]
    alt: str
    empty: str
    name: str = "chart"
    money: bool = True
    height: int = 300
    opens: Callable[[int, int], Mapping[str, str | None] | None] | None = None
    page: str = ""


def bars(chart: Chart, *, sideways: bool = False, notes: Sequence[str] = ()) -> None:
    """Bars, stacked where there are several series.

    Args:
        sideways: for a few named things; else time from left to right.
        notes: what stands at the end of each bar; with one series only.
    """
    traces = [_bar(chart, series, sideways, notes) for series in chart.series]
    draw(chart, traces, _sideways(chart, notes) if sideways else _upright(chart))


def bars_by_label(chart: Chart, tones: Sequence[Tone], *, notes: Sequence[str] = ()) -> None:
    """Sideways bars of one series, each in the tone of what it stands for."""
    trace = _bar(chart, chart.series[0], True, notes)
    trace["marker"] = {**trace["marker"], "color": [tone.on_charts for tone in tones]}
    draw(chart, [trace], _sideways(chart, notes))


def lines(
    chart: Chart,
    *,
    between: tuple[float, float] | None = None,
    target: tuple[str, float] | None = None,
) -> None:
    """Lines over time, the first one with its area filled.

    Args:
        between: the axis's ends, such as (0, 5) for a score; as the values have it otherwise.
        target: a dashed line with its name.
    """
    traces = [_line(chart, series, first=n == 0) for n, series in enumerate(chart.series)]
    layout = _upright(chart)
    if between:
        layout["yaxis"] |= {"range": list(between)}
    if target:
        layout |= _target(*target)
    draw(chart, traces, layout)


def draw(chart: Chart, traces: Sequence[Figure], layout: Figure) -> None:
    """Draws what another module of the kit has made of the chart, and opens its rows."""
    leaving.follow()
    if not any(any(series.values) for series in chart.series):
        tables.nothing(chart.empty)
        return
    figure = {"data": list(traces), "layout": layout}
    config = {"displayModeBar": False}
    if chart.opens is None:
        st.plotly_chart(figure, key=f"chart-{chart.name}", config=config, alt=chart.alt)
        return
    st.plotly_chart(
        figure,
        key=_key(chart),
        config=config,
        alt=chart.alt,
        selection_mode="points",
        on_select=lambda: _opened(chart),
    )


def month_labels(months: Sequence[date]) -> list[str]:
    """``Sep``, with the year under each January and under a first month that is not beside one.

    Beyond a year every month has its year.
    """
    with_year = len(months) > 12
    return [
        f"{each:%b}<br>{each:%Y}"
        if with_year or each.month == 1 or (n == 0 and each.month != 12)
        else f"{each:%b}"
        for n, each in enumerate(months)
    ]


def around(
    values: Sequence[Decimal | float | None], *, lowest: float, highest: float
) -> tuple[float, float]:
    """An axis that leaves a little room around the values: small changes of a score are seen."""
    known = [float(value) for value in values if value is not None]
    if not known:
        return lowest, highest
    return max(lowest, min(known) - 0.3), min(highest, max(known) + 0.2)


def note(amount: Decimal, count: int) -> str:
    """``412 · ₦61.2m``: what stands at the end of a bar."""
    return f"{count:,} · {naira_short(amount)}"


def _bar(chart: Chart, series: Series, sideways: bool, notes: Sequence[str]) -> Figure:
    labels, values = _told_apart(chart.labels), [_float(value) for value in series.values]
    labels = [in_lines(label) for label in labels] if sideways else labels
    return {
        "type": "bar",
        "name": series.name,
        "orientation": "h" if sideways else "v",
        "x": values if sideways else labels,
        "y": labels if sideways else values,
        "marker": {"color": series.tone.on_charts, "cornerradius": 5},
        "textposition": "outside" if notes else "none",
        "text": list(notes),
        "cliponaxis": False,
        "customdata": [_written(value, chart.money) for value in series.values],
        "hovertemplate": f"%{{label}}: %{{customdata}}<extra>{series.name}</extra>",
    }


def _told_apart(labels: Sequence[str]) -> list[str]:
    """Two of one name would be drawn as one bar: the second one is ``Name (2)``."""
    seen: Counter[str] = Counter()
    told = []
    for label in labels:
        seen[label] += 1
        told.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return told


def _line(chart: Chart, series: Series, *, first: bool) -> Figure:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": series.name,
        "x": list(chart.labels),
        "y": [_float(value) for value in series.values],
        # Straight from month to month: a smoothed line dips below nought where nothing was.
        "line": {"color": series.tone.on_charts, "width": 2.5},
        "marker": {"size": 6},
        "fill": "tozeroy" if first else "none",
        "fillcolor": _FILL,
        "connectgaps": True,
        "customdata": [_written(value, chart.money) for value in series.values],
        "hovertemplate": f"%{{x}}: %{{customdata}}<extra>{series.name}</extra>",
    }


def _upright(chart: Chart) -> Figure:
    legend = len(chart.series) > 1
    lines = max((label.count("<br>") + 1 for label in chart.labels), default=1)
    return {
        **_layout(chart),
        "margin": {"l": _SCALE, "r": 8, "t": 40 if legend else 8, "b": _LINE * lines + 10},
        "xaxis": {**_AXIS, "type": "category", "tickangle": 0},
        "yaxis": {**_AXIS, **_scale(chart), "showgrid": True, "nticks": 6},
    }


def _sideways(chart: Chart, notes: Sequence[str]) -> Figure:
    longest = max((_float(v) or 0 for series in chart.series for v in series.values), default=0)
    written, legend = max(map(len, notes), default=0), len(chart.series) > 1
    return {
        **_layout(chart),
        "margin": {"l": beside_bars(chart.labels), "r": 8, "t": 40 if legend else 8, "b": 8},
        "xaxis": {
            **_AXIS,
            "showticklabels": False,
            "zeroline": False,
            # Room for what stands at the end of the bars, also on a phone.
            "range": [0, longest * (1.3 + 0.04 * written)],
        },
        "yaxis": {**_AXIS, "autorange": "reversed", "ticks": ""},
    }


def _layout(chart: Chart) -> Figure:
    return {
        "height": chart.height,
        "barmode": "stack",
        "bargap": 0.35,
        "showlegend": len(chart.series) > 1,
        "legend": {**_LEGEND, "traceorder": "normal"},
        "hoverlabel": {"namelength": -1},
        "dragmode": False,
        "clickmode": "event+select",
    }


_LEGEND = {"orientation": "h", "x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom"}
# Margins are given: Plotly's automargin draws every chart a second time.
_SCALE, _LINE = 46, 16
_AXIS = {"automargin": False, "fixedrange": True, "showgrid": False, "title": {"text": ""}}


def _scale(chart: Chart) -> Figure:
    return {"tickprefix": "₦", "tickformat": "~s", "rangemode": "tozero"} if chart.money else {}


def _target(label: str, value: float) -> Figure:
    line = {"color": _FADED, "width": 1, "dash": "dash"}
    ends = {"xref": "paper", "x0": 0, "x1": 1, "y0": value, "y1": value}
    words = {"text": label, "xref": "paper", "x": 0, "xanchor": "left", "y": value}
    return {
        "shapes": [{"type": "line", **ends, "line": line}],
        "annotations": [{**words, "yanchor": "bottom", "showarrow": False}],
    }


def _opened(chart: Chart) -> None:
    points = st.session_state[_key(chart)]["selection"]["points"]
    if not points or chart.opens is None:
        return
    params = chart.opens(int(points[0]["point_index"]), int(points[0]["curve_number"]))
    # A chart under a new key has nothing selected when the person comes back to it.
    st.session_state[f"chart-{chart.name}-clicks"] = _clicks(chart) + 1
    if params is None:
        return
    if chart.page:
        leaving.leave(chart.page, params)
    else:
        address_bar.go(params)


def _key(chart: Chart) -> str:
    return f"chart-{chart.name}-{_clicks(chart)}"


def _clicks(chart: Chart) -> int:
    return int(st.session_state.get(f"chart-{chart.name}-clicks", 0))


def _float(value: Decimal | float | int | None) -> float | None:
    return None if value is None else float(value)


def _written(value: Decimal | float | int | None, money: bool) -> str:
    if value is None:
        return "–"
    return naira(Decimal(value)) if money else f"{value:,}"

"""A grid of shares as a chart: the more, the darker; a click on a cell opens its rows."""

from collections.abc import Sequence

from crm_core.ui import charts
from crm_core.ui.bar_names import beside_bars, in_lines
from crm_core.ui.charts import Chart, Figure, Series

_LEAST, _MOST = 0.08, 0.72  # how dark a cell may be for its text to be read in both themes


def grid(chart: Chart, *, columns: Sequence[str], notes: Sequence[str]) -> None:
    """A row a label and a column a series; shares from 0 to 1, None where there is no cell.

    Args:
        columns: what stands over each column.
        notes: what is said of each row when it is pointed at.
    """
    highest = max((float(v) for s in chart.series for v in s.values if v is not None), default=0)
    traces = [_column(chart, series, highest, notes) for series in chart.series]
    charts.draw(chart, traces, _layout(chart, columns))


def _column(chart: Chart, series: Series, highest: float, notes: Sequence[str]) -> Figure:
    shares = [None if value is None else float(value) for value in series.values]
    return {
        "type": "bar",
        "name": series.name,
        "orientation": "h",
        "y": [in_lines(label) for label in chart.labels],
        # Cells are bars of one length, stacked; a cell that does not exist yet has none.
        "x": [None if share is None else 1 for share in shares],
        "marker": {
            "color": [_shade(share, highest) for share in shares],
            "cornerradius": 4,
            "line": {"width": 0},
        },
        "text": ["" if share is None else f"{share:.0%}" for share in shares],
        "textposition": "inside",
        "insidetextanchor": "middle",
        "textangle": 0,
        "textfont": {"color": _INK},
        "customdata": [
            "" if share is None else f"{share:.1%} {note}"
            for share, note in zip(shares, notes, strict=True)
        ],
        "hovertemplate": f"%{{label}}: %{{customdata}}<extra>{series.name}</extra>",
    }


def _shade(share: float | None, highest: float) -> str:
    depth = _LEAST + (_MOST - _LEAST) * (share or 0) / (highest or 1)
    return f"rgba(20,150,138,{depth:.2f})"


def _layout(chart: Chart, columns: Sequence[str]) -> Figure:
    plain = {"automargin": False, "fixedrange": True, "showgrid": False, "zeroline": False}
    places = [n + 0.5 for n in range(len(columns))]
    return {
        "height": chart.height,
        "barmode": "stack",
        "bargap": 0.08,
        "showlegend": False,
        "dragmode": False,
        "clickmode": "event+select",
        "hoverlabel": {"namelength": -1},
        "margin": {"l": beside_bars(chart.labels), "r": 8, "t": 30, "b": 8},
        "xaxis": {
            **plain,
            "side": "top",
            "tickvals": places,
            "ticktext": list(columns),
            "range": [0, len(columns)],
        },
        "yaxis": {**plain, "type": "category", "autorange": "reversed", "ticks": ""},
    }


_INK = "#000037"  # the chart theme's word for text

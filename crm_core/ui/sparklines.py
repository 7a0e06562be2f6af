"""Sparklines: the past of a figure as a small picture without axes, for the foot of a card.

Drawn here as SVG: a chart of ``st.metric`` costs the browser five times as much, and the home page
has a dozen.
"""

import base64
from collections.abc import Sequence
from typing import Literal

import streamlit as st

Kind = Literal["line", "area", "bar"]
Mood = Literal["good", "bad", "neutral"]

_WIDTH, _HEIGHT, _EDGE = 100.0, 32.0, 1.5
_GAP = 0.3  # of a bar's place
# Seen on light and on dark grounds; near the colours in which Streamlit writes a change.
_COLOURS: dict[Mood, str] = {"good": "#1a9445", "bad": "#e0475a", "neutral": "#7a8280"}


def show(points: Sequence[float], kind: Kind, mood: Mood) -> None:
    """Draws the points, oldest first and at least two, as wide as there is room."""
    colour = _COLOURS[mood]
    shapes = _bars(points, colour) if kind == "bar" else _line(points, colour, kind == "area")
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" '
        f'preserveAspectRatio="none">{shapes}</svg>'
    )
    # As an image, for st.html takes drawings out of the page.
    data = base64.b64encode(svg.encode()).decode()
    st.html(
        f'<img alt="" src="data:image/svg+xml;base64,{data}" '
        'style="display:block;width:100%;height:2.6rem">'
    )


def _bars(points: Sequence[float], colour: str) -> str:
    highest, lowest = max(0.0, *points), min(0.0, *points)
    scale = _HEIGHT / ((highest - lowest) or 1.0)
    place = _WIDTH / len(points)
    # One path for all of them: the browser looks each element over before it draws it.
    wide = place * (1 - _GAP)
    way = "".join(
        f"M{(n + _GAP / 2) * place:.2f} {(highest - max(point, 0.0)) * scale:.2f}"
        f"h{wide:.2f}v{abs(point) * scale:.2f}h-{wide:.2f}z"
        for n, point in enumerate(points)
    )
    return f'<path d="{way}" fill="{colour}"/>'


def _line(points: Sequence[float], colour: str, filled: bool) -> str:
    lowest, highest = min(points), max(points)
    scale = (_HEIGHT - 2 * _EDGE) / ((highest - lowest) or 1.0)
    step = _WIDTH / (len(points) - 1)
    way = " ".join(
        f"{n * step:.2f},{_HEIGHT - _EDGE - (point - lowest) * scale:.2f}"
        for n, point in enumerate(points)
    )
    ground = f"0,{_HEIGHT:.0f} {way} {_WIDTH:.0f},{_HEIGHT:.0f}"
    area = f'<polygon points="{ground}" fill="{colour}" opacity=".12"/>' if filled else ""
    return (
        f'{area}<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="2" '
        'stroke-linejoin="round" vector-effect="non-scaling-stroke"/>'
    )

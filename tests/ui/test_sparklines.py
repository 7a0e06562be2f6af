"""Sparklines: every point has its place, whatever its sign; one that never moves is drawn, too."""

import base64
import re
from collections.abc import Sequence

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Element

from crm_core.ui.sparklines import Kind


def drawn(points: Sequence[float], kind: Kind) -> str:
    """The picture of these points."""
    page = AppTest.from_string(
        "from crm_core.ui import sparklines\n"
        f"sparklines.show({list(points)!r}, {kind!r}, 'neutral')"
    ).run()
    (element,) = page.get("html")
    assert isinstance(element, Element)
    (data,) = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', str(element.proto.body))
    return base64.b64decode(data).decode()


def bars(svg: str) -> list[tuple[float, float]]:
    """Where each bar begins, from above, and how far down it goes."""
    (way,) = re.findall(r'<path d="([^"]+)"', svg)
    found = re.findall(r"M[\d.]+ ([\d.]+)h[\d.]+v([\d.]+)", way)
    return [(float(top), float(height)) for top, height in found]


def test_bars_are_as_high_as_their_values_and_stand_on_nought() -> None:
    drawn_bars = bars(drawn([1, 2, 4], "bar"))
    assert [height for _, height in drawn_bars] == [8.0, 16.0, 32.0]
    assert [top + height for top, height in drawn_bars] == [32.0, 32.0, 32.0]


def test_what_is_below_nought_hangs_from_it() -> None:
    assert bars(drawn([-1, 1], "bar")) == [(16.0, 16.0), (0.0, 16.0)]


@pytest.mark.parametrize("kind", ["line", "area"])
def test_a_line_goes_from_edge_to_edge_and_up_where_the_figure_grows(kind: Kind) -> None:
    (way,) = re.findall(r'<polyline points="([^"]+)"', drawn([1, 2, 3], kind))
    places = [tuple(map(float, each.split(","))) for each in way.split()]
    assert [x for x, _ in places] == [0.0, 50.0, 100.0]
    assert [y for _, y in places] == sorted((y for _, y in places), reverse=True)
    assert all(0 <= y <= 32 for _, y in places)


@pytest.mark.parametrize("kind", ["line", "area", "bar"])
@pytest.mark.parametrize("points", [[0, 0], [5, 5, 5]])
def test_a_figure_that_never_moves_is_drawn(points: list[float], kind: Kind) -> None:
    assert "<svg" in drawn(points, kind)

"""Satisfaction: every figure opens exactly the rows that it counts, of one hospital or of all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from crm_core.base.clock import utc_now
from crm_core.feedback import queries
from crm_core.feedback.schemas import FeedbackFilter
from crm_core.people.schemas import Role
from crm_core.ui import cards, charts, tables
from crm_core.ui.cards import Card
from crm_core.ui.charts import Chart
from crm_core.ui.feedback.listing import FIELDS
from crm_core.ui.tables import Table
from tests import make_feedback as make
from tests.feedback.acts import merge
from tests.make_business import make_hospital
from tests.make_feedback import make_feedback
from tests.observe import sql

Params = Mapping[str, str | None]


@dataclass
class Shown:
    """What the page drew: its cards, charts and tables."""

    cards: dict[str, Card] = field(default_factory=dict)
    charts: dict[str, Chart] = field(default_factory=dict)
    tables: dict[str, tuple[Table, Callable[[int], Params]]] = field(default_factory=dict)


Figures = Callable[..., Shown]


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch, visit: Callable[..., AppTest]) -> Figures:
    """``figures(by="hospital")``: what the figures' page shows at that address."""
    seen = Shown()
    draw, show, pick = charts.draw, cards.show, tables.pick_one

    def drawn(chart: Chart, *rest: object) -> None:
        seen.charts[chart.name] = chart
        draw(chart, *rest)  # type: ignore[arg-type] # handed on as it came

    def carded(given: list[Card], **more: int) -> None:
        seen.cards |= {card.label: card for card in given}
        show(given, **more)

    def picked(table: Table, *, opens: Callable[[int], Params], **more: str) -> None:
        seen.tables[table.name] = (table, opens)
        pick(table, opens=opens, **more)

    monkeypatch.setattr(charts, "draw", drawn)
    monkeypatch.setattr(cards, "show", carded)
    monkeypatch.setattr(tables, "pick_one", picked)

    def looked_at(**address: object) -> Shown:
        visit("pages/feedback.py", Role.ANALYST, tab="satisfaction", **address)
        return seen

    return looked_at


@pytest.fixture
def hospital(session: Session) -> int:
    """One of two hospitals with feedback of every kind, besides what names no place."""
    ids = [make_hospital(session).id for _ in range(2)]
    for place in (*ids, None):
        where = {} if place is None else {"hospital_id": place}
        for stars, category in ((5, "Food"), (1, "Food"), (2, None), (None, None)):
            make_feedback(session, rating=stars, nps=9, category=category, **where)
        first = make_feedback(session, rating=4, **where)
        giver = {"source_type": "patient", "source_id": first.source_id}
        merge(session, first.id, make_feedback(session, rating=1, **giver, **where).id)
        for late in (True, False, False):
            made = make_feedback(session, priority="high", **where)
            make.resolve(session, made.id)
            sql(
                session,
                "UPDATE crm_feedback SET resolution_late = :late, response_late = :late"
                " WHERE id = :id",
                late=late,
                id=made.id,
            )
        long_ago = utc_now() - timedelta(days=800)
        make.feedback_since(session, long_ago, rating=1, category="Food", **where)
    return ids[0]


def opened(session: Session, params: Params | None) -> int:
    """How many rows the list has at this address."""
    assert params is not None
    assert params["tab"] == "all-feedback"
    given = {
        FIELDS[name]: True if value == "yes" else value
        for name, value in params.items()
        if name in FIELDS and value
    }
    filters = FeedbackFilter.model_validate(given)
    return queries.list_queue(filters).page(session).total


@pytest.mark.parametrize("of", ["all", "one"])
@pytest.mark.parametrize("by", ["", "hospital", "department"])
def test_every_figure_opens_exactly_its_rows(
    figures: Figures, session: Session, hospital: int, of: str, by: str
) -> None:
    where = {"hospital": hospital} if of == "one" else {}
    for closer in ("topics", "targets"):
        figures(by=closer, **where)
    shown = figures(by=by, **where)
    places = 1 if of == "one" else 3
    counts = {"CSAT": 4, "NPS": 4, "First answer": 1, "Resolution": 1}
    for card, count in counts.items():
        assert opened(session, shown.cards[card].opens) == count * places, card
    for name in ("feedback-worst", "feedback-topics", "feedback-targets"):
        assert points(shown.charts[name])
        for label, series, value in points(shown.charts[name]):
            assert opened(session, opens(shown.charts[name], label, series)) == value, name
    table, way = shown.tables[f"places-{by or 'month'}"]
    for number, row in enumerate(table.rows):
        assert opened(session, way(number)) == row["Pieces"]


def test_a_point_of_a_score_opens_what_the_score_is_of(
    figures: Figures, session: Session, hospital: int
) -> None:
    shown = figures(hospital=hospital)
    this = len(shown.charts["feedback-csat"].labels) - 1
    of = [opened(session, opens(shown.charts["feedback-csat"], this, series)) for series in (0, 1)]
    assert of == [4, 4]


def test_the_list_says_what_a_figure_has_narrowed_and_leads_out_of_it(
    visit: Callable[..., AppTest], session: Session, hospital: int
) -> None:
    page = visit("pages/feedback.py", Role.ANALYST, tab="all-feedback", without="category")
    (button,) = [each for each in page.button if each.label.startswith("Only ")]
    assert button.label == "Only with no category named: show all"
    button.click().run()
    assert "without" not in page.query_params


def points(chart: Chart) -> list[tuple[int, int, object]]:
    """Place of the label, place of the series, and the value there, where it is not nothing."""
    return [
        (label, series, value)
        for series, each in enumerate(chart.series)
        for label, value in enumerate(each.values)
        if value
    ]


def opens(chart: Chart, label: int, series: int) -> Params | None:
    assert chart.opens is not None
    return chart.opens(label, series)

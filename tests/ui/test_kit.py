"""The parts that all pages share, where no page is needed to see them work."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from crm_core.payouts.schemas import PayoutStatus
from crm_core.ui import charts, formatting
from crm_core.ui.bar_names import beside_bars, in_lines
from crm_core.ui.forms import plain_amount
from crm_core.ui.states import TONES, Tone, tone_of


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("4,500,000", "4500000"),
        ("₦4,500,000.50", "4500000.50"),
        (" 4 500 000 ", "4500000"),
        ("four million", "fourmillion"),
        ("", ""),
    ],
)
def test_an_amount_may_be_typed_the_way_people_write_it(typed: str, kept: str) -> None:
    assert plain_amount(typed) == kept


def test_an_instant_is_told_on_the_clock_of_lagos() -> None:
    assert formatting.moment(datetime(2026, 11, 3, 13, 5, tzinfo=UTC)) == "3 Nov 2026, 14:05"


def test_a_period_repeats_no_month() -> None:
    first = date(2026, 11, 1)

    assert formatting.period(first, date(2026, 11, 30)) == "1 – 30 Nov 2026"
    assert formatting.period(first, date(2026, 12, 31)) == "1 Nov 2026 – 31 Dec 2026"


@pytest.mark.parametrize(
    ("fraction", "told"),
    [("0.0500", "5 %"), ("0.075", "7.5 %"), ("0.1000", "10 %"), ("0", "0 %"), ("1", "100 %")],
)
def test_a_rate_is_told_in_per_cent(fraction: str, told: str) -> None:
    assert formatting.percent(Decimal(fraction)) == told


def test_months_carry_their_year_where_it_changes() -> None:
    months = [date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)]

    assert charts.month_labels(months) == ["Dec", "Jan<br>2026", "Feb"]


@pytest.mark.parametrize("status", PayoutStatus)
def test_every_state_of_a_payout_has_a_colour(status: PayoutStatus) -> None:
    assert status.value in TONES


def test_states_on_their_way_are_told_apart_by_colour() -> None:
    on_the_way = ["pending", "failed", "approved", "processing", "unknown", "paid"]

    assert len({tone_of(status) for status in on_the_way}) == len(on_the_way)


def test_a_state_has_one_tone_by_code_and_by_label() -> None:
    assert tone_of("needs a reason") is tone_of("Needs a reason") is Tone.ROSE


def test_long_names_beside_bars_stand_in_lines_and_take_the_room_of_the_longest() -> None:
    name = "Port Harcourt Specialist Hospital"
    assert in_lines(name) == "Port Harcourt<br>Specialist Hospital"
    assert in_lines("Lagos") == "Lagos"
    assert beside_bars([name]) == beside_bars(["Specialist Hospital"]) > beside_bars(["Lagos"])
    assert beside_bars([]) > 0

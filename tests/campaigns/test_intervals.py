"""The interval of a difference: known values, and a simulation that it has to cover."""

import random
from math import sqrt

import pytest

from crm_core.campaigns.effects import Outcome, judge
from crm_core.campaigns.intervals import newcombe, wilson
from crm_core.campaigns.schemas import Conclusion, Goal, Group


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        # The worked examples of Newcombe's paper (method 10).
        ((56, 70), (48, 80), (0.2, 0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.6, 0.1705, 0.8090)),
        ((10, 10), (0, 10), (1.0, 0.6075, 1.0)),
        ((5, 56), (0, 29), (0.0893, -0.0381, 0.1926)),
    ],
)
def test_the_interval_is_that_of_the_literature(
    first: tuple[int, int], second: tuple[int, int], expected: tuple[float, float, float]
) -> None:
    assert newcombe(first, second) == pytest.approx(expected, abs=0.0002)


def test_wilsons_interval_stays_within_nothing_and_everything() -> None:
    assert wilson(0, 20)[0] == 0.0
    assert wilson(20, 20)[1] == 1.0
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=0.0001)


@pytest.mark.parametrize(
    ("people", "share", "control", "control_share"),
    [(900, 0.12, 100, 0.08), (450, 0.30, 50, 0.30), (2000, 0.05, 220, 0.03), (300, 0.5, 300, 0.4)],
)
def test_the_interval_covers_the_known_effect_as_often_as_it_promises(
    people: int, share: float, control: int, control_share: float
) -> None:
    lot, runs, covered = random.Random(20261124), 1500, 0
    for _ in range(runs):
        first = (_draw(lot, people, share), people)
        second = (_draw(lot, control, control_share), control)
        _, low, high = newcombe(first, second)
        covered += low <= share - control_share <= high

    # 95 %, give or take what chance allows in so many runs (four standard deviations).
    chance = 4 * sqrt(0.95 * 0.05 / runs)
    assert covered / runs == pytest.approx(0.95, abs=chance)


def _draw(lot: random.Random, people: int, share: float) -> int:
    """How many of the people did it."""
    return sum(lot.random() < share for _ in range(people))


def concluded(
    treated: tuple[int, int], control: tuple[int, int], goal: Goal, *, over: bool
) -> Conclusion:
    outcome = Outcome(
        goal=goal,
        days=14,
        treated=Group(people=treated[1], converted=treated[0]),
        control=Group(people=control[1], converted=control[0]),
        over=over,
    )
    return judge(outcome).conclusion


@pytest.mark.parametrize(
    ("treated", "control", "over", "expected"),
    [
        ((120, 900), (4, 100), False, Conclusion.MORE),
        ((20, 900), (10, 100), False, Conclusion.FEWER),
        ((90, 900), (10, 100), False, Conclusion.TOO_EARLY),
        ((90, 900), (10, 100), True, Conclusion.NO_DIFFERENCE),
        ((20, 25), (0, 25), True, Conclusion.TOO_EARLY),  # too few people
        ((7, 900), (0, 100), True, Conclusion.TOO_EARLY),  # too few conversions
        ((90, 900), (0, 0), True, Conclusion.NO_CONTROL),
    ],
)
def test_a_conclusion_is_drawn_only_where_it_can_be(
    treated: tuple[int, int], control: tuple[int, int], over: bool, expected: Conclusion
) -> None:
    assert concluded(treated, control, Goal.VISIT_COMPLETED, over=over) == expected
    assert concluded(treated, control, Goal.NONE, over=over) == Conclusion.NO_GOAL

"""Tiers: up at once, down one step a year, by hand until the review."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from crm_core.base.clock import lagos_today
from crm_core.base.errors import Conflict, Forbidden
from crm_core.loyalty import queries, service
from crm_core.loyalty.schemas import Tier, TierChange
from crm_core.loyalty.service.tiers import year_after
from tests.loyalty.acts import (
    adjust,
    age,
    books,
    earn,
    explain,
    ledger,
    merge,
    points,
    set_figure,
    set_tier,
    tier,
)
from tests.make_patients import DESK, make_patient
from tests.observe import sql


@pytest.fixture(autouse=True)
def whole_books(session: Session) -> object:
    yield
    assert books(session) == []


def review_on(session: Session, patient_id: int, *, days: int) -> None:
    sql(
        session,
        "UPDATE crm_loyalty_accounts SET review_on = :day WHERE id = :id",
        day=lagos_today() + timedelta(days),
        id=patient_id,
    )


def bonuses(session: Session, patient_id: int) -> list[int]:
    return [points for rule, points in ledger(session, patient_id) if rule == "tier_bonus"]


@pytest.mark.parametrize(
    ("earned", "reached"),
    [
        (499, "bronze"),
        (500, "silver"),
        (501, "silver"),
        (999, "silver"),
        (1000, "gold"),
        (1001, "gold"),
        (1999, "gold"),
        (2000, "platinum"),
        (2001, "platinum"),
    ],
)
def test_a_tier_is_reached_at_its_points(session: Session, earned: int, reached: str) -> None:
    member = make_patient(session)
    earn(session, member.id, earned - 1)
    earn(session, member.id, 1)
    assert tier(session, member.id) == reached
    assert explain(session, member.id).tier_points == earned


def test_a_rise_brings_its_bonus_once_and_the_bonus_does_not_count(session: Session) -> None:
    set_figure(session, "gold_from", 650)
    member = make_patient(session)
    earn(session, member.id, 500)
    assert (tier(session, member.id), bonuses(session, member.id)) == ("silver", [200])
    assert points(session, member.id) == 100 + 500 + 200
    assert explain(session, member.id).tier_points == 500
    earn(session, member.id, 150)
    earn(session, member.id, 10)
    assert (tier(session, member.id), bonuses(session, member.id)) == ("gold", [200, 500])


def test_neither_the_welcome_nor_a_correction_counts(session: Session) -> None:
    set_figure(session, "welcome", 5000)
    member = make_patient(session)
    adjust(session, member.id, 5000)
    earn(session, member.id, 1)
    assert tier(session, member.id) == "bronze"


def test_points_of_long_ago_do_not_count(session: Session) -> None:
    member = make_patient(session)
    earn(session, member.id, 499)
    age(session, member.id, 367)
    earn(session, member.id, 499)
    assert tier(session, member.id) == "bronze"
    earn(session, member.id, 1)
    assert tier(session, member.id) == "silver"


def test_the_review_goes_one_step_down_a_year(session: Session) -> None:
    member = make_patient(session)
    earn(session, member.id, 2000)
    age(session, member.id, 367)
    assert service.review_tiers(session) == 1
    assert tier(session, member.id) == "gold"
    assert service.review_tiers(session) == 0
    assert tier(session, member.id) == "gold"
    for below in ("silver", "bronze", "bronze"):
        review_on(session, member.id, days=0)
        service.review_tiers(session)
        assert tier(session, member.id) == below


def test_a_review_that_was_missed_for_years_takes_one_step(session: Session) -> None:
    member = make_patient(session)
    earn(session, member.id, 2000)
    age(session, member.id, 1500)
    assert [service.review_tiers(session) for _ in range(2)] == [1, 0]
    assert tier(session, member.id) == "gold"


def test_who_still_has_the_points_keeps_the_tier(session: Session) -> None:
    member = make_patient(session)
    earn(session, member.id, 1000)
    review_on(session, member.id, days=0)
    service.review_tiers(session)
    assert tier(session, member.id) == "gold"
    [movement] = queries.movements_of(session, member.id)
    assert (movement.old_tier, movement.new_tier) == ("bronze", "gold")


def test_nobody_is_reviewed_before_the_day(session: Session) -> None:
    member = make_patient(session)
    set_tier(session, member.id, "gold")
    review_on(session, member.id, days=1)
    assert service.review_tiers(session) == 0
    review_on(session, member.id, days=0)
    assert service.review_tiers(session) == 1
    assert tier(session, member.id) == "silver"


def test_the_review_works_through_more_than_a_batch(session: Session) -> None:
    for _ in range(5):
        review_on(session, make_patient(session).id, days=0)
    assert [service.review_tiers(session, limit=2) for _ in range(4)] == [2, 2, 1, 0]


def test_somebody_who_went_down_and_up_again_gets_no_second_bonus(session: Session) -> None:
    member = make_patient(session)
    earn(session, member.id, 500)
    age(session, member.id, 367)
    service.review_tiers(session)
    assert tier(session, member.id) == "bronze"
    earn(session, member.id, 500)
    assert (tier(session, member.id), bonuses(session, member.id)) == ("silver", [200])


def test_a_tier_by_hand_gives_the_bonus_and_its_reason(session: Session) -> None:
    member = make_patient(session)
    set_tier(session, member.id, "gold")
    explained = explain(session, member.id)
    assert explained.loyalty_tier == "gold"
    assert "a friend of the house" in explained.tier_reason
    assert bonuses(session, member.id) == [500]
    set_tier(session, member.id, "bronze")
    set_tier(session, member.id, "gold")
    assert bonuses(session, member.id) == [500]
    with pytest.raises(Conflict, match="gold already"):
        set_tier(session, member.id, "gold")


def test_a_higher_tier_by_hand_does_not_stop_a_rise(session: Session) -> None:
    member = make_patient(session)
    set_tier(session, member.id, "silver")
    earn(session, member.id, 999)
    assert tier(session, member.id) == "silver"
    earn(session, member.id, 1)
    assert tier(session, member.id) == "gold"


def test_a_lower_tier_by_hand_holds_until_the_review(session: Session) -> None:
    member = make_patient(session)
    earn(session, member.id, 1000)
    set_tier(session, member.id, "bronze")
    earn(session, member.id, 100)
    assert tier(session, member.id) == "bronze"
    review_on(session, member.id, days=0)
    service.review_tiers(session)
    assert tier(session, member.id) == "gold"
    assert bonuses(session, member.id) == [500]


def test_who_serves_at_the_desk_sets_no_tier(session: Session) -> None:
    member = make_patient(session)
    with pytest.raises(Forbidden):
        service.set_tier(session, member.id, TierChange(tier=Tier.GOLD), actor=DESK)


def test_points_of_both_records_reach_the_tier_together(session: Session) -> None:
    stays, gone = make_patient(session), make_patient(session)
    earn(session, stays.id, 500)
    earn(session, gone.id, 500)
    merge(session, stays.id, gone.id)
    assert tier(session, stays.id) == "gold"
    assert bonuses(session, stays.id) == [200, 500]


def test_a_bonus_of_the_merged_record_is_not_given_again(session: Session) -> None:
    stays, gone = make_patient(session), make_patient(session)
    earn(session, gone.id, 500)
    merge(session, stays.id, gone.id)
    assert (tier(session, stays.id), bonuses(session, stays.id)) == ("silver", [])
    assert points(session, stays.id) == 100 + 500 + 200


def test_a_merged_record_is_not_reviewed(session: Session) -> None:
    stays, gone = make_patient(session), make_patient(session)
    merge(session, stays.id, gone.id)
    review_on(session, gone.id, days=-1)
    assert service.review_tiers(session) == 0


def test_a_year_after_a_leap_day_is_a_day() -> None:
    leap = lagos_today().replace(year=2028, month=2, day=29)
    assert year_after(leap) == leap.replace(year=2029, day=28)
    assert year_after(leap.replace(day=1)) == leap.replace(year=2029, day=1)

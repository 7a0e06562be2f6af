"""The programme in figures: what the charts show follows from the ledger."""

from sqlalchemy.orm import Session

from crm_core.loyalty import queries, service
from crm_core.loyalty.figures import lists
from crm_core.loyalty.figures import queries as figures
from crm_core.loyalty.figures.schemas import LedgerFilter, MovementFilter, OpenLotFilter
from crm_core.loyalty.schemas import Tier
from tests.loyalty.acts import (
    age,
    cancel,
    earn,
    latest_redemption,
    merge,
    redeem,
    set_tier,
    spend,
)
from tests.make_patients import make_patient, make_reward
from tests.observe import executed, plan_of, sql


def test_a_month_says_what_it_brought_and_how_it_ended(session: Session) -> None:
    patient = make_patient(session)
    earn(session, patient.id, 600)
    spend(session, patient.id, 50)

    *_, before, now = figures.programme_by_month(session)

    assert (now.earned, now.redeemed, now.expired) == (900, 50, 0)
    assert now.outstanding == queries.loyalty_stats(session).points_outstanding == 850
    assert (now.members[Tier.SILVER], now.members[Tier.BRONZE], now.all_members) == (1, 0, 1)
    assert (now.rose, now.fell) == (1, 0)
    assert (before.outstanding, before.all_members) == (0, 0)


def test_what_came_before_the_months_shown_is_in_their_standing(session: Session) -> None:
    patient = make_patient(session)
    age(session, patient.id, 500)

    first, *_, now = figures.programme_by_month(session)

    assert (first.outstanding, now.outstanding, now.earned) == (100, 100, 0)


def test_a_fall_is_told_apart_from_a_rise(session: Session) -> None:
    patient = make_patient(session)
    for tier in ("gold", "bronze"):
        set_tier(session, patient.id, tier)

    now = figures.programme_by_month(session)[-1]

    assert (now.rose, now.fell) == (1, 1)
    [fell] = lists.list_movements(MovementFilter(rose=False)).page(session).rows
    assert (fell.old_tier, fell.new_tier) == (Tier.GOLD, Tier.BRONZE)


def test_points_are_owed_in_the_month_that_they_end(session: Session) -> None:
    patient = make_patient(session)
    spend(session, patient.id, 30)

    [ending] = figures.ending_by_month(session)

    [lot] = lists.list_open_lots(OpenLotFilter()).page(session).rows
    assert (ending.month, ending.points) == (lot.expires_on.replace(day=1), 70)


def test_a_reward_given_back_was_not_taken(session: Session) -> None:
    patient, reward = make_patient(session), make_reward(session, 20)
    redeem(session, patient.id, reward_id=reward.id)
    redeem(session, patient.id, reward_id=reward.id)
    cancel(session, latest_redemption(session, patient.id))

    [taken] = figures.take_up_by_month(session)

    assert (taken.reward_id, taken.taken, taken.points) == (reward.id, 1, 20)


def test_folding_changes_no_figure(session: Session) -> None:
    patient, reward = make_patient(session), make_reward(session, 20)
    earn(session, patient.id, 600)
    redeem(session, patient.id, reward_id=reward.id)
    before = (figures.programme_by_month(session), figures.take_up_by_month(session))

    service.fold_sums(session)

    assert (figures.programme_by_month(session), figures.take_up_by_month(session)) == before


def register_a_year_ago(session: Session, name: str) -> int:
    """The id of somebody who has earned nothing since the welcome."""
    patient = make_patient(session, name)
    age(session, patient.id, 365)
    sql(
        session,
        "UPDATE crm_patients SET registration_date = registration_date - 365 WHERE id = :id",
        id=patient.id,
    )
    return patient.id


def test_a_cohort_counts_who_earned_in_a_later_quarter(session: Session) -> None:
    comes_back = register_a_year_ago(session, "Ada Obi")
    register_a_year_ago(session, "Bola Ojo")
    earn(session, comes_back, 10)

    service.count_cohorts(session)

    quarters = {each.quarter: each for each in figures.retention(session)}
    first, last = min(quarters), max(quarters)
    assert len(quarters) == 5
    assert {each.registered for each in quarters.values()} == {2}
    assert (quarters[first].earning, quarters[last].earning) == (2, 1)
    assert sum(each.earning for each in quarters.values()) == 3


def test_merged_records_count_as_one_person(session: Session) -> None:
    stays, gone = (register_a_year_ago(session, "Ada Obi") for _ in range(2))
    merge(session, stays, gone)

    service.count_cohorts(session)

    first = figures.retention(session)[0]
    assert (first.registered, first.earning) == (1, 1)


def test_the_ledger_of_a_month_is_walked_in_its_index(session: Session) -> None:
    with executed(session) as seen:
        lists.list_ledger(
            LedgerFilter.model_validate({"transaction_type": "earned", "date_from": "2026-01-01"})
        ).page(session)
    sql(session, "SET LOCAL enable_seqscan = off")
    sql(session, "SET LOCAL enable_sort = off")

    assert "ix_crm_loyalty_transactions_type_created_at_id" in plan_of(session, seen[0])

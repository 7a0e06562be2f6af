"""What each tier brings: settings and rewards that do something, told in words."""

from datetime import timedelta

from sqlalchemy.orm import Session

from crm_core.base.clock import lagos_today
from crm_core.loyalty.benefits import benefits_of, by_tier
from crm_core.loyalty.schemas import Tier
from crm_core.messaging.contacts import contacts_of
from crm_core.messaging.schemas import RecipientType
from tests.loyalty.acts import explain, set_figure, set_tier
from tests.make_patients import make_patient, make_reward
from tests.observe import executed


def test_the_multiplier_and_the_head_start_follow_the_settings(session: Session) -> None:
    set_figure(session, "gold_multiplier", 1.75)

    assert benefits_of(session, Tier.GOLD).sentences == [
        "1.75 times the points of every visit",
        "hears of a freed time 20 minutes before bronze members",
    ]


def test_bronze_brings_nothing_beyond_what_everybody_has(session: Session) -> None:
    make_reward(session)
    assert benefits_of(session, Tier.BRONZE).sentences == []


def test_rewards_that_are_reserved_are_told_to_those_who_may_have_them(session: Session) -> None:
    make_reward(session, name="Night at the spa", minimum_tier="gold")

    told = {tier: each.reserved for tier, each in by_tier(session).items()}

    assert told[Tier.SILVER] == []
    assert told[Tier.GOLD] == told[Tier.PLATINUM] == ["Night at the spa"]


def test_rewards_that_cost_the_tier_less_are_told_with_both_costs(session: Session) -> None:
    make_reward(session, 1200, name="Check-up", tier_cost=900, tier_cost_from="silver")

    assert benefits_of(session, Tier.BRONZE).cheaper == []
    assert benefits_of(session, Tier.SILVER).cheaper == ["Check-up for 900 instead of 1,200 points"]


def test_what_is_not_offered_today_is_no_benefit(session: Session) -> None:
    yesterday, tomorrow = (lagos_today() + timedelta(days=days) for days in (-1, 1))
    make_reward(session, minimum_tier="gold", valid_from=tomorrow)
    make_reward(session, minimum_tier="gold", valid_to=yesterday)
    make_reward(session, minimum_tier="gold", stock=0)

    assert benefits_of(session, Tier.GOLD).reserved == []


def test_the_explained_balance_and_texts_to_patients_tell_them(session: Session) -> None:
    patient = make_patient(session)
    set_tier(session, patient.id, "silver")
    said = ["1.1 times the points of every visit"]

    assert explain(session, patient.id).benefits[:1] == said
    key = (RecipientType.PATIENT, patient.id)
    fields = contacts_of(session, {key})[key].fields()
    assert fields["benefits"].startswith(said[0])


def test_many_contacts_cost_no_more_statements_than_one(session: Session) -> None:
    keys = {(RecipientType.PATIENT, make_patient(session).id) for _ in range(5)}
    with executed(session) as seen:
        contacts_of(session, keys)
    assert len(seen) == 3

"""The loyalty page: figures, trends, rewards, the ledger, and exports for analysts."""

from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from crm_core.base.clock import lagos_today
from crm_core.insights.exports import Dataset, ExportFilter, Format, documentation, open_export
from crm_core.loyalty import queries, service
from crm_core.loyalty.schemas import MemberRead, RewardFilter
from crm_core.people.schemas import Role
from tests.loyalty.acts import cancel, earn, latest_redemption, redeem, spend
from tests.make import make_actor
from tests.make_patients import make_patient, make_reward
from tests.pages.acting import cells, chips, errors, fill, htmls, labels, metric, press, texts

Open = Callable[..., AppTest]


@pytest.fixture
def loyalty(visit: Open) -> Open:
    """``loyalty(Role.VIEWER, tab="rewards")``: the loyalty page at that address."""
    return partial(visit, "pages/loyalty.py")


@pytest.fixture
def member(session: Session) -> MemberRead:
    """A patient with 100 points for the welcome, 600 given, 200 for silver, and 50 spent."""
    patient = make_patient(session, "Ada Obi")
    earn(session, patient.id, 600)
    spend(session, patient.id, 50)
    return patient


def charts(page: AppTest) -> int:
    return len(page.get("plotly_chart"))


def test_somebody_without_a_role_sees_nothing(loyalty: Open, member: MemberRead) -> None:
    page = loyalty()

    assert errors(page) == ["You may not see points: ask an administrator for a role that may."]
    assert not page.metric


def test_without_members_the_charts_say_what_to_do(loyalty: Open) -> None:
    page = loyalty(Role.VIEWER)

    assert "Nobody is a member yet: register a patient first." in texts(page)
    assert metric(page, "Members") == "0"
    assert charts(page) == 0


def test_the_cards_are_the_ledgers_figures(loyalty: Open, member: MemberRead) -> None:
    page = loyalty(Role.VIEWER)

    assert metric(page, "Members") == "1"
    assert metric(page, "Points outstanding") == "850"
    assert metric(page, "What is owed") == "₦850"
    assert metric(page, "Earned this month") == "900"
    assert metric(page, "Redeemed this month") == "50"
    assert metric(page, "Expired this month") == "0"
    assert charts(page) == 3


def test_a_card_opens_its_rows(loyalty: Open, member: MemberRead) -> None:
    page = loyalty(Role.VIEWER)
    [button] = [each for each in page.button if each.key == "card-Redeemed this month"]

    button.click().run()

    assert page.query_params["tab"] == "ledger"
    assert cells(page, "Points") == [-50]


def test_trends_show_tiers_and_rewards_and_say_when_cohorts_are_counted(
    loyalty: Open, session: Session, member: MemberRead
) -> None:
    redeem(session, member.id, reward_id=make_reward(session).id)

    page = loyalty(Role.VIEWER, tab="trends")

    assert charts(page) == 2
    assert "Not counted yet: it is done every night." in texts(page)


def test_the_ledger_shows_whose_points_moved(loyalty: Open, member: MemberRead) -> None:
    page = loyalty(Role.VIEWER, tab="ledger")

    assert cells(page, "Points") == [-50, 200, 600, 100]
    assert set(cells(page, "Patient")) == {"Ada Obi"}
    assert "4 transactions" in texts(page)


@pytest.mark.parametrize(
    ("query", "points"),
    [
        ({"kind": "earned"}, [200, 600, 100]),
        ({"kind": "redeemed"}, [-50]),
        ({"kind": "expired"}, []),
        ({"month": "{today:%Y-%m}"}, [-50, 200, 600, 100]),
        ({"month": "1999-01"}, [-50, 200, 600, 100]),  # beyond what is offered: not a filter
        ({"kind": "no such thing"}, [-50, 200, 600, 100]),
    ],
    ids=str,
)
def test_the_ledgers_filters_stand_in_the_address(
    loyalty: Open, member: MemberRead, query: dict[str, str], points: list[int]
) -> None:
    asked = {name: given.format(today=lagos_today()) for name, given in query.items()}
    page = loyalty(Role.VIEWER, tab="ledger", **asked)

    assert cells(page, "Points") == points


def test_the_ledger_goes_on_where_it_stopped(
    loyalty: Open, session: Session, member: MemberRead
) -> None:
    for number in range(50):
        earn(session, member.id, 1, f"till {number}")
    page = loyalty(Role.VIEWER, tab="ledger")
    assert len(cells(page, "Points")) == 50

    press(page, "Further")

    assert cells(page, "Points") == [-50, 200, 600, 100]
    press(page, "To the first")
    assert len(cells(page, "Points")) == 50


def test_a_filter_begins_the_list_anew(loyalty: Open, session: Session, member: MemberRead) -> None:
    for number in range(50):
        earn(session, member.id, 1, f"till {number}")
    page = press(loyalty(Role.VIEWER, tab="ledger"), "Further")
    [kind] = [each for each in page.selectbox if each.label == "Kind"]

    kind.set_value("redeemed").run()

    assert cells(page, "Points") == [-50]
    assert "after" not in page.query_params


def test_outstanding_points_are_listed_by_their_end(loyalty: Open, member: MemberRead) -> None:
    page = loyalty(Role.VIEWER, tab="ledger", list="open")

    # The oldest lot was used first.
    assert cells(page, "Left") == [50, 600, 200]
    assert "3 lots" in texts(page)


def test_changes_of_tier_are_listed_by_direction(loyalty: Open, member: MemberRead) -> None:
    up = loyalty(Role.VIEWER, tab="ledger", list="tiers", way="up")
    down = loyalty(Role.VIEWER, tab="ledger", list="tiers", way="down")

    assert (chips(up, "From"), chips(up, "To")) == ([["Bronze"]], [["Silver"]])
    assert cells(down, "Why") == []


def test_rewards_taken_are_listed_with_those_given_back(
    loyalty: Open, session: Session, member: MemberRead
) -> None:
    towel, soap = make_reward(session, 30), make_reward(session, 20)
    redeem(session, member.id, reward_id=towel.id)
    redeem(session, member.id, reward_id=soap.id)
    cancel(session, latest_redemption(session, member.id))

    page = loyalty(Role.VIEWER, tab="ledger", list="rewards", reward=soap.id)

    assert cells(page, "Points") == [20]
    [given_back] = cells(page, "Given back")
    assert given_back is not None


# Rewards


def test_a_reward_shows_how_often_it_was_taken(
    loyalty: Open, session: Session, member: MemberRead
) -> None:
    reward = make_reward(session, 30, name="Towel", stock=5)
    redeem(session, member.id, reward_id=reward.id)

    page = loyalty(Role.VIEWER, tab="rewards")

    assert (cells(page, "Reward"), cells(page, "Taken in a year")) == (["Towel"], [1])
    assert cells(page, "Left") == ["4"]
    assert "Add the reward" not in labels(page)


def test_a_reward_is_added(loyalty: Open, session: Session) -> None:
    page = loyalty(Role.FINANCE, tab="rewards")

    fill(page, "reward", name="Towel", cost="1,500", minimum_tier="gold")
    press(page, "Add the reward")

    assert cells(page, "Points") == [1500]
    [made] = queries.list_rewards(RewardFilter()).page(session).rows
    assert (made.name, made.cost, made.minimum_tier, made.stock) == ("Towel", 1500, "gold", None)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"name": "Towel", "cost": "many"}, "number"),
        ({"name": "Towel", "cost": "0"}, "greater than or equal to 1"),
        ({"name": "Towel", "cost": "5", "tier_cost": "3"}, "cheaper cost and its tier together"),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_reward_stands_beside_the_field(
    loyalty: Open, session: Session, given: dict[str, str], told: str
) -> None:
    page = loyalty(Role.FINANCE, tab="rewards")

    fill(page, "reward", **given)
    press(page, "Add the reward")

    assert len(errors(page)) == 1
    assert not queries.list_rewards(RewardFilter()).page(session).rows


def test_a_reward_is_withdrawn(loyalty: Open, session: Session) -> None:
    reward = make_reward(session)

    page = press(loyalty(Role.FINANCE, tab="rewards", chosen=reward.id), "Withdraw it")

    assert chips(page, "Offered") == [["Withdrawn"]]
    assert not queries.list_rewards(RewardFilter(active=True)).page(session).rows


def test_only_whoever_may_adjust_points_withdraws_a_reward(loyalty: Open, session: Session) -> None:
    reward = make_reward(session)

    assert "Withdraw it" not in labels(loyalty(Role.VIEWER, tab="rewards", chosen=reward.id))


def test_withdrawn_rewards_can_be_hidden(loyalty: Open, session: Session) -> None:
    reward = make_reward(session, name="Towel")
    service.withdraw_reward(session, reward.id, actor=make_actor(Role.FINANCE))

    assert cells(loyalty(Role.VIEWER, tab="rewards", offered="yes"), "Reward") == []
    assert cells(loyalty(Role.VIEWER, tab="rewards"), "Reward") == ["Towel"]


# Exports


def link(page: AppTest) -> str:
    [found] = [drawn for drawn in htmls(page) if "/export/loyalty" in drawn]
    return found


def test_only_analysts_see_exports(loyalty: Open) -> None:
    assert "Exports" not in [tab.label for tab in loyalty(Role.VIEWER).tabs]
    assert "Exports" in [tab.label for tab in loyalty(Role.ANALYST).tabs]


def test_the_file_is_of_what_was_chosen(loyalty: Open, member: MemberRead) -> None:
    page = loyalty(Role.ANALYST, tab="exports", dataset="lots", format="parquet", tier="silver")

    assert 'href="/export/loyalty?dataset=lots&amp;format=parquet&amp;loyalty_tier=silver"' in link(
        page
    )
    assert any(told.startswith("3 rows.") for told in texts(page))


def test_the_columns_are_documented_and_identifiers_marked(
    loyalty: Open, member: MemberRead
) -> None:
    page = loyalty(Role.ANALYST, tab="exports")
    told = dict(zip(cells(page, "Column"), chips(page, "In your file"), strict=True))

    assert list(told) == [column.name for column in documentation(Dataset.MEMBERS)]
    assert (told["first_name"], told["loyalty_tier"]) == (["Left out"], ["Included"])


def test_exports_so_far_say_who_took_how_many(
    loyalty: Open, session: Session, member: MemberRead
) -> None:
    given = ExportFilter.model_validate({"loyalty_tier": "silver"})
    analyst = make_actor(Role.ANALYST)
    list(open_export(Dataset.MEMBERS, Format.CSV, given, actor=analyst).chunks())

    page = loyalty(Role.ANALYST, tab="exports")

    assert cells(page, "Rows") == [1]
    assert cells(page, "Filters") == ["loyalty tier: silver"]
    assert chips(page, "Ended") == [["Complete"]]


def test_an_administrator_is_led_to_the_settings(loyalty: Open) -> None:
    def ways(page: AppTest) -> list[str]:
        return [str(each.proto.page) for each in page.get("page_link")]

    assert "admin" in ways(loyalty(Role.ADMIN))
    assert "admin" not in ways(loyalty(Role.VIEWER))

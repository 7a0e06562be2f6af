"""From the desk to the analyst: a referred patient is registered, takes a reward, is exported."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pytest
from playwright.sync_api import expect

from crm_core.base.clock import lagos_today, month_start, to_lagos
from tests.browser.conftest import SitDown
from tests.browser.desk import VIEWER, Desk
from tests.browser.stack import Stack, data_of

pytestmark = pytest.mark.browser

FRIEND = "PAT-001"
REWARD, COST = "Umbrella", 60
WELCOME = 100


@dataclass
class Journey:
    """What one step leaves for the next; the tests of this file run in their order."""

    code: str = ""


@pytest.fixture(scope="module")
def journey() -> Journey:
    return Journey()


@pytest.fixture(scope="module")
def reward(stack: Stack) -> None:
    """One that a newcomer can have."""
    with stack.api("finance") as api:
        data_of(api.post("/rewards", json={"name": REWARD, "cost": COST}))


@pytest.fixture
def desk(sit_down: SitDown) -> Desk:
    return sit_down(VIEWER)


@pytest.fixture
def analyst(sit_down: SitDown, stack: Stack) -> Desk:
    email = "journey.analyst@crm.local"
    typed = "correct horse battery staple\n"
    stack.command("user", "create", email, "--role", "analyst", typed=typed)
    return sit_down(email)


def test_a_friend_s_code_brings_a_new_patient_with_the_welcome(
    desk: Desk, journey: Journey
) -> None:
    code = referral_code_of(desk, FRIEND)
    desk.open("/patients?new=yes")
    for label, text in {"First name": "Ìfẹ́olúwa", "Last name": "Adébáyọ̀"}.items():
        say(desk, label, text)
    desk.write_day("Date of birth", date(1994, 3, 8))
    pick(desk, "Gender", "Female")
    for label, text in {
        "Phone": "0803 700 1234",
        "Address": "12 Awolowo Road",
        "Town or city": "Ikeja",
        "That patient's referral code (optional)": code,
    }.items():
        say(desk, label, text)
    pick(desk, "State", "Lagos")
    pick(desk, "Local government area (optional)", "Ikeja")
    desk.reads("Everything needed is here")
    desk.press("Register")
    desk.reads("Ìfẹ́olúwa Adébáyọ̀, ")
    desk.reads(f"{WELCOME} points")
    desk.reads("Referred by Chioma Okafor")
    journey.code = fact(desk, "Code")
    assert journey.code.startswith("PAT-")


@pytest.mark.usefixtures("reward")
def test_the_new_patient_takes_a_reward_for_the_points(desk: Desk, journey: Journey) -> None:
    desk.open(f"/patients?patient={journey.code}&tab=rewards")
    desk.table("Rewards with what they cost this patient").has(REWARD, "Yes")
    desk.press("Hand out a reward")
    pick(desk, "Reward", f"{REWARD}: {COST} points")
    desk.page.get_by_role("button", name="Redeem", exact=True).click()
    desk.reads("The reward was redeemed")
    desk.reads(f"For {WELCOME - COST} points")
    desk.table("Redemptions, the latest first").has(REWARD, str(COST))
    desk.turn_to("Points")
    assert metric(desk, "Points") == str(WELCOME - COST)
    desk.table("Lots of points that are left").has("Welcome", f"{COST} {REWARD}")


def test_the_analyst_s_files_and_the_page_say_the_same(
    analyst: Desk, journey: Journey, tmp_path: Path
) -> None:
    analyst.open("/loyalty")
    shown = {name: metric(analyst, name) for name in ("Members", "Points outstanding")}
    redeemed = metric(analyst, "Redeemed this month")
    analyst.turn_to("Exports")
    members = download(analyst, tmp_path)
    pick(analyst, "Data set", "Transactions: a row a movement of points")
    transactions = download(analyst, tmp_path)

    assert len(members) == number(shown["Members"])
    assert sum(int(row["loyalty_points"]) for row in members) == number(shown["Points outstanding"])
    [mine] = [row for row in members if row["patient_code"] == journey.code]
    assert (mine["loyalty_points"], mine["loyalty_tier"]) == (str(WELCOME - COST), "bronze")
    assert "first_name" not in mine
    spent = [row for row in transactions if row["transaction_type"] == "redeemed"]
    assert -sum(int(row["points"]) for row in spent if this_month(row)) == number(redeemed)
    assert [row["points"] for row in spent if row["patient_code"] == journey.code] == [f"-{COST}"]
    analyst.open("/loyalty?tab=exports")
    analyst.table("Exports so far").has("Transactions", "CSV", f"{len(transactions):,}", "without")


def this_month(row: Mapping[str, str]) -> bool:
    """Whether the row was written in the present month, as Lagos counts."""
    day = to_lagos(datetime.fromisoformat(row["created_at"])).date()
    return month_start(day) == month_start(lagos_today())


def say(desk: Desk, label: str, text: str) -> None:
    """Fills a field of a form that answers as soon as a field is left."""
    field = desk.page.get_by_role("textbox", name=label, exact=True)
    field.fill(text)
    field.press("Tab")
    desk.settle()


def pick(desk: Desk, label: str, option: str) -> None:
    """Takes one from the list of exactly this name, by typing it."""
    desk.page.get_by_role("combobox", name=label, exact=True).click()
    desk.page.keyboard.type(option)
    desk.page.get_by_role("option", name=option).first.click()
    desk.settle()


def referral_code_of(desk: Desk, patient_code: str) -> str:
    desk.open(f"/patients?patient={patient_code}")
    return fact(desk, "Code to give to friends")


def fact(desk: Desk, label: str) -> str:
    """What stands under this label among a record's facts."""
    facts = desk.page.locator("dl > div").filter(has=desk.page.locator(f'dt:text-is("{label}")'))
    return facts.locator("dd").first.inner_text()


def metric(desk: Desk, label: str) -> str:
    """The figure under this label."""
    card = desk.page.get_by_test_id("stMetric").filter(
        has=desk.page.get_by_test_id("stMetricLabel").get_by_text(label, exact=True)
    )
    expect(card.first).to_be_visible()
    return card.first.get_by_test_id("stMetricValue").inner_text().strip()


def number(text: str) -> int:
    return int(text.replace(",", ""))


def download(desk: Desk, folder: Path) -> list[Mapping[str, str]]:
    """The rows of the file behind the page's link."""
    with desk.page.expect_download() as begun:
        desk.page.get_by_role("link", name="Download the CSV file").click()
    path = folder / begun.value.suggested_filename
    begun.value.save_as(path)
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))

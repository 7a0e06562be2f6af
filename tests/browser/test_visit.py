"""A visit from the search for the patient to the points: in the browser and by the SMS's link."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SitDown
from tests.browser.desk import VIEWER, Desk
from tests.processes import eventually

pytestmark = pytest.mark.browser

PATIENT = "Yusuf Abubakar"


def test_a_visit_is_booked_confirmed_by_link_and_completed(sit_down: SitDown) -> None:
    desk = sit_down(VIEWER)
    book(desk)
    desk.reads("Scheduled")

    answer_yes(desk, link_of_confirmation(desk))

    desk.page.reload()
    desk.settle()
    desk.reads("Confirmed")
    for label, state in (
        ("Arrived", "Arrived"),
        ("Start", "In progress"),
        ("Complete", "Completed"),
    ):
        desk.press(re.compile(rf"{label}$"))
        desk.reads(state)
        desk.settle()
    sees_the_points(desk)


def book(desk: Desk) -> None:
    """From a search for the patient, in a few clicks."""
    desk.open("/appointments")
    desk.press("Book a visit")
    desk.settle()
    desk.page.get_by_role("searchbox", name="Who comes?").press_sequentially("Yusuf")
    desk.settle()
    desk.table("Patients that fit").open(PATIENT)
    desk.settle()
    desk.choose("How far", "A week")
    times = desk.page.get_by_test_id("stButtonGroup").get_by_text(re.compile(r"^\d\d:\d\d$"))
    times.last.click()
    desk.settle()
    desk.press("Book it")
    expect(desk.page.get_by_role("heading", name=re.compile(f"{PATIENT}, "))).to_be_visible()
    desk.settle()


def link_of_confirmation(desk: Desk) -> str:
    """What the SMS in the sandbox's outbox asks the patient to open."""
    outbox = Path(desk.stack.variables["CRM_DATA_DIR"]) / "outbox"
    found: list[str] = []

    def is_there() -> bool:
        lines = [line for file in outbox.glob("*.jsonl") for line in file.read_text().splitlines()]
        letters = [json.loads(line) for line in lines]
        found[:] = [
            match[0]
            for letter in letters
            if letter["address"] == "+2348078901234" and "is on" in letter["content"]
            if (match := re.search(r"http\S+/links/visit/\S+", letter["content"]))
        ]
        return bool(found)

    eventually(is_there)
    return found[-1]


def answer_yes(desk: Desk, link: str) -> None:
    """On the patient's own phone; the small page asks before it acts."""
    browser = desk.page.context.browser
    assert browser is not None
    phone = browser.new_page()
    phone.goto(link)
    expect(phone.get_by_role("heading", name="Will you come?")).to_be_visible()
    phone.get_by_role("button", name="Yes, I will come").click()
    expect(phone.get_by_role("heading", name="Thank you: we expect you")).to_be_visible()
    phone.close()


def sees_the_points(desk: Desk) -> None:
    """On the patient's page: what the visit brought."""
    desk.open("/patients?patient=4&tab=points")
    desk.reads(re.compile("Completed consultation|Visit"))

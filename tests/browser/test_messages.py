"""Writing to a patient: the price while one types, and the message arriving before one's eyes."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SitDown
from tests.browser.desk import VIEWER, Desk

pytestmark = pytest.mark.browser

WORDS = "Dear {first_name}, your new card lies at the desk"
SENT = "your new card lies at the desk"


def test_a_message_is_seen_becoming_delivered_and_read_without_reloading(
    sit_down: SitDown,
) -> None:
    desk = sit_down(VIEWER)
    desk.open("/patients?patient=4&tab=messages")
    desk.page.evaluate("window.neverReloaded = true")
    type_slowly(desk, WORDS)
    desk.reads(re.compile("1 part · GSM-7 · 42 characters · ₦4.00"))
    desk.press("Send it now")

    said = desk.page.locator("div").filter(has_text=SENT).filter(has_text="SMS · ").last
    for state in ("Delivered", "Read"):
        expect(said).to_contain_text(state)

    assert desk.page.evaluate("window.neverReloaded") is True
    steps_of_the_message(desk, SENT, ["Pending", "Sent", "Delivered", "Read"])


def test_the_price_rises_with_the_letters_while_they_are_typed(sit_down: SitDown) -> None:
    desk = sit_down(VIEWER)
    desk.open("/patients?patient=4&tab=messages")
    type_slowly(desk, "a" * 71)
    desk.reads(re.compile("1 part · GSM-7 · 71 characters"))
    desk.page.keyboard.type("ẹ")
    desk.reads(re.compile("2 parts · UCS-2 · 72 characters · ₦8.00"))
    desk.reads(re.compile("With ẹ a part holds 70 characters instead of 160: 2 parts instead of 1"))


def type_slowly(desk: Desk, words: str) -> None:
    """As a person does: the field is never left."""
    desk.page.get_by_role("textbox", name="Message").click()
    desk.page.keyboard.type(words)


def steps_of_the_message(desk: Desk, words: str, steps: list[str]) -> None:
    """Its own page tells every step."""
    # Nothing of the page moves any more when it is come to anew: a click goes where it was aimed.
    desk.open("/patients?patient=4&tab=messages")
    desk.table("Messages, the newest first").open(words)
    grid = desk.table("What happened to the message")
    grid.has("Read")
    assert [row[0] for row in grid.rows()] == steps

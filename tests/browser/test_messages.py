"""Writing to a patient: the price while one types, and the message arriving before one's eyes."""

import re

import httpx2
import pytest
from playwright.sync_api import Locator, expect

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

    expect(said(desk, SENT)).to_contain_text("Read")

    assert desk.page.evaluate("window.neverReloaded") is True
    steps_of_the_message(desk, SENT, ["Pending", "Sent", "Delivered", "Read"])


def test_a_click_opens_the_row_that_was_seen_also_when_the_list_has_changed(
    sit_down: SitDown,
) -> None:
    desk = sit_down(VIEWER)
    with desk.stack.api("viewer") as api:
        send(api, "Your spectacles are ready")
    desk.open("/patients?patient=2&tab=messages")
    log = desk.table("Messages, the newest first")
    log.has("Your spectacles are ready")
    expect(said(desk, "Your spectacles are ready")).to_contain_text("Read")
    desk.settle()
    with desk.stack.api("viewer") as api:
        send(api, "Your spectacles are still here")

    log.click("Your spectacles are ready")

    desk.table("What happened to the message").has("Pending")
    desk.reads("Your spectacles are ready")


def send(api: httpx2.Client, words: str) -> None:
    """To the second patient, by the API."""
    asked = {"recipient_type": "patient", "recipient_id": 2, "channel": "sms", "content": words}
    api.post("/communications/send", json=asked).raise_for_status()


def test_the_price_rises_with_the_letters_while_they_are_typed(sit_down: SitDown) -> None:
    desk = sit_down(VIEWER)
    desk.open("/patients?patient=4&tab=messages")
    type_slowly(desk, "a" * 71)
    desk.reads(re.compile("1 part · GSM-7 · 71 characters"))
    desk.page.keyboard.type("ẹ")
    desk.reads(re.compile("2 parts · UCS-2 · 72 characters · ₦8.00"))
    desk.reads(re.compile("With ẹ a part holds 70 characters instead of 160: 2 parts instead of 1"))


def said(desk: Desk, words: str) -> Locator:
    """The message in the conversation, with its state."""
    conversation = desk.page.get_by_role("log", name="Conversation")
    return conversation.locator("> div").filter(has_text=words)


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

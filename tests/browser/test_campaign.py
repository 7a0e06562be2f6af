"""A campaign from its segment to its end, by two people; and why one person got nothing of it."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PATIENCE, SitDown
from tests.browser.desk import APPROVER, CAMPAIGNER, VIEWER, Desk
from tests.browser.stack import Stack, data_of
from tests.browser.test_double_click import click_impatiently

pytestmark = pytest.mark.browser

NAME = "After the visit"
REACHED, REFUSES = "Yusuf Abubakar", "Ngozi Eze"


@pytest.fixture(scope="module", autouse=True)
def refused(stack: Stack) -> None:
    """One of the two in the segment wants no SMS."""
    with stack.api("viewer") as api:
        patient = data_of(api.get("/patients/3"))
        assert f"{patient['first_name']} {patient['last_name']}" == REFUSES
        wishes = {"communication_preferences": {"sms": False}, "version": patient["version"]}
        data_of(api.put("/patients/3", json=wishes))


def test_a_campaign_is_drafted_approved_launched_and_watched_to_its_end(sit_down: SitDown) -> None:
    campaigner = sit_down(CAMPAIGNER)
    draft(campaigner)
    submit(campaigner)
    address = campaigner.page.url

    approve(sit_down(APPROVER))

    campaigner.page.goto(address)
    campaigner.settle()
    launch(campaigner)
    watch_it_finish(campaigner)


def test_anybody_reads_why_one_person_got_nothing(sit_down: SitDown) -> None:
    desk = sit_down(VIEWER)
    open_campaign(desk)
    desk.turn_to("Who and why")
    desk.choose("Show", "No consent")
    grid = desk.table("People of the audience")
    grid.has(REFUSES, "Did not agree to this channel.")
    grid.has_no(REACHED)


def test_a_click_on_what_changed_meanwhile_does_nothing_and_says_so(
    sit_down: SitDown, stack: Stack
) -> None:
    written = {"name": "Nets", "type": "follow_up", "target_audience": "all_patients"}
    with stack.api("campaigner") as api:
        body = {**written, "channels": ["sms"], "message_template": "Sleep under a net."}
        address = f"/campaigns/{data_of(api.post('/campaigns', json=body))['id']}"
        data_of(api.post(f"{address}/submit"))
        approver = sit_down(APPROVER)
        approver.open(f"/campaigns?campaign={address.rpartition('/')[2]}")
        approver.settle()
        data_of(api.put(address, json={"message_template": "Something else."}))
        data_of(api.post(f"{address}/submit"))

    click_impatiently(approver.page.get_by_role("button", name="Approve"))
    approver.reads(re.compile("changed while you looked at it, so nothing was done"))
    approver.settle()

    approver.press("Approve")
    approver.reads(re.compile("^Approved$"))


def draft(desk: Desk) -> None:
    """For a segment, whose number stands beside it while it is built."""
    desk.open("/campaigns")
    desk.press("New campaign")
    desk.settle()
    desk.write("Name", NAME)
    desk.page.get_by_text("A segment", exact=True).click()
    expect(desk.page.get_by_test_id("stMetricValue")).to_have_text(re.compile(r"^\d+$"))
    desk.choose("What", "State")
    for state in ("Enugu", "Kano"):
        pick(desk, state)
    counts(desk, 2)
    desk.page.get_by_role("textbox", name="Message").click()
    desk.page.keyboard.type("Dear {first_name}, how are you after your visit?")
    desk.reads(re.compile("As an SMS: 1 part · GSM-7 · "))
    desk.choose("Kind", "Follow up")
    desk.page.get_by_role("spinbutton", name="Control group").fill("0")
    desk.page.keyboard.press("Tab")
    desk.settle()
    desk.press("Save the draft")
    expect(desk.page.get_by_role("heading", name=NAME)).to_be_visible()
    desk.settle()


def pick(desk: Desk, state: str) -> None:
    """One more in the list of states."""
    chosen = desk.page.get_by_test_id("stMultiSelect").filter(has_text="State")
    chosen.get_by_role("combobox").click()
    desk.page.keyboard.type(state)
    desk.page.get_by_role("option", name=state).first.click()
    desk.page.keyboard.press("Escape")
    desk.settle()


def counts(desk: Desk, number: int) -> None:
    """The live count comes to this."""
    expect(desk.page.get_by_test_id("stMetricValue")).to_have_text(f"{number}")


def submit(desk: Desk) -> None:
    """After a look at who would get it; whoever drafted it is offered no approval."""
    desk.table("People of the audience").has(REFUSES, "No consent")
    desk.press("Submit for approval")
    desk.reads("Pending approval")
    desk.settle()
    expect(desk.page.get_by_role("button", name="Approve")).to_have_count(0)


def approve(desk: Desk) -> None:
    """By somebody else, who finds it in the list and reads whom it is for."""
    open_campaign(desk)
    desk.turn_to("Message")
    desk.reads(re.compile("State: is any of Enugu, Kano"))
    desk.press("Approve")
    desk.reads(re.compile("^Approved$"))
    desk.settle()


def open_campaign(desk: Desk) -> None:
    desk.open("/campaigns")
    desk.table("Campaigns, the newest first").open(NAME)
    expect(desk.page.get_by_role("heading", name=NAME)).to_be_visible()
    desk.settle()


def launch(desk: Desk) -> None:
    desk.press("Launch")
    desk.press("Launch now")
    desk.settle()


def watch_it_finish(desk: Desk) -> None:
    """Nobody reloads: the figures and the state at the head move by themselves."""
    desk.page.evaluate("window.neverReloaded = true")
    desk.turn_to("Progress")
    desk.reads("1 of 1 messages handed over")
    # The worker looks once a minute for what is over.
    over = desk.page.get_by_text(re.compile("^Completed$")).first
    expect(over).to_be_visible(timeout=4 * PATIENCE)
    assert desk.page.evaluate("window.neverReloaded") is True

"""Feedback from end to end: two stars by a link, queue, answer, resolution, one star, reopened."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE, SitDown
from tests.browser.desk import VIEWER, Desk
from tests.browser.stack import Stack, data_of

pytestmark = pytest.mark.browser

OWNER, NAME = 3, "Emeka Nwankwo"
QUEUE = "Feedback to work on"


@dataclass
class Case:
    """What one step leaves for the next; the tests of this file run in their order."""

    code: str = ""
    score: Decimal = Decimal(0)


@pytest.fixture(scope="module")
def case() -> Case:
    return Case()


@pytest.fixture
def desk(sit_down: SitDown) -> Desk:
    return sit_down(VIEWER)


@pytest.fixture
def phone(chromium: Browser) -> Iterator[Page]:
    """A phone that nobody signed in on."""
    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


def score_of(stack: Stack) -> Decimal:
    with stack.api("viewer") as api:
        return Decimal(data_of(api.get(f"/owners/{OWNER}"))["satisfaction_score"])


def newest_link(stack: Stack) -> str:
    """The link in the last message to the owner that has one."""
    asked = f"recipient_type=owner&recipient_id={OWNER}&limit=20"
    with stack.api("viewer") as api:
        messages = data_of(api.get(f"/communications?{asked}"))
    found = (re.search(r"http\S+/links/feedback/\S+", each["content"] or "") for each in messages)
    return next(link[0] for link in found if link)


def tap(phone: Page, stars: str, words: str = "") -> None:
    phone.get_by_text(stars, exact=True).tap()
    if words:
        phone.get_by_label("Anything else?").fill(words)
    phone.get_by_role("button", name="Send").tap()
    expect(phone.get_by_role("heading", name="Thank you")).to_be_visible()


def choose(desk: Desk, act: str) -> None:
    """Opens the form of what is to be done."""
    desk.page.get_by_role("radio", name=act, exact=True).click()
    desk.settle()


def test_two_stars_are_two_taps_and_move_the_score(stack: Stack, phone: Page, case: Case) -> None:
    before = score_of(stack)
    asked = {"source_type": "owner", "source_id": OWNER}
    with stack.api("viewer") as api:
        data_of(api.post("/feedback/invitations", json=asked))
    link = newest_link(stack)
    phone.goto(link)
    tap(phone, "★★ Poor", "A man collapsed at the desk and nobody came.")
    case.score = score_of(stack)
    assert case.score < before
    phone.goto(link)
    expect(phone.get_by_text("You have answered already")).to_be_visible()


def test_the_complaint_stands_at_the_top_of_the_queue(desk: Desk, case: Case) -> None:
    desk.open("/feedback")
    top = desk.table(QUEUE).rows()[0]
    told = " ".join(top)
    assert NAME in told
    assert "to answer" in told
    case.code = next(cell for cell in top if cell.startswith("FDB-"))
    desk.table(QUEUE).open(case.code)
    desk.reads("Speaks of “collapse*”")
    desk.reads("A man collapsed at the desk and nobody came.")


def test_it_is_answered_and_resolved(desk: Desk, case: Case) -> None:
    desk.open("/feedback")
    desk.table(QUEUE).open(case.code)
    choose(desk, "Answer")
    desk.write("Your answer", "We are very sorry. He was seen at once, and is well.")
    desk.press("Send the answer")
    desk.reads("The answer is on its way")
    desk.reads("We are very sorry. He was seen at once, and is well.")
    choose(desk, "Resolve")
    desk.write("What was done about it", "A nurse stands at the desk from now on.")
    desk.page.get_by_test_id("stFormSubmitButton").get_by_role(
        "button", name="Resolve", exact=True
    ).click()
    desk.reads("Resolved: the giver is told")


def test_one_star_reopens_it_and_moves_the_score_again(
    stack: Stack, phone: Page, desk: Desk, case: Case
) -> None:
    phone.goto(newest_link(stack))
    expect(phone.get_by_text(f"content with how we resolved {case.code}")).to_be_visible()
    tap(phone, "★ Very poor")
    now = score_of(stack)
    assert now < case.score
    desk.open("/feedback")
    queue = desk.table(QUEUE)
    queue.has(case.code, "Reopened")
    queue.open(case.code)
    desk.reads("1 of 5 stars for how it was resolved")
    desk.open(f"/feedback?tab=owner-scores&owner-score={OWNER}")
    desk.reads(f"{now:.2f} of 5")
    desk.table("Surveys and ratings of the last twelve months").has("How a case was resolved")

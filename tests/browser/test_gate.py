"""The gate, as people meet it: deep links, refreshes, other tabs, signing out, and no access."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SitDown
from tests.browser.desk import FINANCE, SECOND_APPROVER, VIEWER, Desk
from tests.browser.watching import Watch

pytestmark = pytest.mark.browser

DEEP = "/payouts?tab=all-payouts&status=approved&sort=largest"
PASSWORD = "correct horse battery staple"
NEWCOMER = "newcomer@crm.local"


@pytest.fixture
def viewer(sit_down: SitDown) -> Desk:
    return sit_down(VIEWER)


def test_a_deep_link_leads_through_the_sign_in_form_to_the_page_asked_for(
    sit_down: SitDown,
) -> None:
    nobody = sit_down()
    roles = ("--role", "viewer")
    nobody.stack.command("user", "create", NEWCOMER, *roles, typed=f"{PASSWORD}\n")
    page = nobody.page
    page.goto(nobody.stack.dashboard + DEEP)
    nobody.write("E-mail address", NEWCOMER)
    page.get_by_label("Password").fill(PASSWORD)
    nobody.press("Sign in")
    expect(page).to_have_url(nobody.stack.dashboard + DEEP)
    nobody.table("Payouts").has("PAY-002", "Approved")
    nobody.table("Payouts").has_no("Paid")


def test_a_wrong_password_is_refused_in_words(sit_down: SitDown, watch: Watch) -> None:
    watch.meant = "/auth/sign-in"
    nobody = sit_down()
    nobody.page.goto(nobody.stack.dashboard + "/auth/sign-in")
    nobody.write("E-mail address", NEWCOMER)
    nobody.page.get_by_label("Password").fill("a guess")
    nobody.press("Sign in")
    expect(nobody.page.get_by_role("alert")).to_be_visible()


def test_a_refresh_and_a_new_tab_find_the_session_and_the_filters(viewer: Desk) -> None:
    viewer.open(DEEP)
    viewer.table("Payouts").has("PAY-002")
    viewer.page.reload()
    viewer.table("Payouts").has("PAY-002", "Approved")
    expect(viewer.page.get_by_role("combobox", name="Status")).to_have_value("Approved")
    tab = viewer.beside()
    tab.open(DEEP)
    tab.table("Payouts").has("PAY-002", "Approved")


def test_a_filter_a_tab_and_a_record_survive_a_refresh(viewer: Desk) -> None:
    viewer.open("/payouts")
    viewer.turn_to("All payouts")
    viewer.choose("Status", "Paid")
    expect(viewer.page).to_have_url(re.compile(r"tab=all-payouts.*status=paid"))
    viewer.table("Payouts").has_no("Approved")
    viewer.settle()
    viewer.table("Payouts").open("PAY-001")
    viewer.reads("PAY-001 · Adebayo Ogundimu")
    viewer.page.reload()
    viewer.reads("PAY-001 · Adebayo Ogundimu")
    viewer.press("Back to the list")
    viewer.table("Payouts").has("PAY-001", "Paid")
    expect(viewer.page.get_by_role("combobox", name="Status")).to_have_value("Paid")


def test_the_browsers_back_and_forward_lead_from_page_to_page(viewer: Desk) -> None:
    viewer.open("/owners")
    viewer.table("Owners").has("Adebayo Ogundimu")
    viewer.page.get_by_role("link", name="Payouts").click()
    viewer.reads("To approve")
    viewer.page.go_back()
    viewer.table("Owners").has("Adebayo Ogundimu")
    viewer.page.go_forward()
    viewer.reads("To approve")


def test_a_viewer_sees_no_button_that_writes(viewer: Desk) -> None:
    viewer.open("/payouts")
    viewer.reads("Ready to pay")
    for tab in ("Make", "Pay"):
        expect(viewer.page.get_by_role("tab", name=tab, exact=True)).to_have_count(0)
    viewer.open("/payouts?payout=3")
    viewer.reads("PAY-003")
    expect(viewer.page.get_by_text("What to do")).to_have_count(0)
    viewer.open("/owners?owner=1")
    viewer.reads("Adebayo Ogundimu")
    expect(viewer.page.get_by_role("button", name="Edit", exact=True)).to_have_count(0)


def test_a_page_that_a_person_may_not_see_says_so_and_whom_to_ask(viewer: Desk) -> None:
    viewer.open("/admin?tab=history")
    viewer.reads(re.compile("this takes the admin"))
    expect(viewer.page.get_by_role("tab")).to_have_count(0)
    expect(viewer.page.get_by_role("link", name="Admin")).to_have_count(0)


def test_signing_out_ends_the_other_tab(sit_down: SitDown) -> None:
    leaver = sit_down()
    leaver.sign_in(SECOND_APPROVER)
    leaver.open("/payouts")
    other = leaver.beside()
    other.open("/payouts")
    leaver.page.get_by_role("link", name="Sign out").click()
    leaver.reads("You are signed out")
    other.page.get_by_role("tab", name="Pipeline").click()
    expect(other.page.get_by_role("heading", name="Sign in")).to_be_visible()
    leaver.page.goto(leaver.stack.dashboard + "/payouts")
    expect(leaver.page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_link_signs_in_once(sit_down: SitDown, watch: Watch) -> None:
    watch.meant = "/auth/link"
    first, second = sit_down(), sit_down()
    link = first.stack.command("sign-in-link", FINANCE)
    for desk in (first, second):
        desk.page.goto(link)
    first.press("Sign in as Funke Adeyemi")
    first.reads("Good day, Funke Adeyemi.")
    second.press("Sign in as Funke Adeyemi")
    expect(second.page.get_by_role("alert")).to_be_visible()

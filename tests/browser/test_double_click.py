"""Impatience, and two people at once: everything happens once, and everybody is told what did."""

import re

import pytest
from playwright.sync_api import Locator, expect

from crm_core.base.clock import add_months, lagos_today, month_end, month_start
from tests.browser.conftest import SitDown
from tests.browser.desk import APPROVER, FINANCE, SECOND_APPROVER, Desk
from tests.browser.payouts import make_payouts
from tests.browser.stack import Stack, data_of

pytestmark = pytest.mark.browser

WON, LOST = "Done: 1 record changed.", "Nothing was changed: 1 record refused."

QUEUE = "Payouts that wait for approval"


def test_three_impatient_clicks_on_approve_leave_one_approval_and_one_receipt(
    sit_down: SitDown, stack: Stack
) -> None:
    (payout,) = make_payouts(stack, "210001.00")
    before = approvals_known_to(stack)
    approver = sit_down(APPROVER)
    look_at(approver, payout.code)
    click_impatiently(approver.page.get_by_role("button", name=re.compile("^Approve 1 payout")))
    approver.reads("Done: 1 record changed.")
    approver.open(f"/payouts?payout={payout.number}")
    assert count_of(approver, "History of the payout", "Pending → approved") == 1
    assert count_of(approver, "Approvals", "Aminu Bello") == 1
    assert approvals_known_to(stack) == before + 1


def test_impatient_clicks_on_making_a_payout_make_one(sit_down: SitDown, stack: Stack) -> None:
    finance = sit_down(FINANCE)
    finance.open("/payouts?tab=make&do=by-hand")
    finance.choose("Owner", "Nwankwo, Emeka")
    first = add_months(month_start(lagos_today()), -20)
    finance.write_day("First day of the period", first)
    finance.write_day("Last day of the period", month_end(first))
    finance.write("Gross revenue (₦)", "210,002")
    finance.write("Net amount (₦)", "210,002")
    click_impatiently(finance.page.get_by_role("button", name="Make the payout"))
    finance.reads("Payout made: somebody else approves it")
    with stack.api("viewer") as api:
        made = data_of(api.get("/payouts", params={"status": "pending", "limit": 100}))
    assert [p["net_amount"] for p in made].count("210002.00") == 1


def test_of_two_approvers_at_the_same_row_one_wins_and_the_other_reads_why(
    sit_down: SitDown, stack: Stack
) -> None:
    (payout,) = make_payouts(stack, "210003.00")
    first, second = sit_down(APPROVER), sit_down(SECOND_APPROVER)
    for desk in (first, second):
        look_at(desk, payout.code)
    for desk in (first, second):
        desk.press(re.compile("^Approve 1 payout"))
    # Who is first is for the server to say: both clicks are on their way at once.
    told: dict[str, list[Desk]] = {WON: [], LOST: []}
    for desk in (first, second):
        told[outcome(desk)].append(desk)
    assert (len(told[WON]), len(told[LOST])) == (1, 1)
    told[LOST][0].reads(re.compile(rf"^{payout.code} .*: It changed since you looked"))
    with stack.api("viewer") as api:
        (now,) = data_of(api.get("/payouts", params={"search": payout.code}))
    assert now["status"] == "approved"


def outcome(desk: Desk) -> str:
    """Which of the two sentences this window ends with."""
    said = desk.page.get_by_text(re.compile(f"^({re.escape(WON)}|{re.escape(LOST)})$")).first
    expect(said).to_be_visible()
    return said.inner_text()


def look_at(desk: Desk, code: str) -> None:
    """Ticks one payout of the queue, and lays the plan of approving it on the screen."""
    desk.open("/payouts")
    desk.pick(desk.table(QUEUE), [code])
    desk.press("Look and approve")
    desk.reads("Look before you approve")


def click_impatiently(button: Locator) -> None:
    """Three clicks before anything can have answered."""
    button.evaluate("button => { button.click(); button.click(); button.click(); }")


def count_of(desk: Desk, alt: str, *texts: str) -> int:
    """How many rows of a table hold these."""
    desk.table(alt).has(*texts)
    return sum(all(text in " ".join(row) for text in texts) for row in desk.table(alt).rows())


def approvals_known_to(stack: Stack) -> int:
    """How many receipts of approvals there are."""
    with stack.api("viewer") as api:
        return len(data_of(api.get("/receipts", params={"kind": "payout_approval", "limit": 100})))

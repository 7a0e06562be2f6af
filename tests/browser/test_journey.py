"""The journey of the README: prepare a month, approve as somebody else, pay, and prove it."""

import csv
import hashlib
import io
import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import expect

from crm_core.base.clock import add_months, lagos_today, month_end, month_start
from crm_core.base.money import naira
from tests.browser.conftest import SitDown
from tests.browser.desk import APPROVER, FINANCE, Desk
from tests.browser.stack import Stack

pytestmark = pytest.mark.browser

QUEUE = "Payouts that wait for approval"
BOTH = "both@crm.local"


@dataclass
class Journey:
    """What one step leaves for the next; the tests of this file run in their order."""

    month: date
    codes: list[str] = field(default_factory=list)
    net: Decimal = Decimal(0)
    lines: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture(scope="module")
def journey() -> Journey:
    """The month before the sample's own payouts."""
    return Journey(add_months(month_start(lagos_today()), -3))


@pytest.fixture
def finance(sit_down: SitDown) -> Desk:
    return sit_down(FINANCE)


@pytest.fixture
def approver(sit_down: SitDown) -> Desk:
    return sit_down(APPROVER)


@pytest.fixture(scope="module")
def both(stack: Stack) -> str:
    """Somebody who may make payouts and approve those of others."""
    roles = ("--role", "finance", "--role", "approver")
    stack.command("user", "create", BOTH, *roles, typed="correct horse battery staple\n")
    return BOTH


def test_finance_prepares_a_month(finance: Desk, journey: Journey) -> None:
    finance.open(f"/payouts?tab=make&month={journey.month:%Y-%m}")
    finance.press("Look at the month")
    finance.reads(f"Payouts for {journey.month:%B %Y}")
    finance.press(re.compile(r"Make 3 payouts · ₦"))
    finance.reads("Done: 3 records changed.")
    finance.page.get_by_role("link", name="See the receipt").click()
    finance.reads(re.compile(rf"Payouts prepared for {journey.month:%B %Y}"))
    changed = finance.table("What was changed").rows()
    journey.codes = [row[0].split(" ")[0] for row in changed]
    journey.net = sum((Decimal(row[1]) for row in changed), Decimal(0))
    assert len(journey.codes) == 3


def test_somebody_else_approves_them_with_the_checks_and_the_total_in_sight(
    approver: Desk, journey: Journey
) -> None:
    approver.open("/payouts")
    queue = approver.table(QUEUE)
    for code in journey.codes:
        queue.has(code, "Fine", "Approve")
    approver.pick(queue, journey.codes)
    approver.reads(f"3 payouts chosen · {naira(journey.net)} that you may approve")
    approver.press("Look and approve")
    approver.reads("Look before you approve")
    approver.press(f"Approve 3 payouts · {naira(journey.net)}")
    approver.reads("Done: 3 records changed.")
    queue.has_no(journey.codes[0])


def test_finance_writes_the_bank_file_and_downloads_it(
    finance: Desk, journey: Journey, tmp_path: Path
) -> None:
    finance.open("/payouts?tab=pay")
    approved = finance.table("Approved payouts, the earliest due first")
    finance.pick(approved, journey.codes)
    finance.press("Look and write the file")
    finance.press(f"Write the file with 3 payouts · {naira(journey.net)}")
    finance.reads("Done: 3 records changed.")
    content = download(finance, re.compile(r"Download BF-.*\.csv|Download .*\.csv"), tmp_path)
    *journey.lines, control = csv.DictReader(io.StringIO(content.decode()))
    assert [line["narration"].split(" ")[0] for line in journey.lines] == journey.codes
    assert sum(Decimal(line["amount"]) for line in journey.lines) == journey.net
    assert control["payment_reference"] == "CONTROL"
    assert control["beneficiary_name"] == "3"
    assert Decimal(control["amount"]) == journey.net
    finance.reads(hashlib.sha256(content).hexdigest())


def test_the_banks_statement_marks_the_payouts_as_paid(
    finance: Desk, journey: Journey, tmp_path: Path
) -> None:
    finance.open("/payouts?tab=pay")
    finance.page.locator("input[type=file]").set_input_files(statement_of(journey, tmp_path))
    finance.press("Read the statement")
    finance.reads("What the bank's statement says")
    finance.press(re.compile(r"Mark 2 payouts as paid · ₦"))
    finance.reads("Done: 2 records changed.")


def test_one_payout_is_marked_as_paid_by_hand(finance: Desk, journey: Journey) -> None:
    finance.open("/payouts?tab=all-payouts&status=processing")
    finance.table("Payouts").open(journey.codes[2])
    finance.reads(re.compile(rf"{journey.codes[2]} · "))
    choose(finance, "Mark as paid")
    finance.write("The bank's reference of the payment", "BANK/BY/HAND")
    finance.page.get_by_test_id("stFormSubmitButton").get_by_role("button").click()
    finance.reads("BANK/BY/HAND")
    finance.table("History of the payout").has("Processing → paid")


def test_the_owners_page_shows_what_was_paid(finance: Desk, journey: Journey) -> None:
    finance.open("/owners")
    finance.table("Owners").open("Emeka Nwankwo")
    finance.reads("Payouts by month")
    finance.turn_to("Payouts")
    finance.table("Payouts of the owner").has(journey.codes[2], "Paid")


def test_each_bulk_act_has_its_receipt(finance: Desk, journey: Journey) -> None:
    finance.open("/receipts")
    receipts = finance.table("Receipts of bulk acts")
    receipts.has(f"Payouts prepared for {journey.month:%B %Y}", "3", "Funke Adeyemi")
    receipts.has("Payouts approved", "3", "Aminu Bello")
    receipts.has("Bank file written", "3", "Funke Adeyemi")
    receipts.has("Payments marked", "2", "Funke Adeyemi")


def test_the_maker_is_told_why_they_may_not_approve_their_own(sit_down: SitDown, both: str) -> None:
    maker = sit_down(both)
    make_by_hand(maker)
    maker.open("/payouts")
    queue = maker.table(QUEUE)
    queue.has("1234567", "You made it")
    queue.tick("1234567")
    maker.reads(re.compile(r"1 you may not"))
    maker.press("Look and approve")
    maker.reads("Look before you approve")
    maker.table("One verdict a record").has(
        "Fatima Abdullahi", "Refused", "The maker of a payout cannot"
    )
    expect(maker.page.get_by_role("button", name=re.compile("^Approve 0 payouts"))).to_be_disabled()


def download(desk: Desk, name: re.Pattern[str], folder: Path) -> bytes:
    """The file behind a link."""
    with desk.page.expect_download() as begun:
        desk.page.get_by_role("link", name=name).click()
    path = folder / begun.value.suggested_filename
    begun.value.save_as(path)
    return path.read_bytes()


def statement_of(journey: Journey, folder: Path) -> Path:
    """What the bank sends: two of the three payments, among another customer's."""
    path = folder / "statement.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("Date", "Narration", "Debit", "Bank reference"))
        writer.writerow(("1/2", "Diesel for the generator", "80000.00", "BANK/0"))
        for number, line in enumerate(journey.lines[:2], start=1):
            narration = f"TRF {line['payment_reference']} {line['narration']}"
            writer.writerow(("1/2", narration, line["amount"], f"BANK/{number}"))
    return path


def choose(desk: Desk, action: str) -> None:
    """Takes one of the things that may be done with a payout."""
    desk.page.get_by_test_id("stButtonGroup").get_by_text(action, exact=True).click()


def make_by_hand(desk: Desk) -> None:
    """A payout of fifteen months ago."""
    first = add_months(month_start(lagos_today()), -15)
    desk.open("/payouts?tab=make")
    desk.press("One payout by hand")
    desk.choose("Owner", "Abdullahi, Fatima")
    desk.write_day("First day of the period", first)
    desk.write_day("Last day of the period", month_end(first))
    desk.write("Gross revenue (₦)", "1,234,567.00")
    desk.write("Net amount (₦)", "1,234,567.00")
    desk.press("Make the payout")
    desk.reads("Payout made: somebody else approves it")
